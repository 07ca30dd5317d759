#pragma once
// LaunchRates: how many jobs each user may start in each pool at present, by the launch rate of
// their quota there. A started job costs a token, and none comes back, also if it is refused later.

#include "quotas.h"
#include "rate-limiter.h"

#include <functional>
#include <vector>

namespace maitred::cook {

// Times are of a clock that does not jump.
class LaunchRates {
 public:
  // `idleMs`: see RateLimiter::setIdleMs().
  void configure(bool enforced, std::int64_t idleMs);
  bool enforced() const { return enforced_; }

  // For QueueOptions::launchTokens: how many launches a user has at that time; null while nothing
  // is enforced. The quotas and this must outlive it.
  std::function<std::int64_t(const std::string& user)> tokens(const std::string& pool,
                                                              const Quotas& quotas,
                                                              std::int64_t nowMs);
  // Started jobs, by the names of their owners; one that has several is named as often.
  void spend(const std::string& pool, const Quotas& quotas, const std::vector<std::string>& users,
             std::int64_t nowMs);
  // When the first of these users may start another job; nothing: none of them ever, at the rates
  // that they have.
  std::optional<std::int64_t> nextMs(const std::string& pool, const Quotas& quotas,
                                     const std::vector<std::string>& users, std::int64_t nowMs);
  // The pool's quotas are about to be these. Whose launch rate changes begins with a full bucket;
  // if it is that of the user `default`, everybody does.
  void quotasChange(const std::string& pool, const Quotas& present, const Quotas::Entries& wanted);

 private:
  bool enforced_ = false;
  std::int64_t idleMs = 0;
  std::map<std::string, RateLimiter> pools;

  TokenBucket& bucket(const std::string& pool, const Quotas& quotas, const std::string& user,
                      std::int64_t nowMs);
};

}  // namespace maitred::cook
