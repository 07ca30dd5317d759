#pragma once
// The part of the configuration that is about what jobs may ask for in which pool, and how many may
// wait there.

#include "settings.h"

namespace maitred::cook {

std::vector<GpuRule> gpuRulesOf(CookConfig::Reader config);
std::vector<DiskLimits> diskLimitsOf(CookConfig::Reader config);
std::vector<ContainerRule> containerRulesOf(CookConfig::Reader config);
std::vector<QueueLimitRule> queueLimitsOf(CookConfig::Reader config);
// What of it decides where jobs of a pool run.
void applyDemands(CookConfig::Reader config, Pool& pool);

void checkDemands(CookConfig::Reader config, std::vector<ConfigFault>& faults);

}  // namespace maitred::cook
