#pragma once
// The part of the configuration that is about where jobs run, for how long, and who makes room.

#include "settings.h"

namespace maitred::cook {

RuntimeLimits runtimesOf(TaskConstraints::Reader constraints);
RebalancerSettings rebalancerOf(Rebalancer::Reader config);
PlacementRules placementOf(CookConfig::Reader config);
std::map<std::string, ClusterLaunchRate> clusterRatesOf(CookConfig::Reader config);

void checkScheduling(CookConfig::Reader config, std::vector<ConfigFault>& faults);

}  // namespace maitred::cook
