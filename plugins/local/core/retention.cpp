#include "retention.h"

#include <algorithm>

namespace maitred::local {

std::vector<backend::TaskKey> expired(std::vector<KeptSandbox> kept, const RetentionRule& rule,
                                      int64_t now) {
  std::sort(kept.begin(), kept.end(), [](auto& a, auto& b) {
    return std::tie(a.endedAt, a.key) < std::tie(b.endedAt, b.key);
  });
  uint64_t total = 0;
  for (auto& one : kept) total += one.bytes;
  std::vector<backend::TaskKey> gone;
  for (auto& one : kept) {
    bool old = now - one.endedAt >= rule.ageNs;
    bool tooMuch = rule.bytesMax > 0 && total > rule.bytesMax;
    // Sorted by age: what follows is younger, and what fits now goes on fitting.
    if (!old && !tooMuch) break;
    total -= one.bytes;
    gone.push_back(one.key);
  }
  return gone;
}

}  // namespace maitred::local
