#include "stack-values.h"

#include <algorithm>

namespace maitred::lua {

namespace {

constexpr int maxDepth = 16;
constexpr int maxValues = 10'000;

void pushTable(lua_State* L, const Table& table) {
  luaL_checkstack(L, 4, "values nest too deep");
  lua_createtable(L, static_cast<int>(table.list.size()), static_cast<int>(table.fields.size()));
  lua_Integer at = 0;
  for (const auto& element : table.list) {
    pushValue(L, element);
    lua_rawseti(L, -2, ++at);
  }
  for (const auto& [name, element] : table.fields) {
    lua_pushlstring(L, name.data(), name.size());
    pushValue(L, element);
    lua_rawset(L, -3);
  }
}

class Reader {
 public:
  Reader(lua_State* L, std::string& error) : L(L), error(error) {}

  bool read(int index, Value& value, int depth) {
    if (++count > maxValues) return fail("more than 10000 values");
    switch (lua_type(L, index)) {
      case LUA_TNIL:
        value = Value();
        return true;
      case LUA_TBOOLEAN:
        value = lua_toboolean(L, index) != 0;
        return true;
      case LUA_TNUMBER:
        if (lua_isinteger(L, index) != 0)
          value = static_cast<std::int64_t>(lua_tointeger(L, index));
        else
          value = static_cast<double>(lua_tonumber(L, index));
        return true;
      case LUA_TSTRING:
        value = text(index);
        return true;
      case LUA_TTABLE:
        return table(lua_absindex(L, index), value, depth);
      default:
        return fail(std::string("a ") + luaL_typename(L, index));
    }
  }

 private:
  bool fail(std::string what) {
    error = std::move(what);
    return false;
  }

  std::string text(int index) {
    std::size_t size;
    const char* data = lua_tolstring(L, index, &size);
    return std::string(data, size);
  }

  bool table(int index, Value& value, int depth) {
    if (depth >= maxDepth || lua_checkstack(L, 4) == 0) return fail("a table that nests too deep");
    Table result;
    auto size = static_cast<lua_Integer>(lua_rawlen(L, index));
    for (lua_Integer i = 1; i <= size; ++i) {
      lua_rawgeti(L, index, i);
      result.list.emplace_back();
      bool good = read(-1, result.list.back(), depth + 1);
      lua_pop(L, 1);
      if (!good) return false;
    }
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
      if (lua_isinteger(L, -2) != 0 && lua_tointeger(L, -2) >= 1 && lua_tointeger(L, -2) <= size)
        continue;
      bool good = lua_type(L, -2) == LUA_TSTRING;
      if (!good) fail(std::string("a table with a ") + luaL_typename(L, -2) + " as key");
      if (good) {
        result.fields.emplace_back(text(-2), Value());
        good = read(-1, result.fields.back().second, depth + 1);
      }
      if (!good) {
        lua_pop(L, 2);
        return false;
      }
    }
    // In the order of the names, since Lua's own order changes from run to run.
    std::sort(result.fields.begin(), result.fields.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    value = std::move(result);
    return true;
  }

  lua_State* L;
  std::string& error;
  int count = 0;
};

}  // namespace

void pushValue(lua_State* L, const Value& value) {
  if (value.isNil())
    lua_pushnil(L);
  else if (const bool* flag = value.boolean())
    lua_pushboolean(L, *flag);
  else if (const std::int64_t* integer = value.integer())
    lua_pushinteger(L, *integer);
  else if (value.isNumber())
    lua_pushnumber(L, value.number());
  else if (const std::string* text = value.string())
    lua_pushlstring(L, text->data(), text->size());
  else
    pushTable(L, *value.table());
}

bool readValue(lua_State* L, int index, Value& value, std::string& error) {
  return Reader(L, error).read(lua_absindex(L, index), value, 0);
}

}  // namespace maitred::lua
