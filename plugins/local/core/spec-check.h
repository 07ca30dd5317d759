#pragma once
// What this backend cannot do, told before anything is started. Pure.

#include <maitred/backend/types.h>

#include <optional>

namespace maitred::local {

// Reason and sentence; nothing if the task can be run here. The contract's own rules were checked
// before.
std::optional<backend::Rejection> cannotRun(backend::TaskSpec::Reader spec,
                                            bool ignoreContainers = false);

}  // namespace maitred::local
