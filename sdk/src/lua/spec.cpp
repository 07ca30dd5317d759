#include "sandbox.h"
#include "stack-values.h"

#include <maitred/lua/policy.h>
#include <maitred/lua/spec.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <new>
#include <stdexcept>

namespace maitred::lua {

namespace {

class Runner {
 public:
  Runner(const Search& search, const Limits& limits)
      : search(search), limits(limits), sandbox(limits, search.path, 1) {}

  SpecRun run(const std::string& file) {
    Search::Found found = search.policy(file);
    std::string text, error = found.error;
    if (!found || !readText(found.path, maxSourceBytes, text, error)) {
      add(file, error);
      return std::move(done);
    }
    lua_State* L = sandbox.state();
    lua_pushcfunction(L, install);
    lua_pushlightuserdata(L, this);
    int status = lua_pcall(L, 1, 0, 0);
    if (status == LUA_OK) status = sandbox.compile(text, file);
    if (status == LUA_OK) status = lua_pcall(L, 0, 0, 0);
    if (status != LUA_OK) add(file, errorText());
    return std::move(done);
  }

 private:
  static Runner& of(lua_State* L) {
    return *static_cast<Runner*>(lua_touserdata(L, lua_upvalueindex(1)));
  }

  static int install(lua_State* L) {
    auto with = [L](lua_CFunction function) {
      lua_pushvalue(L, 1);
      lua_pushcclosure(L, function, 1);
    };
    with(describe);
    Sandbox::setGlobal(L, "describe");
    with(it);
    Sandbox::setGlobal(L, "it");
    with(openPolicy);
    Sandbox::setGlobal(L, "policy");
    lua_newtable(L);
    static const luaL_Reg expectations[] = {
        {"equal", equal}, {"near", near}, {"less", less}, {"error", error}, {nullptr, nullptr}};
    lua_pushvalue(L, 1);
    luaL_setfuncs(L, expectations, 1);
    Sandbox::setGlobal(L, "expect");
    return 0;
  }

  void add(const std::string& name, const std::string& problem) {
    std::string full;
    for (const auto& each : names) full += each + ": ";
    done.results.push_back({full + name, problem.empty(), problem});
  }

  // Of the error at the top of the stack, which it pops.
  std::string errorText() {
    lua_State* L = sandbox.state();
    Guard& guard = sandbox.guard();
    std::string text = guard.tripped != Cause::none     ? guard.tripMessage()
                       : lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1)
                                                        : "raised an error that is no text";
    lua_pop(L, 1);
    return text;
  }

  // Calls the function at index 2 under a name; errors become results, also those of the limits.
  int block(lua_State* L, bool test) {
    std::string name = lua_tostring(L, 1);
    if (!test) names.push_back(name);
    sandbox.guard().begin(L, limits.loadInstructions);
    lua_pushvalue(L, 2);
    int status = lua_pcall(L, 0, 0, 0);
    std::string problem = status == LUA_OK ? "" : errorText();
    if (!test) names.pop_back();
    if (test || status != LUA_OK) add(name, problem);
    sandbox.guard().begin(L, limits.loadInstructions);
    return 0;
  }

  static int describe(lua_State* L) {
    luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    return of(L).block(L, false);
  }

  static int it(lua_State* L) {
    luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    return of(L).block(L, true);
  }

  // Of an error: `message` holds it. C++ objects live in members only, since raising skips
  // destructors.
  bool load(const char* file) {
    Policy::Options options;
    options.search = search;
    options.limits = limits;
    Loaded loaded = Policy::load(file, options);
    message = loaded.text();
    if (!loaded) return false;
    policies.push_back(std::move(loaded.policy));
    return true;
  }

  static int openPolicy(lua_State* L) {
    Runner& self = of(L);
    if (!self.load(luaL_checkstring(L, 1))) return luaL_error(L, "%s", self.message.c_str());
    Policy* policy = self.policies.back().get();
    lua_newtable(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushlightuserdata(L, policy);
    lua_pushcclosure(L, functionOfPolicy, 2);
    lua_setfield(L, -2, "__index");
    lua_pushvalue(L, -1);
    lua_setmetatable(L, -2);  // its own metatable: every name leads to functionOfPolicy
    return 1;
  }

  bool find(const Policy& policy, const char* name) {
    try {
      found = functionOf(policy.kind(), name);
      return true;
    } catch (const std::invalid_argument& problem) {
      message = problem.what();
      return false;
    }
  }

  static int functionOfPolicy(lua_State* L) {
    Runner& self = of(L);
    auto* policy = static_cast<Policy*>(lua_touserdata(L, lua_upvalueindex(2)));
    if (!self.find(*policy, luaL_checkstring(L, 2)))
      return luaL_error(L, "%s", self.message.c_str());
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushlightuserdata(L, policy);
    lua_pushinteger(L, self.found.index);
    lua_pushcclosure(L, callPolicy, 3);
    return 1;
  }

  bool call(lua_State* L, Policy& policy, Function function) {
    inputs.assign(static_cast<std::size_t>(lua_gettop(L)), Value());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!readValue(L, static_cast<int>(i) + 1, inputs[i], message)) return false;
    }
    if (policy.call(function, inputs, result)) return true;
    message = policy.failure().text();
    return false;
  }

  static int callPolicy(lua_State* L) {
    Runner& self = of(L);
    auto& policy = *static_cast<Policy*>(lua_touserdata(L, lua_upvalueindex(2)));
    Function function{static_cast<int>(lua_tointeger(L, lua_upvalueindex(3)))};
    if (!self.call(L, policy, function)) return luaL_error(L, "%s", self.message.c_str());
    pushValue(L, self.result);
    return 1;
  }

  // Both arguments as values, for comparison and for the message.
  bool readBoth(lua_State* L) {
    inputs.assign(2, Value());
    return readValue(L, 1, inputs[0], message) && readValue(L, 2, inputs[1], message);
  }

  int fail(lua_State* L, const char* relation) {
    message = "expected " + inputs[0].literal(200) + relation + inputs[1].literal(200);
    return luaL_error(L, "%s", message.c_str());
  }

  static int equal(lua_State* L) {
    Runner& self = of(L);
    luaL_checkany(L, 2);
    if (!self.readBoth(L))
      return luaL_error(L, "expect.equal: %s cannot be compared", self.message.c_str());
    return self.inputs[0] == self.inputs[1] ? 0 : self.fail(L, " to equal ");
  }

  static int near(lua_State* L) {
    Runner& self = of(L);
    double a = luaL_checknumber(L, 1), b = luaL_checknumber(L, 2),
           tolerance = luaL_optnumber(L, 3, 1e-9);
    self.readBoth(L);
    return std::fabs(a - b) <= tolerance * std::max(1.0, std::fabs(b))
               ? 0
               : self.fail(L, " to be near ");
  }

  static int less(lua_State* L) {
    Runner& self = of(L);
    double a = luaL_checknumber(L, 1), b = luaL_checknumber(L, 2);
    self.readBoth(L);
    return a < b ? 0 : self.fail(L, " to be less than ");
  }

  static int error(lua_State* L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    std::string_view part = luaL_optstring(L, 2, "");
    lua_pushvalue(L, 1);
    int status = lua_pcall(L, 0, 0, 0);
    Guard::of(L).passOn(L, status);
    if (status == LUA_OK) return luaL_error(L, "expected an error");
    pushText(L, -1);
    if (std::string_view(lua_tostring(L, -1)).find(part) != part.npos) return 0;
    return luaL_error(L, "expected an error with \"%s\", got: %s", part.data(),
                      lua_tostring(L, -1));
  }

  const Search& search;
  const Limits& limits;
  SpecRun done;
  std::vector<std::string> names;  // of the describes around
  std::vector<std::unique_ptr<Policy>> policies;
  std::string message;
  std::vector<Value> inputs;
  Value result;
  Function found;
  Sandbox sandbox;
};

}  // namespace

bool SpecRun::passed() const {
  return !results.empty() &&
         std::all_of(results.begin(), results.end(), [](const SpecResult& r) { return r.passed; });
}

SpecRun runSpec(const std::string& file, const Search& search, const Limits& limits) {
  try {
    return Runner(search, limits).run(file);
  } catch (const std::bad_alloc&) {
    return {{{file, false, "the memory limit does not suffice for Lua's own library"}}};
  }
}

}  // namespace maitred::lua
