#include "policy-impl.h"
#include "stack-values.h"

#include <maitred/lua/policy.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

namespace maitred::lua {

namespace {

constexpr std::size_t maxInputs = 32;

// "file:12: text" -> 12 and "text", if the message starts with a place in `file` as Lua shortens
// it.
int takePlace(std::string& message) {
  // The place ends with the first ":digits: "; a file's name may hold colons, but hardly that.
  for (std::size_t at = message.find(':'); at != message.npos; at = message.find(':', at + 1)) {
    std::size_t digits = at + 1;
    int line = 0;
    while (digits < message.size() &&
           std::isdigit(static_cast<unsigned char>(message[digits])) != 0) {
      line = line * 10 + (message[digits++] - '0');
      if (line > 10'000'000) return 0;
    }
    if (digits == at + 1 || message.compare(digits, 2, ": ") != 0) continue;
    message.erase(0, digits + 2);
    return line;
  }
  return 0;
}

Cause causeOf(const Guard& guard, int status) {
  if (guard.tripped != Cause::none) return guard.tripped;
  if (status == LUA_ERRMEM) return Cause::memory;
  return status == LUA_ERRSYNTAX ? Cause::syntax : Cause::error;
}

}  // namespace

Policy::Policy(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Policy::~Policy() = default;

const std::string& Policy::kind() const {
  return impl->kind->name;
}
const std::string& Policy::name() const {
  return impl->name;
}
const std::string& Policy::file() const {
  return impl->file;
}
const std::string& Policy::path() const {
  return impl->path;
}
const std::string& Policy::version() const {
  return impl->version;
}
const std::vector<std::string>& Policy::modules() const {
  return impl->modulePaths;
}
const std::string& Policy::text() const {
  return impl->text;
}
std::vector<ModuleText> Policy::moduleTexts() const {
  std::vector<ModuleText> texts;
  for (const auto& module : impl->sandbox.modules().loaded()) {
    texts.push_back({module.name, module.text});
  }
  return texts;
}
const Report& Policy::failure() const {
  return impl->failure;
}
void Policy::seed(std::uint64_t seed) {
  impl->sandbox.seed(seed);
}
std::int64_t Policy::instructions() const {
  return impl->sandbox.guard().spent();
}
std::int64_t Policy::loadInstructions() const {
  return impl->loadInstructions;
}
std::chrono::nanoseconds Policy::cpu() const {
  return std::chrono::nanoseconds(impl->sandbox.guard().cpu());
}
std::size_t Policy::memory() const {
  return impl->sandbox.guard().used;
}
std::size_t Policy::memoryPeak() const {
  return impl->sandbox.guard().peak;
}

bool Policy::has(Function function) const {
  return function.index >= 0 && function.index < static_cast<int>(impl->entries.size()) &&
         impl->entries[static_cast<std::size_t>(function.index)].present;
}

int Policy::parameters(Function function) const {
  return has(function) ? impl->entries[static_cast<std::size_t>(function.index)].taken : 0;
}

namespace {

// Where the registry has the table of kept values.
const char keptKey = 0;

int keepValue(lua_State* L) {
  const Value& value = *static_cast<const Value*>(lua_touserdata(L, 1));
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &keptKey) != LUA_TTABLE) {
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &keptKey);
  }
  pushValue(L, value);
  lua_rawseti(L, -2, lua_tointeger(L, 2));
  return 0;
}

}  // namespace

int Policy::keep(const Value& value, int inPlaceOf) noexcept {
  lua_State* L = impl->state();
  int handle = inPlaceOf > 0 ? inPlaceOf : impl->keptCount + 1;
  impl->sandbox.guard().begin(L, impl->options.limits.instructions);
  lua_pushcfunction(L, keepValue);
  lua_pushlightuserdata(L, const_cast<Value*>(&value));
  lua_pushinteger(L, handle);
  int status = lua_pcall(L, 2, 0, 0);
  lua_settop(L, impl->top());
  if (status != LUA_OK) return 0;
  impl->keptCount = std::max(impl->keptCount, handle);
  return handle;
}

void Policy::forgetKept() noexcept {
  if (impl->keptCount == 0) return;
  lua_State* L = impl->state();
  lua_pushnil(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &keptKey);  // the key is there: nothing is allocated
  impl->keptCount = 0;
}

void Policy::Impl::pushKept(std::span<const int> kept) const {
  lua_State* L = state();
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &keptKey) != LUA_TTABLE) {
    lua_pop(L, 1);
    for (std::size_t i = 0; i < kept.size(); ++i) lua_pushnil(L);
    return;
  }
  int table = lua_gettop(L);
  for (int handle : kept) lua_rawgeti(L, table, handle);
  lua_remove(L, table);
}

bool Policy::call(Function function, std::span<const double> inputs, double& out) noexcept {
  return call(function, inputs, {}, out);
}

bool Policy::call(Function function, std::span<const double> inputs, std::span<const int> kept,
                  double& out) noexcept {
  Impl& self = *impl;
  lua_State* L = self.state();
  if (!has(function)) return self.wrongResult("the policy does not have this function", {}, {});
  const Impl::Entry& entry = self.entries[static_cast<std::size_t>(function.index)];
  if (!entry.numeric || inputs.size() + kept.size() > maxInputs ||
      static_cast<int>(inputs.size()) != entry.inputs) {
    return self.wrongResult(
        "called with " + std::to_string(inputs.size()) + " numbers, which is not its contract",
        entry, {});
  }
  for (int handle : kept) {
    if (handle == 0) return self.notNumber(LUA_OK, entry, inputs, kept);
  }
  self.sandbox.guard().begin(L, self.options.limits.instructions);
  lua_pushvalue(L, Impl::firstFunction + function.index);
  for (double input : inputs) lua_pushnumber(L, input);
  if (!kept.empty()) self.pushKept(kept);
  int status = lua_pcall(L, static_cast<int>(inputs.size() + kept.size()), 1, Impl::handlerIndex);
  if (status == LUA_OK && lua_type(L, -1) == LUA_TNUMBER) {
    double result = lua_tonumber(L, -1);
    if (std::isfinite(result) && result >= entry.least && result <= entry.most) {
      lua_settop(L, self.top());
      out = result;
      return true;
    }
  } else if (status == LUA_OK && entry.refusable && lua_isboolean(L, -1) &&
             lua_toboolean(L, -1) == 0) {
    lua_settop(L, self.top());
    out = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  return self.notNumber(status, entry, inputs, kept);
}

// Apart, so that the quick way has a small frame: here speed does not matter.
bool Policy::Impl::notNumber(int status, const Entry& entry, std::span<const double> inputs,
                             std::span<const int> kept) {
  std::vector<Value> given(inputs.begin(), inputs.end());
  bool lost = false;
  for (int handle : kept) {
    Value value;
    std::string unreadable;
    pushKept({&handle, 1});
    readValue(state(), -1, value, unreadable);
    lua_pop(state(), 1);
    lost = lost || handle == 0;
    given.push_back(std::move(value));
  }
  if (lost) {
    wrongResult("cannot be called: what it is to see exceeds its memory limit of " +
                    std::to_string(options.limits.memory >> 10) + " KiB",
                entry, given);
    failure.cause = Cause::memory;
    failure.hint.clear();
    return false;
  }
  if (status != LUA_OK) return failed(status, entry, given);
  Value result;
  std::string unreadable;
  if (!readValue(state(), -1, result, unreadable))
    return wrongResult("returned " + unreadable, entry, given);
  return wrongResult("returned " + result.literal(80), entry, given);
}

bool Policy::call(Function function, std::span<const Value> inputs, Value& out) {
  if (!has(function)) return impl->wrongResult("the policy does not have this function", {}, {});
  const Impl::Entry& entry = impl->entries[static_cast<std::size_t>(function.index)];
  if (inputs.size() > maxInputs) return impl->wrongResult("called with too many inputs", entry, {});
  return impl->call(entry, Impl::firstFunction + function.index, inputs, out);
}

bool Policy::Impl::call(const Entry& entry, int index, std::span<const Value> inputs, Value& out) {
  lua_State* L = state();
  sandbox.guard().begin(L, options.limits.instructions);
  lua_pushcfunction(L, [](lua_State* L) {
    auto& inputs = *static_cast<std::span<const Value>*>(lua_touserdata(L, 1));
    for (const Value& input : inputs) pushValue(L, input);
    lua_call(L, static_cast<int>(inputs.size()), 1);
    return 1;
  });
  lua_pushlightuserdata(L, &inputs);
  lua_pushvalue(L, index);
  int status = lua_pcall(L, 2, 1, handlerIndex);
  if (status != LUA_OK) return failed(status, entry, inputs);
  Value result;
  std::string unreadable;
  if (!readValue(L, -1, result, unreadable))
    return wrongResult("returned " + unreadable, entry, inputs);
  lua_settop(L, top());
  const auto& results = entry.contract->type->results;
  if (!results.empty()) {
    const Member& contract = results[0];
    if (auto wrong = allTypes().mismatch(result, contract.type, "result")) {
      bool inside = !wrong->starts_with("result: expected ");  // else the hint says the same
      return wrongResult("returned " + result.literal(80) + (inside ? " (" + *wrong + ")" : ""),
                         entry, inputs);
    }
    if (result.isNumber() &&
        !(result.number() >= contract.least && result.number() <= contract.most)) {
      return wrongResult("returned " + result.literal(80), entry, inputs);
    }
  }
  out = std::move(result);
  return true;
}

Report Policy::Impl::describe(int status, const std::string& function) {
  lua_State* L = state();
  const Guard& guard = sandbox.guard();
  Report report;
  report.cause = causeOf(guard, status);
  report.file = file;
  report.function = function;
  report.version = version;
  std::size_t size = 0;
  const char* text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : nullptr;
  report.message = text == nullptr ? "raised an error that is no text"
                                   : std::string(text, std::min<std::size_t>(size, 1000));
  // The message's own place is the best one, unless it is in another file, whose name then stays
  // readable.
  bool ownPlace = true;
  if (report.cause == Cause::syntax || report.cause == Cause::error) {
    std::string full = report.message;
    report.line = takePlace(report.message);
    for (const auto& module : sandbox.modules().loaded()) {
      std::size_t tail = std::min<std::size_t>(module.path.size(), 40);
      std::string shown =
          module.path.substr(module.path.size() - tail) + ":" + std::to_string(report.line);
      if (report.line > 0 && full.find(shown) < full.size() - report.message.size()) {
        report.file = module.path;
        ownPlace = false;
      }
    }
  } else {
    report.message = guard.tripMessage();
    if (report.message.empty())
      report.message = "more than " + std::to_string(guard.limits.memory >> 10) + " KiB of memory";
  }
  if (report.line == 0 && ownPlace && status != LUA_ERRSYNTAX) {
    report.line = guard.line;
    if (!guard.source.empty()) report.file = guard.source;
  }
  if (!function.empty()) report.message = function + "(): " + report.message;
  if (report.cause != Cause::syntax) report.traceback = guard.traceback;
  lua_settop(L, top());
  return report;
}

void Policy::Impl::addInputs(Report& report, const Entry& entry,
                             std::span<const Value> inputs) const {
  if (entry.contract == nullptr) return;
  const auto& parameters = entry.contract->type->parameters;
  std::string arguments;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Value shown = i < parameters.size() ? allTypes().masked(inputs[i], parameters[i].type)
                                        : inputs[i];
    std::string literal = shown.literal(512);
    report.inputs +=
        (i == 0 ? "" : ", ") + (i < parameters.size() ? parameters[i].name + "=" : "") + literal;
    // For the shell; a literal never holds a single quote unless its text does.
    bool plain = inputs[i].isNumber() || inputs[i].boolean() != nullptr;
    std::string quoted = "'";
    for (char c : literal) quoted += c == '\'' ? "'\\''" : std::string(1, c);
    arguments += " " + (plain ? literal : quoted + "'");
  }
  if (report.inputs.size() > 1024) report.inputs = report.inputs.substr(0, 1024) + "…";
  const std::string& where = path.empty() ? file : path;
  if (!inputs.empty() && arguments.size() < 4096) {
    report.repeat = "maitred policy eval " + where + " " + entry.contract->name + " --" + arguments;
  }
}

bool Policy::Impl::failed(int status, const Entry& entry, std::span<const Value> inputs) {
  failure = describe(status, entry.contract->name);
  addInputs(failure, entry, inputs);
  return false;
}

bool Policy::Impl::wrongResult(const std::string& message, const Entry& entry,
                               std::span<const Value> inputs) {
  failure = Report();
  failure.cause = Cause::result;
  failure.file = file;
  failure.version = version;
  if (entry.contract != nullptr) {
    failure.function = entry.contract->name;
    failure.message = entry.contract->name + "() ";
    if (entry.present) {
      lua_Debug where;
      lua_pushvalue(state(), firstFunction + static_cast<int>(&entry - entries.data()));
      lua_getinfo(state(), ">S", &where);
      if (where.linedefined > 0) failure.line = where.linedefined;
    }
    const auto& results = entry.contract->type->results;
    if (!results.empty()) {
      failure.hint = "expected: " + results[0].type->text();
      if (!results[0].name.empty()) failure.hint += ", the " + results[0].name;
      if (!results[0].doc.empty()) failure.hint += " (" + results[0].doc + ")";
    }
  }
  failure.message += message;
  addInputs(failure, entry, inputs);
  lua_settop(state(), top());
  return false;
}

}  // namespace maitred::lua
