// Launch rates: what a cycle has used up, and when there is more.

#include "batch-queue.h"

namespace maitred::cook {
namespace {

constexpr std::int64_t LOOK_AT_LEAST_MS = 3'600'000;  // however large a debt is

}  // namespace

void BatchQueue::configureRates() {
  launchRates.configure(settings_.enforceLaunchRates, settings_.rateIdleMs);
  ClusterRates::Rates enforced;
  for (const auto& [cluster, one] : settings_.clusterRates) {
    if (one.enforce) enforced[cluster] = one.rate;
  }
  clusterRates.configure(std::move(enforced), settings_.rateIdleMs);
}

PlacementRules BatchQueue::placementNow() {
  PlacementRules rules = settings_.placement;
  rules.resting = clusterRates.inDebt(steadyMs());
  return rules;
}

void BatchQueue::spendLaunches(const Pool& pool, const CycleResult& result) {
  std::map<std::string, std::int64_t> byCluster;
  for (const auto& one : result.started) ++byCluster[one.node.cluster];
  for (const auto& [cluster, count] : byCluster) clusterRates.spend(cluster, count, steadyMs());
  // Nobody looks before a debt is paid, unless something else happens.
  if (auto clear = clusterRates.nextMs(steadyMs())) {
    kickAt(std::min(*clear, steadyMs() + LOOK_AT_LEAST_MS));
  }
  if (launchRates.enforced()) spendOfUsers(pool, result);
}

void BatchQueue::spendOfUsers(const Pool& pool, const CycleResult& result) {
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
