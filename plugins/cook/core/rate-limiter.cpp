#include "rate-limiter.h"

namespace maitred::cook {
namespace {

constexpr double MS_PER_MINUTE = 60'000;
constexpr std::size_t BUCKETS_LEFT_ALONE = 1000;

}  // namespace

TokenBucket& RateLimiter::of(const std::string& user, const Rate& rate, std::int64_t nowMs) {
  if (buckets.size() > tidyAbove) tidy(nowMs);
  auto fresh = [&] {
    return Entry{rate, TokenBucket(rate.perMinute / MS_PER_MINUTE, rate.saved, nowMs), nowMs};
  };
  auto at = buckets.find(user);
  if (at == buckets.end()) {
    at = buckets.emplace(user, fresh()).first;
  } else if (!(at->second.rate == rate)) {
    at->second = fresh();
  }
  at->second.askedMs = nowMs;
  at->second.bucket.earn(nowMs);
  return at->second.bucket;
}

void RateLimiter::tidy(std::int64_t nowMs) {
  std::erase_if(buckets, [&](const auto& entry) {
    if (nowMs - entry.second.askedMs < idleMs) return false;
    TokenBucket bucket = entry.second.bucket;
    bucket.earn(nowMs);
    return bucket.full();
  });
  tidyAbove = 2 * buckets.size() + BUCKETS_LEFT_ALONE;
}

}  // namespace maitred::cook
