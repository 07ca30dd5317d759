#include "guard.h"

#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace maitred::lua {

namespace {

constexpr std::size_t reserve = 64u << 10;  // for the error's own text once a limit is exceeded
constexpr int maxDenials = 16;
constexpr std::size_t maxTraceback = 4096;

std::int64_t now(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec;
}

// Reached only by an error outside every protected call, which would be a defect of the engine.
int panic(lua_State* L) {
  const char* text = lua_tostring(L, -1);
  std::fprintf(stderr, "lua: unprotected error: %s\n", text == nullptr ? "?" : text);
  std::abort();
}

}  // namespace

Guard::Guard(const Limits& limits) : limits(limits) {
  // Filled while a Lua error unwinds, when nothing may throw: so they get their room now.
  source.reserve(1024);
  traceback.reserve(maxTraceback);
}

lua_State* Guard::newState() {
  remaining = budget = limits.loadInstructions;
  lua_State* L = lua_newstate(allocate, this);
  if (L == nullptr) return nullptr;
  *static_cast<Guard**>(lua_getextraspace(L)) = this;  // copied into each coroutine by Lua
  lua_atpanic(L, panic);
  mainState = L;
  return L;
}

void Guard::begin(lua_State* L, std::int64_t instructions) {
  budget = remaining = instructions;
  tripped = Cause::none;
  denials = 0;
  startedWall = 0;
  spare = stringTooLong = false;
  // Also starts the count from its beginning, so that a limit strikes at the same instruction each
  // time.
  lua_sethook(L, hook, LUA_MASKCOUNT, limits.step);
}

bool Guard::refuses(bool fresh, std::size_t kind, std::size_t nsize, std::size_t osize) {
  if (fresh && kind == LUA_TSTRING && nsize > maxStringBytes + 64) {
    stringTooLong = true;
    return true;
  }
  std::size_t limit = limits.memory + (tripped != Cause::none || spare ? reserve : 0);
  if (used - osize + nsize <= limit && denials < maxDenials) return false;
  stringTooLong = false;
  return true;
}

void* Guard::allocate(void* self, void* block, std::size_t osize, std::size_t nsize) {
  auto& guard = *static_cast<Guard*>(self);
  std::size_t kind = osize;  // for a new block Lua says here what it will hold
  if (block == nullptr) osize = 0;
  if (nsize == 0) {
    std::free(block);
    guard.used -= osize;
    return nullptr;
  }
  if (nsize > osize) {
    guard.remaining -= static_cast<std::int64_t>(nsize >> 6);
    if (guard.refuses(block == nullptr, kind, nsize, osize)) {
      // Lua answers with a full collection, whose price is the live heap. Too many of them in one
      // call and the limit counts as exceeded even if each frees a little.
      if (guard.tripped == Cause::none) {
        ++guard.denials;
        // Lua asks no message handler about memory errors, so this is the only chance to see where.
        if (guard.mainState != nullptr) guard.locate(guard.mainState);
        guard.traceback.clear();
      }
      guard.remaining -= static_cast<std::int64_t>(guard.used >> 6);
      return nullptr;
    }
  }
  void* moved = std::realloc(block, nsize);
  if (moved == nullptr) return nullptr;
  guard.used += nsize - osize;
  if (guard.used > guard.peak) guard.peak = guard.used;
  return moved;
}

std::int64_t Guard::cpu() const {
  return startedWall == 0 ? 0 : now(CLOCK_THREAD_CPUTIME_ID) - startedCpu;
}

bool Guard::outOfTime() {
  std::int64_t wall = now(CLOCK_MONOTONIC);
  if (startedWall == 0) {
    startedWall = wall;
    startedCpu = now(CLOCK_THREAD_CPUTIME_ID);
    return false;
  }
  if (limits.cpu.count() == 0) return false;
  // The wall clock is cheap to read and the CPU clock is what counts, so that a busy machine fails
  // nobody.
  std::int64_t allowed = limits.cpu.count() * 1'000'000;
  return wall - startedWall > allowed && now(CLOCK_THREAD_CPUTIME_ID) - startedCpu > allowed;
}

void Guard::hook(lua_State* L, lua_Debug*) {
  Guard& guard = of(L);
  if (guard.tripped != Cause::none) guard.trip(L, guard.tripped);
  guard.remaining -= lua_gethookcount(L);
  if (guard.remaining < 0) guard.trip(L, Cause::instructions);
  if (guard.outOfTime()) guard.trip(L, Cause::time);
}

void Guard::trip(lua_State* L, Cause cause) {
  if (tripped == Cause::none) {
    remember(L);
    tripped = cause;
  }
  lua_sethook(L, hook, LUA_MASKCOUNT, 1);
  // The stack is left as it is: shrinking it here could run __close functions without any hook.
  luaL_checkstack(L, 4, nullptr);
  // No C++ object may be alive here: Lua leaves this function by longjmp.
  switch (tripped) {
    case Cause::memory:
      lua_pushstring(L, "memory limit exceeded");
      break;
    case Cause::time:
      lua_pushstring(L, "time limit exceeded");
      break;
    default:
      lua_pushstring(L, "instruction limit exceeded");
  }
  lua_error(L);
  std::abort();
}

void Guard::locate(lua_State* L) {
  source.clear();
  line = 0;
  lua_Debug where;
  for (int level = 0; lua_getstack(L, level, &where) != 0; ++level) {
    lua_getinfo(L, "Sl", &where);
    if (where.currentline <= 0) continue;
    const char* name = where.source + (*where.source == '@' ? 1 : 0);
    source.assign(name, strnlen(name, source.capacity()));
    line = where.currentline;
    break;
  }
}

void Guard::remember(lua_State* L) {
  if (tripped != Cause::none) return;
  locate(L);
  traceback.clear();
  if (lua_checkstack(L, 8) == 0) return;
  spare = true;
  luaL_traceback(L, L, nullptr, 0);
  spare = false;
  std::size_t size = 0;
  const char* text = lua_tolstring(L, -1, &size);
  traceback.assign(text, size < maxTraceback ? size : maxTraceback);
  lua_pop(L, 1);
}

std::string Guard::tripMessage() const {
  switch (tripped) {
    case Cause::instructions:
      return "more than " + std::to_string(budget) + " instructions in one call";
    case Cause::memory:
      if (stringTooLong) {
        return "a string of more than " + std::to_string(maxStringBytes >> 10) + " KiB";
      }
      return "more than " + std::to_string(limits.memory >> 10) + " KiB of memory";
    case Cause::time:
      return "more than " + std::to_string(limits.cpu.count()) + " ms of CPU time in one call";
    default:
      return "";
  }
}

}  // namespace maitred::lua
