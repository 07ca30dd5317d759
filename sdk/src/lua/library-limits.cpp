// Functions of the string and table libraries whose work is not proportional to the instructions
// that call them: bounded, charged, or both, before the library's own function runs.

#include "guard.h"
#include "sandbox.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>

namespace maitred::lua {

namespace {

// The library's function, upvalue 1, in this very frame, so that its messages name the right
// function.
int original(lua_State* L) {
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

// Puts a closure over the library's own function in its place, in the table at the top.
void replace(lua_State* L, const char* name, lua_CFunction function) {
  lua_getfield(L, -1, name);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
}

int rep(lua_State* L) {
  std::size_t size = 0, separator = 0;
  luaL_checklstring(L, 1, &size);
  lua_Integer times = luaL_checkinteger(L, 2);
  luaL_optlstring(L, 3, "", &separator);
  if (times > 0 && size + separator > 0 &&
      static_cast<std::uint64_t>(times) > maxStringBytes / (size + separator)) {
    return luaL_error(L, "string.rep: the result would be longer than %d KiB",
                      static_cast<int>(maxStringBytes >> 10));
  }
  return original(L);
}

// %s and %q of a table would show its address.
int format(lua_State* L) {
  std::size_t size;
  const char* pattern = luaL_checklstring(L, 1, &size);
  bool escaped = false;
  for (char c : std::string_view(pattern, size)) {
    if (escaped && c == 'p') return luaL_error(L, "string.format: %%p is not offered to policies");
    // Behind a % come flags, width and precision, then the letter.
    if (c == '%')
      escaped = !escaped;
    else if (escaped)
      escaped = std::string_view("-+ #0123456789.").find(c) != std::string_view::npos;
  }
  for (int i = 2; i <= lua_gettop(L); ++i) {
    int type = lua_type(L, i);
    if (type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TNIL || type == LUA_TBOOLEAN)
      continue;
    pushText(L, i);
    lua_replace(L, i);
  }
  return original(L);
}

int byte(lua_State* L) {
  lua_Integer from = luaL_optinteger(L, 2, 1);
  lua_Integer to = luaL_optinteger(L, 3, from);
  auto size = static_cast<lua_Integer>(luaL_len(L, 1));
  if (from < 0) from = std::max<lua_Integer>(0, size + from + 1);
  if (to < 0) to = size + std::max(to, -size - 1) + 1;
  if (std::min(to, size) - std::max<lua_Integer>(from, 1) >= maxUnpacked) {
    return luaL_error(L, "string.byte: more than %d values", maxUnpacked);
  }
  return original(L);
}

// The length that the function itself will see; an adversary's __len may say anything.
std::int64_t length(lua_State* L, int index) {
  luaL_checkany(L, index);
  if (!lua_istable(L, index)) return 0;  // the library's own message is better
  return std::clamp<std::int64_t>(luaL_len(L, index), 0, std::int64_t{1} << 40);
}

void chargeRange(lua_State* L, lua_Integer from, lua_Integer to) {
  if (to < from) return;
  auto count = static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
  Guard::of(L).charge(L, static_cast<std::int64_t>(std::min(count, std::uint64_t{1} << 40)) + 1);
}

int concat(lua_State* L) {
  std::int64_t size = length(L, 1);
  chargeRange(L, luaL_optinteger(L, 3, 1), luaL_optinteger(L, 4, size));
  return original(L);
}

int sort(lua_State* L) {
  std::int64_t size = length(L, 1);
  Guard::of(L).charge(L, size * std::bit_width(static_cast<std::uint64_t>(size)));
  return original(L);
}

int insert(lua_State* L) {
  std::int64_t size = length(L, 1);
  if (lua_gettop(L) == 3) chargeRange(L, luaL_checkinteger(L, 2), size);
  return original(L);
}

int remove(lua_State* L) {
  std::int64_t size = length(L, 1);
  chargeRange(L, luaL_optinteger(L, 2, size), size);
  return original(L);
}

int move(lua_State* L) {
  chargeRange(L, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3));
  return original(L);
}

int unpack(lua_State* L) {
  lua_Integer from = luaL_optinteger(L, 2, 1);
  lua_Integer to = lua_isnoneornil(L, 3) ? length(L, 1) : luaL_checkinteger(L, 3);
  if (to >= from &&
      static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from) >= maxUnpacked) {
    return luaL_error(L, "table.unpack: more than %d values", maxUnpacked);
  }
  return original(L);
}

}  // namespace

void addStringLimits(lua_State* L) {
  replace(L, "rep", rep);
  replace(L, "format", format);
  replace(L, "byte", byte);
}

void addTableLimits(lua_State* L) {
  replace(L, "concat", concat);
  replace(L, "sort", sort);
  replace(L, "insert", insert);
  replace(L, "remove", remove);
  replace(L, "move", move);
  replace(L, "unpack", unpack);
}

}  // namespace maitred::lua
