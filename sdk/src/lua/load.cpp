// Loading: read, run, check against the kind's contract, try each function once.

#include "digest.h"
#include "nearest.h"
#include "policy-impl.h"
#include "source-lines.h"
#include "stack-values.h"

#include <algorithm>
#include <new>
#include <optional>

namespace maitred::lua {

// One load; gathers all problems that it can find in one pass.
struct Loader {
  using Impl = Policy::Impl;

  Loader(std::string file, std::string path, std::string_view text, const Policy::Options& options)
      : file(std::move(file)), path(std::move(path)), text(text), options(options) {}

  Loaded run() {
    Loaded loaded;
    try {
      if (build()) {
        checkShape();
        tryFunctions();
      }
    } catch (const std::bad_alloc&) {
      problem(Cause::memory, "the memory limit does not suffice for Lua's own library",
              "raise the limit to 256 KiB or more");
    }
    if (problems.empty()) {
      impl->sandbox.modules().close();
      loaded.policy.reset(new Policy(std::move(impl)));
    }
    loaded.problems = std::move(problems);
    return loaded;
  }

 private:
  void problem(Cause cause, std::string message, std::string hint = "", int line = 0) {
    Report report;
    report.cause = cause;
    report.file = file;
    report.line = line;
    report.message = std::move(message);
    report.hint = std::move(hint);
    problems.push_back(std::move(report));
  }

  std::vector<std::string> moduleRoots() const {
    std::vector<std::string> roots = options.search.path;
    if (std::size_t slash = path.rfind('/'); slash != path.npos)
      roots.push_back(path.substr(0, slash));
    return roots;
  }

  // Runs the file; its table is then on the stack, at index 2. False if there is none.
  bool build() {
    impl = std::make_unique<Impl>(options, moduleRoots());
    impl->file = file;
    impl->path = path;
    impl->text = text;
    impl->sandbox.modules().offer(options.modules);
    lua_State* L = impl->state();
    lua_pushcfunction(L, Sandbox::onError);
    int status = impl->sandbox.compile(text, file);
    if (status == LUA_OK) status = lua_pcall(L, 0, 1, Impl::handlerIndex);
    if (status != LUA_OK) {
      Report report = impl->describe(status, "");
      if (text.starts_with(LUA_SIGNATURE)) {
        report.cause = Cause::syntax;
        report.line = 0;
        report.message = "this is compiled Lua; policies are loaded as text only";
      }
      problems.push_back(std::move(report));
      return false;
    }
    impl->loadInstructions = impl->sandbox.guard().spent();
    setVersion();
    impl->sandbox.guard().openReserve();
    if (lua_istable(L, -1)) return true;
    problem(
        Cause::contract,
        std::string("the file returns ") + luaL_typename(L, -1) + " instead of the policy's table",
        "end it with: return { kind = \"fairness\", version = 1, score = function(…) … end }",
        places().result());
    return false;
  }

  void setVersion() {
    Digest digest;
    digest.add(text);
    for (const auto& module : impl->sandbox.modules().loaded()) {
      digest.add(module.name);
      digest.add(module.text);
      impl->modulePaths.push_back(module.path);
    }
    impl->version = digest.hex().substr(0, 12);
  }

  static constexpr int tableIndex = 2;

  const SourceLines& places() {
    if (!sourceLines) sourceLines.emplace(text);
    return *sourceLines;
  }
  // Where the field stands; else where the table does.
  int lineOf(const std::string& name) {
    int line = places().field(name);
    return line != 0 ? line : places().result();
  }

  // A field of the policy's table, without its metatable: a contract is not computed.
  Value field(const char* name) {
    lua_State* L = impl->state();
    lua_pushstring(L, name);
    lua_rawget(L, tableIndex);
    Value value;
    std::string error;
    if (lua_type(L, -1) != LUA_TFUNCTION) readValue(L, -1, value, error);
    lua_pop(L, 1);
    return value;
  }

  bool findKindOfFile() {
    Value kind = field("kind");
    const std::string* name = kind.string();
    if (name == nullptr) {
      problem(Cause::contract, "the policy's table has no kind",
              "add: kind = \"" + (options.kind.empty() ? "fairness" : options.kind) + "\"",
              places().result());
      return false;
    }
    impl->kind = findKind(*name);
    if (impl->kind == nullptr) {
      problem(Cause::contract, "unknown kind \"" + *name + "\"" + didYouMean(*name, kindNames()),
              "known kinds: " + join(kindNames()), lineOf("kind"));
      return false;
    }
    if (!options.kind.empty() && *name != options.kind) {
      problem(Cause::contract,
              "this is a policy of kind \"" + *name + "\", wanted is one of kind \"" +
                  options.kind + "\"",
              "", lineOf("kind"));
      return false;
    }
    return true;
  }

  static std::string join(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
  }

  void checkShape() {
    if (!findKindOfFile()) return;
    lua_State* L = impl->state();
    if (lua_checkstack(L, static_cast<int>(impl->kind->functions.size()) + 20) == 0)
      throw std::bad_alloc();
    checkNames();
    for (const auto& member : impl->kind->fields) {
      if (member.type->is == Type::Is::function)
        takeFunction(member);
      else
        checkField(member);
    }
    Value given = field("name");
    impl->name = given.string() != nullptr ? *given.string() : file;
    lua_remove(L, tableIndex);  // the functions move down to their places
  }

  void checkNames() {
    lua_State* L = impl->state();
    std::vector<std::string> known, found;
    for (const auto& member : impl->kind->fields) known.push_back(member.name);
    for (lua_pushnil(L); lua_next(L, tableIndex) != 0; lua_pop(L, 1)) {
      found.push_back(lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "");
    }
    std::sort(found.begin(), found.end());  // Lua's own order changes from run to run
    for (const auto& name : found) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      if (name.empty()) {
        problem(Cause::contract, "the policy's table has a key that is no name",
                "it has: " + join(known), places().result());
      } else {
        problem(
            Cause::contract,
            "a " + impl->kind->name + " policy has no \"" + name + "\"" + didYouMean(name, known),
            "it has: " + join(known), lineOf(name));
      }
    }
  }

  void checkField(const Member& member) {
    lua_State* L = impl->state();
    lua_pushstring(L, member.name.c_str());
    lua_rawget(L, tableIndex);
    Value value;
    std::string unreadable;
    bool readable = readValue(L, -1, value, unreadable);
    lua_pop(L, 1);
    if (!readable) {
      problem(Cause::contract,
              member.name + ": expected " + member.type->text() + ", got " + unreadable,
              member.doc, lineOf(member.name));
    } else if (!(value.isNil() && member.optional)) {
      if (auto wrong = allTypes().mismatch(value, member.type, member.name)) {
        problem(Cause::contract, *wrong, member.doc, lineOf(member.name));
      }
    }
  }

  // Leaves the function (or nil) on the stack.
  void takeFunction(const Member& member) {
    lua_State* L = impl->state();
    lua_pushstring(L, member.name.c_str());
    int type = lua_rawget(L, tableIndex);
    Impl::Entry entry;
    entry.contract = &member;
    entry.present = type == LUA_TFUNCTION;
    entry.inputs = required(member);
    if (type == LUA_TNIL) {
      if (!member.optional)
        problem(Cause::contract, "the function " + signature(member) + " is missing",
                member.doc.substr(0, member.doc.find('\n')), places().result());
    } else if (type != LUA_TFUNCTION) {
      problem(Cause::contract, member.name + ": expected a function, got " + lua_typename(L, type),
              "expected: function " + signature(member), lineOf(member.name));
    } else {
      checkParameters(member, entry);
    }
    const auto& parameters = member.type->parameters;
    const auto& results = member.type->results;
    auto isNumber = [](const Member& m) { return m.type->is == Type::Is::number; };
    if (results.size() == 1) entry.refusable = isNumberOrFalse(*results[0].type);
    entry.numeric = results.size() == 1 && (isNumber(results[0]) || entry.refusable) &&
                    std::all_of(parameters.begin(), parameters.begin() + entry.inputs, isNumber);
    if (entry.numeric) {
      entry.least = results[0].least;
      entry.most = results[0].most;
    }
    impl->entries.push_back(entry);
  }

  static bool isNumberOrFalse(const Type& type) {
    if (type.is != Type::Is::either || type.parts.size() != 2) return false;
    const bool* second = type.parts[1]->literal.boolean();
    return type.parts[0]->is == Type::Is::number && second != nullptr && !*second;
  }

  // How many parameters there are before the first optional one.
  static int required(const Member& member) {
    const auto& all = member.type->parameters;
    auto first = std::find_if(all.begin(), all.end(), [](const Member& m) { return m.optional; });
    return static_cast<int>(first - all.begin());
  }

  static std::string signature(const Member& member) {
    std::string text = member.name + "(";
    for (const auto& parameter : member.type->parameters) {
      text += (text.back() == '(' ? "" : ", ") + parameter.name;
      if (parameter.optional) text += "?";
    }
    return text + ")";
  }

  // The function at the top: its parameters' number, and their order where names tell it.
  void checkParameters(const Member& member, Impl::Entry& entry) {
    lua_State* L = impl->state();
    const auto& wanted = member.type->parameters;
    lua_Debug info;
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">Su", &info);
    int line = info.linedefined > 0 ? info.linedefined : 0;
    // Whoever takes any number gets what nobody need name.
    entry.taken = info.nparams;
    if (info.isvararg != 0) entry.taken = std::max(entry.taken, entry.inputs);
    if (entry.taken < entry.inputs || entry.taken > static_cast<int>(wanted.size())) {
      std::string count = std::to_string(entry.inputs);
      if (entry.inputs < static_cast<int>(wanted.size()))
        count += " to " + std::to_string(wanted.size());
      problem(Cause::contract,
              member.name + " takes " + std::to_string(info.nparams) +
                  " parameters, the contract hands over " + count,
              "expected: function " + signature(member) +
                  "; a name that starts with _ says that the parameter is not used" +
                  (entry.inputs < static_cast<int>(wanted.size()) ? ", one with ? may be left away"
                                                                  : ""),
              line);
      entry.present = false;  // nothing is learnt from trying it
      return;
    }
    for (std::size_t i = 0; i < info.nparams && i < wanted.size(); ++i) {
      const char* name = lua_getlocal(L, nullptr, static_cast<int>(i) + 1);
      if (name == nullptr || wanted[i].name == name) continue;
      bool another = std::any_of(wanted.begin(), wanted.end(),
                                 [&](const Member& m) { return m.name == name; });
      if (another) {
        problem(Cause::contract,
                member.name + ": parameter " + std::to_string(i + 1) + " is called " + name +
                    " but receives " + wanted[i].name,
                "expected: function " + signature(member), line);
      }
    }
  }

  // One call of each function with the sample values of the types.
  void tryFunctions() {
    for (std::size_t i = 0; i < impl->entries.size(); ++i) {
      const Impl::Entry& entry = impl->entries[i];
      if (!entry.present) continue;
      std::vector<Value> inputs;
      const auto& parameters = entry.contract->type->parameters;
      for (int at = 0; at < entry.taken; ++at)
        inputs.push_back(allTypes().sample(parameters[static_cast<std::size_t>(at)]));
      Value result;
      if (impl->call(entry, Impl::firstFunction + static_cast<int>(i), inputs, result)) continue;
      problems.push_back(impl->failure);
      problems.back().message += ", on a trial call";
      problems.back().version.clear();
    }
    impl->failure = Report();
  }

  std::string file, path;
  std::string_view text;
  const Policy::Options& options;
  std::unique_ptr<Impl> impl;
  std::vector<Report> problems;
  std::optional<SourceLines> sourceLines;
};

Loaded Policy::load(const std::string& name, const Options& options) {
  Loaded loaded;
  Search::Found found = options.search.policy(name);
  std::string text, error = found.error;
  if (found && readText(found.path, maxSourceBytes, text, error)) {
    return Loader(name, found.path, text, options).run();
  }
  Report report;
  report.cause = Cause::source;
  report.file = name;
  report.message = error;
  loaded.problems.push_back(std::move(report));
  return loaded;
}

Loaded Policy::loadText(const std::string& name, std::string_view text, const Options& options) {
  if (text.size() <= maxSourceBytes) return Loader(name, "", text, options).run();
  Loaded loaded;
  Report report;
  report.cause = Cause::source;
  report.file = name;
  report.message =
      "more than " + std::to_string(maxSourceBytes >> 10) + " KiB, too large for a policy";
  loaded.problems.push_back(std::move(report));
  return loaded;
}

std::string Loaded::text() const {
  std::string text;
  for (const auto& problem : problems) text += (text.empty() ? "" : "\n") + problem.text();
  return text;
}

}  // namespace maitred::lua
