#pragma once
// Values to and from Lua's stack.

#include <maitred/lua/value.h>

#include <lua.hpp>

#include <string>

namespace maitred::lua {

// Pushes a value. Raises Lua errors (memory), so only inside a protected call.
void pushValue(lua_State* L, const Value& value);

// Reads without raising and without running any of the policy's code. False: `error` says what
// cannot be handed over (a function, a key of another type, too many values).
bool readValue(lua_State* L, int index, Value& value, std::string& error);

}  // namespace maitred::lua
