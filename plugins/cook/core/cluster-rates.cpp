#include "cluster-rates.h"

#include <algorithm>

namespace maitred::cook {

void ClusterRates::configure(Rates wanted, std::int64_t idleMs) {
  // What was not counted meanwhile must not count against anybody.
  for (const auto& [cluster, rate] : rates) {
    if (!wanted.contains(cluster)) limiter.flush(cluster);
  }
  rates = std::move(wanted);
  limiter.setIdleMs(idleMs);
}

std::set<std::string> ClusterRates::inDebt(std::int64_t nowMs) {
  std::set<std::string> found;
  for (const auto& [cluster, rate] : rates) {
    if (limiter.of(cluster, rate, nowMs).inDebt()) found.insert(cluster);
  }
  return found;
}

void ClusterRates::spend(const std::string& cluster, std::int64_t count, std::int64_t nowMs) {
  auto rate = rates.find(cluster);
  if (rate != rates.end()) limiter.of(cluster, rate->second, nowMs).spend(count, nowMs);
}

std::optional<std::int64_t> ClusterRates::nextMs(std::int64_t nowMs) {
  std::optional<std::int64_t> first;
  for (const auto& [cluster, rate] : rates) {
    const TokenBucket& bucket = limiter.of(cluster, rate, nowMs);
    if (!bucket.inDebt()) continue;
    std::int64_t at = bucket.updatedMs() + bucket.clearAfterMs();
    first = first ? std::min(*first, at) : at;
  }
  return first;
}

}  // namespace maitred::cook
