#pragma once
// "Did you mean …?" without allocation, so that it serves inside Lua's C functions too.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::lua {

// Letters to insert, drop, change, or swap with their neighbour. Names above 40 bytes count as far
// apart.
std::size_t editDistance(std::string_view a, std::string_view b);

// True if `b` is near enough to `a` to be what was meant.
bool resembles(std::string_view a, std::string_view b);

// ` (did you mean "x"?)`, or "" if nothing is near.
std::string didYouMean(std::string_view name, const std::vector<std::string>& known);

}  // namespace maitred::lua
