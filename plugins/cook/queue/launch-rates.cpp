// Launch rates: what a cycle has used up, and when there is more.

#include "batch-queue.h"

namespace maitred::cook {

void BatchQueue::spendLaunches(const Pool& pool, const CycleResult& result) {
  if (!launchRates.enforced()) return;
  std::int64_t now = steadyMs();
  std::vector<std::string> owners;
  owners.reserve(result.started.size());
  for (const auto& one : result.started) owners.push_back(one.job->spec.user);
  launchRates.spend(pool.name, jobs.quotas(pool.name), owners, now);
  // Who has none left waits until the next one is earned, and nobody looks before that.
  auto next = launchRates.nextMs(pool.name, jobs.quotas(pool.name), result.rateLimited, now);
  if (next) kickAt(*next);
  world.metrics
      .gauge("maitred_cook_rate_limited_users",
             "Users whose jobs waited for their launch rate alone in the latest cycle",
             {{"pool", pool.name}})
      .set(result.rateLimited.size());
}

}  // namespace maitred::cook
