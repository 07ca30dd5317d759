// Coroutines that cannot be used to get around a limit. There is no close(): a coroutine that died
// inside the hook would run its __close functions without one.

#include "guard.h"
#include "sandbox.h"

namespace maitred::lua {

namespace {

lua_State* coroutineAt(lua_State* L, int index) {
  lua_State* co = lua_tothread(L, index);
  luaL_argexpected(L, co != nullptr, index, "coroutine");
  return co;
}

int create(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  // A new coroutine starts its count afresh, so a crowd of short ones would run uncounted.
  Guard::of(L).charge(L, lua_gethookcount(L) + 10);
  lua_State* co = lua_newthread(L);  // with its creator's hook
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  return 1;
}

// Moves `arguments` values from L into the coroutine and runs it. Returns the number of results,
// now on L's stack; or -1 with the error there.
int run(lua_State* L, lua_State* co, int arguments) {
  if (lua_status(co) == LUA_OK && lua_gettop(co) == 0) {
    lua_pushliteral(L, "cannot resume a dead coroutine");
    return -1;
  }
  if (lua_checkstack(co, arguments) == 0) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  lua_xmove(L, co, arguments);
  int results = 0;
  int status = lua_resume(co, L, arguments, &results);
  Guard::of(L).passOn(L, status);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(co, L, 1);
    return -1;
  }
  if (lua_checkstack(L, results + 1) == 0) {
    lua_pop(co, results);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(co, L, results);
  return results;
}

int resume(lua_State* L) {
  lua_State* co = coroutineAt(L, 1);
  int results = run(L, co, lua_gettop(L) - 1);
  lua_pushboolean(L, results >= 0);
  lua_insert(L, results < 0 ? -2 : -(results + 1));
  return (results < 0 ? 1 : results) + 1;
}

int callWrapped(lua_State* L) {
  int results = run(L, lua_tothread(L, lua_upvalueindex(1)), lua_gettop(L));
  return results < 0 ? lua_error(L) : results;
}

int wrap(lua_State* L) {
  create(L);
  lua_pushcclosure(L, callWrapped, 1);
  return 1;
}

int yield(lua_State* L) {
  return lua_yield(L, lua_gettop(L));
}

int isYieldable(lua_State* L) {
  lua_pushboolean(L, lua_isyieldable(L));
  return 1;
}

int running(lua_State* L) {
  lua_pushboolean(L, lua_pushthread(L));
  return 2;
}

int status(lua_State* L) {
  lua_State* co = coroutineAt(L, 1);
  lua_Debug frame;
  const char* word = "dead";
  if (co == L)
    word = "running";
  else if (lua_status(co) == LUA_YIELD)
    word = "suspended";
  else if (lua_status(co) == LUA_OK && lua_getstack(co, 0, &frame) != 0)
    word = "normal";
  else if (lua_status(co) == LUA_OK && lua_gettop(co) > 0)
    word = "suspended";
  lua_pushstring(L, word);
  return 1;
}

}  // namespace

void addCoroutineFunctions(lua_State* L) {
  static const luaL_Reg functions[] = {
      {"create", create},   {"resume", resume},           {"wrap", wrap},     {"yield", yield},
      {"running", running}, {"isyieldable", isYieldable}, {"status", status}, {nullptr, nullptr},
  };
  luaL_setfuncs(L, functions, 0);
}

}  // namespace maitred::lua
