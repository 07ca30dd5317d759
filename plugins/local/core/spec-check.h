#pragma once
// What this backend cannot do, told before anything is started. Pure.

#include <maitred/backend/types.h>

#include <optional>

namespace maitred::local {

// Reason and sentence; nothing if the task can be run here. The contract's own rules were checked
// before.
std::optional<backend::Rejection> cannotRun(backend::TaskSpec::Reader spec);

// A relative path that stays below its folder: no empty part, no `.`, no `..`, no NUL, at most 4
// KiB.
bool staysBeneath(std::string_view path);

}  // namespace maitred::local
