#pragma once
// Names of files below a folder. Pure.

#include <string_view>

namespace maitred::local {

// A relative path that stays below its folder: no empty part, no `.`, no `..`, no NUL, at most 4
// KiB.
bool staysBeneath(std::string_view path);

}  // namespace maitred::local
