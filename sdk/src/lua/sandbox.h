#pragma once
// What a policy sees: a deny-by-default choice of Lua's library, its dangerous parts replaced by
// ours, behind read-only tables.

#include "guard.h"
#include "modules.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::lua {

class Sandbox {
 public:
  // Throws std::bad_alloc if the memory limit does not even suffice for the library.
  Sandbox(const Limits& limits, std::vector<std::string> moduleRoots, std::uint64_t seed);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  lua_State* state() const { return L; }
  Guard& guard() { return limitGuard; }
  Modules& modules() { return moduleLoader; }

  // Compiles a text (never bytecode) and leaves the function, or else the error, on the stack;
  // returns Lua's status. `name` is the file as messages shall show it. Raises nothing.
  int compile(std::string_view text, const std::string& name);

  // Pops a value and makes it a global, for the spec runner. Only inside a protected call.
  static void setGlobal(lua_State* L, const char* name);

  void seed(std::uint64_t seed);

  // The message handler for protected calls: keeps place and traceback in the guard, and makes a
  // string of the error without running any of the policy's code.
  static int onError(lua_State* L);

 private:
  Guard limitGuard;
  Modules moduleLoader;
  lua_State* L = nullptr;
};

// Installs our parts; each expects the table to fill at the top of the stack and leaves it there.
void addBaseFunctions(lua_State* L);  // pcall, pairs, tostring, …
void addCoroutineFunctions(lua_State* L);
void addStringLimits(lua_State* L);      // rep, format, byte: replaced in the table
void addPatternFunctions(lua_State* L);  // find, match, gmatch, gsub
void addTableLimits(lua_State* L);       // concat, sort, insert, …: replaced in the table

// Pushes what tostring() gives: no addresses, so that the same run gives the same text. May run
// __tostring.
void pushText(lua_State* L, int index);

// Where the registry keeps the policy's view of the globals: by this address.
extern const char environmentKey;

}  // namespace maitred::lua
