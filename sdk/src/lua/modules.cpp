#include "modules.h"

#include "guard.h"
#include "sandbox.h"

#include <maitred/lua/search.h>

#include <algorithm>

namespace maitred::lua {

namespace {
const char cacheKey = 0;
}

int loadChunk(lua_State* L, const char* text, std::size_t size, const char* chunkName) {
  int status = luaL_loadbufferx(L, text, size, chunkName, "t");
  if (status != LUA_OK) return status;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &environmentKey);
  if (lua_setupvalue(L, -2, 1) == nullptr) lua_pop(L, 1);
  return LUA_OK;
}

void Modules::add(lua_State* L) {
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &cacheKey);
  lua_pushlightuserdata(L, this);
  lua_pushcclosure(L, require, 1);
  lua_setfield(L, -2, "require");
}

bool Modules::fetch(std::string_view wanted) {
  std::string name(wanted.substr(0, 200));
  if (!open) {
    problem = "require(\"" + name + "\"): modules are loaded only while the policy itself loads";
    return false;
  }
  if (std::find(underWay.begin(), underWay.end(), name) != underWay.end()) {
    problem = "modules require each other in a circle: ";
    for (const auto& each : underWay) problem += each + " -> ";
    problem += name;
    return false;
  }
  if (modules.size() >= maxModules) {
    problem = "more than " + std::to_string(maxModules) + " modules";
    return false;
  }
  Module module{name, "", ""};
  auto here = std::find_if(given.begin(), given.end(),
                           [&](const ModuleText& one) { return one.name == name; });
  if (here != given.end() && here->text.size() <= maxSourceBytes) {
    module.path = name;
    module.text = here->text;
  } else if (!read(module)) {
    return false;
  }
  modules.push_back(std::move(module));
  underWay.push_back(name);
  return true;
}

bool Modules::read(Module& module) {
  Search::Found found = findModule(roots, module.name);
  if (!found) {
    problem = found.error;
    return false;
  }
  module.path = found.path;
  return readText(found.path, maxSourceBytes, module.text, problem);
}

// Runs the module that was fetched last; leaves its value on the stack, or an error. Raises nothing
// itself.
int Modules::run(lua_State* L, Modules& self, const char* name) {
  const Module& module = self.modules.back();
  int status;
  {
    std::string chunk = "@" + module.path;
    status = loadChunk(L, module.text.data(), module.text.size(), chunk.c_str());
  }
  if (status == LUA_OK) {
    lua_pushstring(L, name);
    status = lua_pcall(L, 1, 1, 0);
  }
  self.underWay.pop_back();
  return status;
}

int Modules::require(lua_State* L) {
  auto& self = *static_cast<Modules*>(lua_touserdata(L, lua_upvalueindex(1)));
  std::size_t size;
  const char* name = luaL_checklstring(L, 1, &size);
  lua_settop(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &cacheKey);
  lua_pushvalue(L, 1);
  if (lua_rawget(L, 2) != LUA_TNIL) return 1;
  lua_pop(L, 1);
  if (!self.fetch({name, size})) return luaL_error(L, "%s", self.problem.c_str());
  int status = run(L, self, name);
  if (status != LUA_OK) {
    Guard::of(L).passOn(L, status);
    return lua_error(L);
  }
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
  }
  lua_pushvalue(L, 1);
  lua_pushvalue(L, -2);
  lua_rawset(L, 2);
  return 1;
}

}  // namespace maitred::lua
