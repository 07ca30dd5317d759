#include "scheduling-settings.h"

namespace maitred::cook {

RuntimeLimits runtimesOf(TaskConstraints::Reader constraints) {
  auto given = [&](std::uint64_t value) {
    return static_cast<std::int64_t>(value == 0 ? constraints.getTimeout() : value);
  };
  return {given(constraints.getDefaultTimeout()), given(constraints.getMaxTimeout())};
}

RebalancerSettings rebalancerOf(Rebalancer::Reader config) {
  RebalancerSettings settings;
  settings.intervalMs = static_cast<std::int64_t>(config.getInterval());
  settings.preemptionMost = config.getMaxPreemption();
  settings.scoreGainLeast = config.getMinDruDiff();
  settings.safeScore = config.getSafeDruThreshold();
  settings.poolRegex = config.getPoolRegex().cStr();
  return settings;
}

std::map<std::string, ClusterLaunchRate> clusterRatesOf(CookConfig::Reader config) {
  std::map<std::string, ClusterLaunchRate> rates;
  for (auto one : config.getClusters()) {
    if (!one.hasComputeClusterLaunchRateLimits()) continue;
    auto its = one.getComputeClusterLaunchRateLimits();
    rates[one.getBackend().cStr()] = {{static_cast<double>(its.getBucketSize()),
                                       static_cast<double>(its.getTokensReplenishedPerMinute())},
                                      its.getEnforce()};
  }
  return rates;
}

PlacementRules placementOf(CookConfig::Reader config) {
  PlacementRules rules;
  rules.novelHostAlways = config.getNovelHost() == NovelHost::ALWAYS;
  auto completion = config.getEstimatedCompletion();
  rules.hostLifetimeMs = static_cast<std::int64_t>(completion.getHostLifetime());
  rules.expectedRuntimeMultiplier = completion.getExpectedRuntimeMultiplier();
  rules.startGraceMs = static_cast<std::int64_t>(completion.getAgentStartGracePeriod());
  for (auto one : config.getClusterLocations()) {
    rules.locations.emplace(one.getBackend().cStr(), one.getLocation().cStr());
  }
  return rules;
}

void checkScheduling(CookConfig::Reader config, std::vector<ConfigFault>& faults) {
  auto rebalancer = config.getRebalancer();
  int given = (rebalancer.getMaxPreemption() > 0) + (rebalancer.getMinDruDiff() >= 0) +
              (rebalancer.getSafeDruThreshold() >= 0);
  if (given != 0 && given != 3) {
    faults.push_back({{"rebalancer"},
                      "max_preemption (above 0), min_dru_diff and safe_dru_threshold (0 or more) "
                      "go together: give all of them, or none to keep it off"});
  }
  checkPattern(rebalancer.getPoolRegex().cStr(), {"rebalancer", "pool_regex"}, faults);
  auto completion = config.getEstimatedCompletion();
  if ((completion.getHostLifetime() > 0) != (completion.getExpectedRuntimeMultiplier() > 0)) {
    faults.push_back({{"estimated_completion"},
                      "host_lifetime and expected_runtime_multiplier go together: give both, or "
                      "none to keep it off"});
  }
}

}  // namespace maitred::cook
