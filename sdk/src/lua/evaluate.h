#pragma once
// A Lua expression as a value, in a sandbox of its own: what reports print, and people type.

#include <maitred/lua/limits.h>
#include <maitred/lua/value.h>

#include <string>

namespace maitred::lua {

// False: `problem` says why not.
bool evaluate(const std::string& expression, const Limits& limits, Value& value,
              std::string& problem);

}  // namespace maitred::lua
