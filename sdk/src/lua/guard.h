#pragma once
// The limits of one Lua state: counts what its scripts use and, once a limit is exceeded, makes
// every further instruction fail until the call has unwound.

#include <maitred/lua/limits.h>
#include <maitred/lua/report.h>

#include <lua.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace maitred::lua {

class Guard {
 public:
  explicit Guard(const Limits& limits);

  static Guard& of(lua_State* L) { return **static_cast<Guard**>(lua_getextraspace(L)); }

  // A new state whose allocations and instructions this guard counts; null if memory does not
  // suffice.
  lua_State* newState();

  // Starts a call with a fresh budget.
  void begin(lua_State* L, std::int64_t budget);

  // For the engine's own few allocations outside protected calls, where an error could not be
  // caught: they may use the reserve, until the next begin().
  void openReserve() {
    denials = 0;
    spare = true;
  }

  // Uses up `units` instructions for work done in C. Raises a Lua error if the budget is exceeded.
  void charge(lua_State* L, std::int64_t units) {
    remaining -= units;
    if (remaining < 0) trip(L, Cause::instructions);
  }

  // Turns the result of a protected call into a trip where it was a limit; every place that catches
  // errors calls this, so that no script goes on behind a limit.
  void passOn(lua_State* L, int status) {
    if (status == LUA_ERRMEM || tripped != Cause::none) trip(L, Cause::memory);
  }

  // Marks the limit as exceeded (the first cause stays) and raises.
  [[noreturn]] void trip(lua_State* L, Cause cause);

  // Keeps the place and the traceback of the error being handled, unless a trip has done so.
  void remember(lua_State* L);

  std::string tripMessage() const;
  std::int64_t spent() const { return budget - remaining; }
  // CPU time since the call's first look at the clock, ns; 0 if there was none.
  std::int64_t cpu() const;

  Limits limits;
  std::int64_t budget = 0, remaining = 0;
  std::size_t used = 0, peak = 0;
  Cause tripped = Cause::none;
  bool stringTooLong = false;

  // Where the last error was raised.
  std::string source, traceback;
  int line = 0;

 private:
  static void* allocate(void* self, void* block, std::size_t osize, std::size_t nsize);
  static void hook(lua_State* L, lua_Debug*);
  void locate(lua_State* L);  // allocates nothing
  bool refuses(bool fresh, std::size_t kind, std::size_t nsize, std::size_t osize);
  bool outOfTime();

  lua_State* mainState = nullptr;
  bool spare = false;            // an error's text may use the reserve
  int denials = 0;               // of this call; each costs a full collection
  std::int64_t startedWall = 0;  // ns; 0 = not looked at yet
  std::int64_t startedCpu = 0;
};

}  // namespace maitred::lua
