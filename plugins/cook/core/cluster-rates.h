#pragma once
// ClusterRates: how many jobs each cluster may start at present. A started job costs a token of its
// cluster, also one that is refused later; while a cluster is in debt nothing is started there.

#include "rate-limiter.h"

#include <optional>
#include <set>

namespace maitred::cook {

// Times are of a clock that does not jump.
class ClusterRates {
 public:
  using Rates = std::map<std::string, Rate>;  // by cluster; the others have no limit
  // `idleMs`: see RateLimiter::setIdleMs().
  void configure(Rates rates, std::int64_t idleMs);

  // Where nothing is started at that time.
  std::set<std::string> inDebt(std::int64_t nowMs);
  void spend(const std::string& cluster, std::int64_t count, std::int64_t nowMs);
  // When the first of those that are in debt has paid it; nothing: none is.
  std::optional<std::int64_t> nextMs(std::int64_t nowMs);

 private:
  Rates rates;
  RateLimiter limiter;
};

}  // namespace maitred::cook
