#pragma once
// Which sandboxes of ended tasks go. Pure.

#include <maitred/backend/types.h>

#include <cstdint>
#include <vector>

namespace maitred::local {

struct KeptSandbox {
  backend::TaskKey key;
  int64_t endedAt = 0;  // unix ns
  uint64_t bytes = 0;
};

struct RetentionRule {
  int64_t ageNs = 0;      // after the end; 0 = at once
  uint64_t bytesMax = 0;  // all together; 0 = no limit
};

// Those too old, and then the oldest until the rest fits. A clock that was set back makes nothing
// older.
std::vector<backend::TaskKey> expired(std::vector<KeptSandbox> kept, const RetentionRule& rule,
                                      int64_t now);

}  // namespace maitred::local
