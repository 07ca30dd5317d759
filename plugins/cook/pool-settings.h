#pragma once
// The part of the configuration that is about pools, shares and quotas.

#include "settings.h"

namespace maitred::cook {

// Throws std::invalid_argument for what checkPools() finds.
Pools poolsOf(CookConfig::Reader config);
std::vector<ShareRow> sharesOf(CookConfig::Reader config);
std::vector<QuotaRow> quotasOf(CookConfig::Reader config);
std::vector<PoolQuotaRule> poolQuotaRules(CookConfig::Reader config);
// Of the pools that a rule is for, by their names.
std::map<std::string, SchedulerSettings> schedulersOf(CookConfig::Reader config);
std::vector<SchedulerRule> schedulerRules(CookConfig::Reader config);

void checkPools(CookConfig::Reader config, std::vector<ConfigFault>& faults);

}  // namespace maitred::cook
