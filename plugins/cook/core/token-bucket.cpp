#include "token-bucket.h"

#include <algorithm>
#include <cmath>

namespace maitred::cook {

void TokenBucket::earn(std::int64_t nowMs) {
  std::int64_t now = std::max(nowMs, lastMs);
  double earned = std::trunc(static_cast<double>(now - lastMs) * perMs);
  if (earned == 0) return;
  tokens_ = std::min(size, tokens_ + earned);
  lastMs = now;
}

void TokenBucket::spend(std::int64_t count, std::int64_t nowMs) {
  earn(nowMs);
  tokens_ -= static_cast<double>(count);
}

std::int64_t TokenBucket::clearAfterMs() const {
  return static_cast<std::int64_t>(std::max(0.0, std::ceil(-tokens_ / perMs)));
}

}  // namespace maitred::cook
