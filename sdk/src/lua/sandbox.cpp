#include "sandbox.h"

#include "nearest.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace maitred::lua {

extern const char environmentKey = 0;

namespace {

const char globalsKey = 0, randomSeedKey = 0;

// What is taken over from Lua's libraries. Everything else does not exist for a policy.
constexpr const char* baseNames[] = {"assert",   "error",  "getmetatable", "ipairs",
                                     "rawequal", "rawget", "rawlen",       "select",
                                     "tonumber", "type",   "_VERSION",     nullptr};
constexpr const char* stringNames[] = {"byte", "char",    "format", "len",   "lower",
                                       "rep",  "reverse", "sub",    "upper", nullptr};
constexpr const char* tableNames[] = {"concat", "insert", "move",   "pack",
                                      "remove", "sort",   "unpack", nullptr};
constexpr const char* mathNames[] = {
    "abs",  "acos",   "asin", "atan", "ceil",       "cos",       "deg",        "exp",  "floor",
    "fmod", "huge",   "log",  "max",  "maxinteger", "min",       "mininteger", "modf", "pi",
    "rad",  "random", "sin",  "sqrt", "tan",        "tointeger", "type",       "ult",  nullptr};

// __index for names that do not exist. Upvalues: the table that was asked, its name ("" for the
// globals).
int unknownName(lua_State* L) {
  const char* library = lua_tostring(L, lua_upvalueindex(2));
  const char* wanted = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
  const char* nearest = nullptr;
  std::size_t distance = 1000;
  for (lua_pushnil(L); lua_next(L, lua_upvalueindex(1)) != 0; lua_pop(L, 1)) {
    const char* candidate = lua_tostring(L, -2);
    std::size_t d = editDistance(wanted, candidate);
    if (d < distance && resembles(wanted, candidate)) {
      distance = d;
      nearest = candidate;  // stays alive: it is a key of the table
    }
  }
  const char* dot = *library == '\0' ? "" : ".";
  if (nearest != nullptr) {
    return luaL_error(L, "unknown name %s%s%s (did you mean \"%s\"?)", library, dot, wanted,
                      nearest);
  }
  return luaL_error(L,
                    "unknown name %s%s%s: not offered to policies, or a variable without \"local\"",
                    library, dot, wanted);
}

int refuseWrite(lua_State* L) {
  const char* library = lua_tostring(L, lua_upvalueindex(1));
  const char* name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
  if (*library != '\0')
    return luaL_error(L, "%s.%s cannot be set: libraries are read-only", library, name);
  return luaL_error(L, "global \"%s\" cannot be set: write \"local %s\"", name, name);
}

// Replaces the table at the top by a read-only view of it.
void protect(lua_State* L, const char* name) {
  lua_newtable(L);  // the real table's metatable: what happens for a name that it lacks
  lua_pushvalue(L, -2);
  lua_pushstring(L, name);
  lua_pushcclosure(L, unknownName, 2);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);

  lua_newtable(L);  // the view
  lua_newtable(L);  // its metatable
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushstring(L, name);
  lua_pushcclosure(L, refuseWrite, 1);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}

// Pushes a table with the chosen members of a library.
void choose(lua_State* L, const char* library, lua_CFunction open, const char* const* names) {
  luaL_requiref(L, library, open, 0);
  lua_newtable(L);
  for (; *names != nullptr; ++names) {
    lua_getfield(L, -2, *names);
    lua_setfield(L, -2, *names);
  }
  lua_remove(L, -2);
}

void addStrings(lua_State* L) {
  choose(L, LUA_STRLIBNAME, luaopen_string, stringNames);
  addStringLimits(L);
  addPatternFunctions(L);
  // Methods of strings come from the same choice, and their metatable is out of reach.
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);
}

int build(lua_State* L) {
  choose(L, LUA_GNAME, luaopen_base, baseNames);
  addBaseFunctions(L);
  static_cast<Modules*>(lua_touserdata(L, 1))->add(L);
  auto finish = [L](const char* name) {
    protect(L, name);
    lua_setfield(L, -2, name);
  };
  addStrings(L);
  finish("string");
  choose(L, LUA_TABLIBNAME, luaopen_table, tableNames);
  addTableLimits(L);
  finish("table");
  luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 0);
  lua_getfield(L, -1, "randomseed");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &randomSeedKey);
  lua_pop(L, 1);
  choose(L, LUA_MATHLIBNAME, luaopen_math, mathNames);
  finish("math");
  lua_newtable(L);
  addCoroutineFunctions(L);
  finish("coroutine");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &globalsKey);
  lua_pushvalue(L, -1);
  protect(L, "");
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "_G");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &environmentKey);
  // What the libraries left behind: no script can reach it, and nothing shall find it later.
  lua_pushnil(L);
  lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_newtable(L);
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  return 0;
}

}  // namespace

Sandbox::Sandbox(const Limits& limits, std::vector<std::string> moduleRoots, std::uint64_t seed)
    : limitGuard(limits), moduleLoader(std::move(moduleRoots)) {
  L = limitGuard.newState();
  if (L == nullptr) throw std::bad_alloc();
  lua_pushcfunction(L, build);
  lua_pushlightuserdata(L, &moduleLoader);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK || lua_checkstack(L, 100) == 0) {
    lua_close(L);
    throw std::bad_alloc();
  }
  this->seed(seed);
  limitGuard.begin(L, limits.loadInstructions);
}

Sandbox::~Sandbox() {
  lua_close(L);
}

int Sandbox::compile(std::string_view text, const std::string& name) {
  struct Source {
    std::string_view text;
    const char* name;
    int status;
  };
  std::string chunk = "@" + name;
  Source source{text, chunk.c_str(), LUA_OK};
  // In a protected call because putting names on the stack may run out of memory too.
  lua_pushcfunction(L, [](lua_State* L) {
    auto& source = *static_cast<Source*>(lua_touserdata(L, 1));
    source.status = loadChunk(L, source.text.data(), source.text.size(), source.name);
    return source.status == LUA_OK ? 1 : lua_error(L);
  });
  lua_pushlightuserdata(L, &source);
  int status = lua_pcall(L, 1, 1, 0);
  if (source.status == LUA_OK || source.status == LUA_ERRMEM)
    return std::max(status, source.status);
  return LUA_ERRSYNTAX;  // what else compiling may raise is about the text too, such as its depth
}

void Sandbox::setGlobal(lua_State* L, const char* name) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &globalsKey);
  lua_insert(L, -2);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

void Sandbox::seed(std::uint64_t seed) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &randomSeedKey);
  lua_pushinteger(L, static_cast<lua_Integer>(seed));
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);
}

int Sandbox::onError(lua_State* L) {
  Guard::of(L).remember(L);
  if (lua_type(L, 1) == LUA_TSTRING) return 1;
  const char* type = luaL_typename(L, 1);
  if (lua_type(L, 1) == LUA_TTABLE) {
    // Raw, since the table's own functions may do anything.
    lua_pushliteral(L, "message");
    if (lua_rawget(L, 1) == LUA_TSTRING) return 1;
  } else if (lua_type(L, 1) == LUA_TNUMBER) {
    luaL_tolstring(L, 1, nullptr);
    return 1;
  }
  lua_pushfstring(L, "raised a %s that is no text", type);
  return 1;
}

}  // namespace maitred::lua
