// string.find, match, gmatch and gsub over the matcher that counts its steps against the call's
// budget.

#include "guard.h"
#include "pattern.h"
#include "sandbox.h"

#include <cstring>
#include <string_view>

namespace maitred::lua {

namespace {

constexpr std::int64_t stepsPerInstruction = 4;

std::string_view text(lua_State* L, int index) {
  std::size_t size;
  const char* data = luaL_checklstring(L, index, &size);
  return {data, size};
}

void compile(lua_State* L, Pattern& pattern, std::string_view source, bool anchors) {
  if (const char* problem = pattern.compile(source, anchors)) luaL_error(L, "%s", problem);
}

// Runs one piece of matching with the steps that the budget leaves, and charges for them.
template <typename Work>
auto counted(lua_State* L, Matcher& matcher, Work work) {
  Guard& guard = Guard::of(L);
  std::int64_t before = matcher.steps = guard.remaining * stepsPerInstruction;
  auto result = work();
  guard.charge(L, (before - matcher.steps) / stepsPerInstruction + 1);
  return result;
}

// Pushes capture `index`; the whole match if the pattern has no captures.
void pushCapture(lua_State* L, const Pattern& pattern, const Matcher& matcher, int index,
                 std::string_view subject, std::size_t begin, std::size_t end) {
  if (pattern.captures() == 0) {
    lua_pushlstring(L, subject.data() + begin, end - begin);
    return;
  }
  const Matcher::Capture& capture = matcher.capture(index);
  if (capture.size == Matcher::none)
    lua_pushinteger(L, static_cast<lua_Integer>(capture.begin) + 1);
  else
    lua_pushlstring(L, subject.data() + capture.begin, capture.size);
}

int pushCaptures(lua_State* L, const Pattern& pattern, const Matcher& matcher, bool whole,
                 std::string_view subject, std::size_t begin, std::size_t end) {
  int count = pattern.captures() == 0 && whole ? 1 : pattern.captures();
  luaL_checkstack(L, count, "too many captures");
  for (int i = 0; i < count; ++i) pushCapture(L, pattern, matcher, i, subject, begin, end);
  return count;
}

// Where a search starts, by Lua's 1-based and from-the-end counting. False: behind the end.
bool startAt(lua_State* L, int index, std::size_t size, std::size_t& start) {
  lua_Integer init = luaL_optinteger(L, index, 1);
  auto length = static_cast<lua_Integer>(size);
  if (init < 0) init = init < -length ? 1 : length + init + 1;
  if (init == 0) init = 1;
  start = static_cast<std::size_t>(init - 1);
  return init - 1 <= length;
}

int findPlain(lua_State* L, std::string_view subject, std::string_view wanted, std::size_t start) {
  Guard::of(L).charge(L, static_cast<std::int64_t>((subject.size() - start) / 16 + 1));
  // memmem takes linear time whatever the two strings are.
  const void* found =
      memmem(subject.data() + start, subject.size() - start, wanted.data(), wanted.size());
  if (found == nullptr) {
    lua_pushnil(L);
    return 1;
  }
  auto begin = static_cast<lua_Integer>(static_cast<const char*>(found) - subject.data());
  lua_pushinteger(L, begin + 1);
  lua_pushinteger(L, begin + static_cast<lua_Integer>(wanted.size()));
  return 2;
}

int findOrMatch(lua_State* L, bool find) {
  std::string_view subject = text(L, 1), source = text(L, 2);
  std::size_t start = 0, begin = 0, end = 0;
  if (!startAt(L, 3, subject.size(), start)) {
    lua_pushnil(L);
    return 1;
  }
  bool plain = lua_toboolean(L, 4) != 0 || source.find_first_of("^$*+?.([%-") == source.npos;
  if (find && plain) return findPlain(L, subject, source, start);
  Pattern pattern;
  compile(L, pattern, source, true);
  Matcher matcher(pattern, subject);
  bool found = counted(L, matcher, [&] { return matcher.search(start, begin, end); });
  if (!found) {
    lua_pushnil(L);
    return 1;
  }
  if (!find) return pushCaptures(L, pattern, matcher, true, subject, begin, end);
  lua_pushinteger(L, static_cast<lua_Integer>(begin) + 1);
  lua_pushinteger(L, static_cast<lua_Integer>(end));
  return 2 + pushCaptures(L, pattern, matcher, false, subject, begin, end);
}

int find(lua_State* L) {
  return findOrMatch(L, true);
}
int match(lua_State* L) {
  return findOrMatch(L, false);
}

// Upvalues: subject, pattern, where to go on, where the last match ended (-1: none yet).
int nextMatch(lua_State* L) {
  std::string_view subject = text(L, lua_upvalueindex(1));
  auto from = static_cast<std::size_t>(lua_tointeger(L, lua_upvalueindex(3)));
  lua_Integer lastEnd = lua_tointeger(L, lua_upvalueindex(4));
  Pattern pattern;
  compile(L, pattern, text(L, lua_upvalueindex(2)), false);
  Matcher matcher(pattern, subject);
  std::size_t begin = 0, end = 0;
  bool found = counted(L, matcher, [&] {
    // An empty match right behind the former one is the same match again.
    for (; from <= subject.size() && matcher.search(from, begin, end); from = begin + 1) {
      if (static_cast<lua_Integer>(end) != lastEnd) return true;
    }
    return false;
  });
  if (!found) return 0;
  lua_pushinteger(L, static_cast<lua_Integer>(end));
  lua_copy(L, -1, lua_upvalueindex(3));
  lua_replace(L, lua_upvalueindex(4));
  return pushCaptures(L, pattern, matcher, true, subject, begin, end);
}

int gmatch(lua_State* L) {
  std::string_view subject = text(L, 1);
  text(L, 2);
  std::size_t start = 0;
  if (!startAt(L, 3, subject.size(), start)) start = subject.size() + 1;
  lua_settop(L, 2);
  lua_pushinteger(L, static_cast<lua_Integer>(start));
  lua_pushinteger(L, -1);
  lua_pushcclosure(L, nextMatch, 4);
  return 1;
}

struct Replacement {
  lua_State* L;
  const Pattern& pattern;
  const Matcher& matcher;
  std::string_view subject;
  luaL_Buffer* result;

  void fromText(std::size_t begin, std::size_t end) const {
    std::string_view with = text(L, 3);
    Guard::of(L).charge(L, static_cast<std::int64_t>(with.size() / 16));
    for (std::size_t i = 0; i < with.size(); ++i) {
      if (with[i] != '%') {
        luaL_addchar(result, with[i]);
        continue;
      }
      char c = ++i < with.size() ? with[i] : '\0';
      if (c == '%') {
        luaL_addchar(result, '%');
      } else if (c == '0') {
        luaL_addlstring(result, subject.data() + begin, end - begin);
      } else if (c >= '1' && c <= '9' && (c - '1' < pattern.captures() || c == '1')) {
        pushCapture(L, pattern, matcher, c - '1', subject, begin, end);
        luaL_tolstring(L, -1, nullptr);  // a position is a number
        lua_remove(L, -2);
        luaL_addvalue(result);
      } else {
        luaL_error(L, "invalid use of '%%' in replacement string");
      }
    }
  }

  // Adds what stands for the match.
  void add(std::size_t begin, std::size_t end, int type) const {
    if (type == LUA_TFUNCTION) {
      lua_pushvalue(L, 3);
      int count = pushCaptures(L, pattern, matcher, true, subject, begin, end);
      lua_call(L, count, 1);
    } else if (type == LUA_TTABLE) {
      pushCapture(L, pattern, matcher, 0, subject, begin, end);
      lua_gettable(L, 3);
    } else {
      return fromText(begin, end);
    }
    if (lua_toboolean(L, -1) == 0) {
      lua_pop(L, 1);
      luaL_addlstring(result, subject.data() + begin, end - begin);
    } else if (lua_isstring(L, -1) != 0) {
      luaL_addvalue(result);
    } else {
      luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    }
  }
};

int gsub(lua_State* L) {
  std::string_view subject = text(L, 1);
  Pattern pattern;
  compile(L, pattern, text(L, 2), true);
  int type = lua_type(L, 3);
  luaL_argexpected(
      L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE,
      3, "string/function/table");
  lua_Integer most = luaL_optinteger(L, 4, static_cast<lua_Integer>(subject.size()) + 1);
  Matcher matcher(pattern, subject);
  luaL_Buffer result;
  luaL_buffinit(L, &result);
  Replacement replacement{L, pattern, matcher, subject, &result};
  std::size_t at = 0, lastEnd = Matcher::none;
  lua_Integer count = 0;
  while (count < most) {
    std::size_t end = counted(L, matcher, [&] { return matcher.match(at); });
    if (end != Matcher::none && end != lastEnd) {
      ++count;
      replacement.add(at, end, type);
      at = lastEnd = end;
    } else if (at < subject.size()) {
      luaL_addchar(&result, subject[at++]);
    } else {
      break;
    }
    if (pattern.anchored()) break;
  }
  if (at < subject.size()) luaL_addlstring(&result, subject.data() + at, subject.size() - at);
  luaL_pushresult(&result);
  lua_pushinteger(L, count);
  return 2;
}

}  // namespace

void addPatternFunctions(lua_State* L) {
  static const luaL_Reg functions[] = {
      {"find", find}, {"match", match}, {"gmatch", gmatch}, {"gsub", gsub}, {nullptr, nullptr},
  };
  luaL_setfuncs(L, functions, 0);
}

}  // namespace maitred::lua
