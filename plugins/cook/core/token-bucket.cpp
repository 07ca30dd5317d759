#include "token-bucket.h"

#include <algorithm>
#include <cmath>

namespace maitred::cook {
namespace {

constexpr double FOREVER_MS = 4e15;  // which a double still counts exactly
constexpr double ROUNDING = 1e-9;

}  // namespace

void TokenBucket::earn(std::int64_t nowMs) {
  std::int64_t now = std::max(nowMs, lastMs);
  // Nothing is earned while it is full, not even part of a token.
  if (full()) {
    lastMs = now;
    return;
  }
  double earned = static_cast<double>(now - lastMs) * perMs + broken;
  double whole = std::trunc(earned + ROUNDING);
  if (whole == 0) return;
  tokens_ = std::min(size, tokens_ + whole);
  broken = full() ? 0 : std::max(0.0, earned - whole);
  lastMs = now;
}

void TokenBucket::spend(std::int64_t count, std::int64_t nowMs) {
  earn(nowMs);
  tokens_ -= static_cast<double>(count);
}

std::int64_t TokenBucket::clearAfterMs() const {
  if (!inDebt()) return 0;
  return static_cast<std::int64_t>(
      std::clamp(std::ceil((-tokens_ - broken) / perMs), 0.0, FOREVER_MS));
}

std::optional<std::int64_t> TokenBucket::hasAtMs(double count) const {
  if (tokens_ >= count) return lastMs;
  if (count > size) return std::nullopt;
  double waiting = std::ceil((std::ceil(count - tokens_) - broken) / perMs - ROUNDING);
  if (!(waiting < FOREVER_MS)) return std::nullopt;
  return lastMs + static_cast<std::int64_t>(std::max(0.0, waiting));
}

}  // namespace maitred::cook
