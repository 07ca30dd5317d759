#include "launch-rates.h"

#include <algorithm>
#include <cmath>

namespace maitred::cook {
namespace {

constexpr double TOKENS_MOST = 1e15;  // a rate has no limit, an integer does

bool sameRate(const QuotaEntry& a, const QuotaEntry& b) {
  return a.launchRateSaved == b.launchRateSaved && a.launchRatePerMinute == b.launchRatePerMinute;
}

}  // namespace

void LaunchRates::configure(bool enforced, std::int64_t idle) {
  // What was not counted meanwhile must not count against anybody.
  if (!enforced) pools.clear();
  enforced_ = enforced;
  idleMs = idle;
  for (auto& [name, limiter] : pools) limiter.setIdleMs(idle);
}

TokenBucket& LaunchRates::bucket(const std::string& pool, const Quotas& quotas,
                                 const std::string& user, std::int64_t nowMs) {
  auto [at, isNew] = pools.try_emplace(pool);
  if (isNew) at->second.setIdleMs(idleMs);
  Quota quota = quotas.of(user);
  return at->second.of(user, {quota.launchRateSaved, quota.launchRatePerMinute}, nowMs);
}

std::function<std::int64_t(const std::string&)> LaunchRates::tokens(const std::string& pool,
                                                                    const Quotas& quotas,
                                                                    std::int64_t nowMs) {
  if (!enforced_) return nullptr;
  return [this, pool, &quotas, nowMs](const std::string& user) {
    double tokens = bucket(pool, quotas, user, nowMs).tokens();
    return static_cast<std::int64_t>(std::floor(std::clamp(tokens, -TOKENS_MOST, TOKENS_MOST)));
  };
}

void LaunchRates::spend(const std::string& pool, const Quotas& quotas,
                        const std::vector<std::string>& users, std::int64_t nowMs) {
  if (!enforced_) return;
  for (const std::string& user : users) bucket(pool, quotas, user, nowMs).spend(1, nowMs);
}

std::optional<std::int64_t> LaunchRates::nextMs(const std::string& pool, const Quotas& quotas,
                                                const std::vector<std::string>& users,
                                                std::int64_t nowMs) {
  std::optional<std::int64_t> first;
  if (!enforced_) return first;
  for (const std::string& user : users) {
    auto at = bucket(pool, quotas, user, nowMs).hasAtMs(1);
    if (at && (!first || *at < *first)) first = at;
  }
  return first;
}

void LaunchRates::quotasChange(const std::string& pool, const Quotas& present,
                               const Quotas::Entries& wanted) {
  auto limiter = pools.find(pool);
  if (limiter == pools.end()) return;
  const QuotaEntry open;
  auto look = [&](const std::string& user) {
    const QuotaEntry* before = present.find(user);
    auto after = wanted.find(user);
    if (sameRate(before == nullptr ? open : *before, after == wanted.end() ? open : after->second))
      return;
    if (user == Quotas::DEFAULT_USER) return limiter->second.flush();
    limiter->second.flush(user);
  };
  for (const auto& [user, entry] : present.entries()) look(user);
  for (const auto& [user, entry] : wanted) look(user);
}

}  // namespace maitred::cook
