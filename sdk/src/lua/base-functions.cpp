// Our replacements for functions of Lua's base library that could hide a limit, show an address, or
// depend on the order in which memory happens to lie.

#include "guard.h"
#include "sandbox.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>

namespace maitred::lua {

namespace {

// Of pcall and xpcall, after the call and also after it was interrupted by a yield. `kept` values
// at the bottom of the stack are not results; the second of them is the handler, if kept is 2.
int finishCall(lua_State* L, int status, lua_KContext kept) {
  Guard::of(L).passOn(L, status);
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - static_cast<int>(kept);
  // xpcall's handler runs after the unwinding: inside an error of the hook it would run without any
  // limit.
  if (kept == 2) {
    lua_pushvalue(L, 2);
    lua_insert(L, -2);
    status = lua_pcall(L, 1, 1, 0);
    Guard::of(L).passOn(L, status);
  }
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

int protectedCall(lua_State* L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 1);  // true, function, arguments
  int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finishCall);
  return finishCall(L, status, 0);
}

int protectedCallWithHandler(lua_State* L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  int arguments = lua_gettop(L) - 2;
  lua_pushboolean(L, 1);
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2);  // function, handler, true, function, arguments
  int status = lua_pcallk(L, arguments, LUA_MULTRET, 0, 2, finishCall);
  return finishCall(L, status, 2);
}

struct Key {
  int type;  // LUA_TNUMBER, LUA_TSTRING or LUA_TBOOLEAN
  bool isInteger;
  lua_Integer integer;  // also a boolean's 0 or 1
  lua_Number number;
  const char* text;
  std::size_t size;
};

// Numbers, then strings by their bytes, then false and true.
bool before(const Key& a, const Key& b) {
  auto rank = [](int type) { return type == LUA_TNUMBER ? 0 : type == LUA_TSTRING ? 1 : 2; };
  if (a.type != b.type) return rank(a.type) < rank(b.type);
  if (a.type == LUA_TSTRING)
    return std::string_view(a.text, a.size) < std::string_view(b.text, b.size);
  if (a.isInteger && b.isInteger) return a.integer < b.integer;
  auto wide = [](const Key& k) {
    return k.isInteger ? static_cast<long double>(k.integer) : k.number;
  };
  return wide(a) < wide(b);
}

// Describes the key at the top of the stack; raises for one that has no order.
Key keyAtTop(lua_State* L) {
  Key key{lua_type(L, -1), false, 0, 0, nullptr, 0};
  switch (key.type) {
    case LUA_TNUMBER:
      key.isInteger = lua_isinteger(L, -1) != 0;
      if (key.isInteger)
        key.integer = lua_tointeger(L, -1);
      else
        key.number = lua_tonumber(L, -1);
      break;
    case LUA_TSTRING:
      key.text = lua_tolstring(L, -1, &key.size);
      break;
    case LUA_TBOOLEAN:
      key.isInteger = true;
      key.integer = lua_toboolean(L, -1);
      break;
    default:
      luaL_error(L, "pairs: a %s as key has no stable order; use numbers or strings as keys",
                 luaL_typename(L, -1));
  }
  return key;
}

void pushKey(lua_State* L, const Key& key) {
  if (key.type == LUA_TSTRING)
    lua_pushlstring(L, key.text, key.size);
  else if (key.type == LUA_TBOOLEAN)
    lua_pushboolean(L, static_cast<int>(key.integer));
  else if (key.isInteger)
    lua_pushinteger(L, key.integer);
  else
    lua_pushnumber(L, key.number);
}

// Upvalues: the sorted keys (userdata), their number, the next one's place, the names (anchors the
// strings).
int nextPair(lua_State* L) {
  auto* keys = static_cast<const Key*>(lua_touserdata(L, lua_upvalueindex(1)));
  lua_Integer count = lua_tointeger(L, lua_upvalueindex(2));
  lua_Integer at = lua_tointeger(L, lua_upvalueindex(3));
  luaL_checktype(L, 1, LUA_TTABLE);
  while (at < count) {
    pushKey(L, keys[at++]);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 1) == LUA_TNIL) {  // removed meanwhile
      lua_pop(L, 2);
      continue;
    }
    lua_pushinteger(L, at);
    lua_replace(L, lua_upvalueindex(3));
    return 2;
  }
  lua_pushinteger(L, at);
  lua_replace(L, lua_upvalueindex(3));
  lua_pushnil(L);
  return 1;
}

int pairs(lua_State* L) {
  luaL_checkany(L, 1);
  if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_call(L, 1, 3);
    return 3;
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_Integer count = 0;
  for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) ++count;
  Guard::of(L).charge(L, count * (2 + std::bit_width(static_cast<std::uint64_t>(count))));
  auto* keys = static_cast<Key*>(lua_newuserdatauv(L, sizeof(Key) * (count + 1), 0));
  lua_pushinteger(L, count);
  lua_pushinteger(L, 0);
  lua_createtable(L, static_cast<int>(count), 0);
  lua_Integer at = 0;
  for (lua_pushnil(L); lua_next(L, 1) != 0;) {
    lua_pop(L, 1);
    keys[at++] = keyAtTop(L);
    lua_pushvalue(L, -1);
    lua_rawseti(L, 5, at);
  }
  std::sort(keys, keys + count, before);
  lua_pushcclosure(L, nextPair, 4);
  lua_pushvalue(L, 1);
  return 2;
}

// next(t) tells whether a table is empty; the order behind next(t, k) changes from run to run.
int next(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  if (!lua_isnoneornil(L, 2)) {
    return luaL_error(L,
                      "next with a key is not offered to policies: use pairs, its order is stable");
  }
  lua_settop(L, 1);
  lua_pushnil(L);
  if (lua_next(L, 1) == 0) {
    lua_pushnil(L);
    return 1;
  }
  lua_pop(L, 2);
  pairs(L);  // the first in pairs' order
  lua_call(L, 1, 2);
  return 2;
}

int setMetatable(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, lua_isnoneornil(L, 2) || lua_istable(L, 2), 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) {
    return luaL_error(L, "this table's metatable is protected");
  }
  if (lua_istable(L, 2)) {
    // Finalisers run without limits, and weak tables depend on when memory is collected.
    for (const char* field : {"__gc", "__mode"}) {
      lua_pushstring(L, field);
      if (lua_rawget(L, 2) != LUA_TNIL) {
        return luaL_error(L, "a metatable with %s is not offered to policies", field);
      }
      lua_pop(L, 1);
    }
  }
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

int toString(lua_State* L) {
  luaL_checkany(L, 1);
  pushText(L, 1);
  return 1;
}

}  // namespace

void pushText(lua_State* L, int index) {
  index = lua_absindex(L, index);
  switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TBOOLEAN:
    case LUA_TNUMBER:
    case LUA_TSTRING:
      luaL_tolstring(L, index, nullptr);
      return;
    default:
      break;
  }
  if (luaL_getmetafield(L, index, "__tostring") != LUA_TNIL) {
    lua_pushvalue(L, index);
    lua_call(L, 1, 1);
    if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "'__tostring' must return a string");
    return;
  }
  lua_pushstring(L, luaL_typename(L, index));
}

void addBaseFunctions(lua_State* L) {
  static const luaL_Reg functions[] = {
      {"pcall", protectedCall}, {"xpcall", protectedCallWithHandler},
      {"pairs", pairs},         {"next", next},
      {"tostring", toString},   {"setmetatable", setMetatable},
      {nullptr, nullptr},
  };
  luaL_setfuncs(L, functions, 0);
}

}  // namespace maitred::lua
