#pragma once
// Who leads, from the configuration.

#include "follow/follower.h"
#include "settings.h"

namespace maitred::cook {

LeaderSettings leaderSettings(CookConfig::Reader config);
void checkLeader(CookConfig::Reader config, std::vector<ConfigFault>& faults);

}  // namespace maitred::cook
