#pragma once
// The part of the configuration that is about how instances are run.

#include "settings.h"

namespace maitred::cook {

ExecutionSettings executionOf(CookConfig::Reader config);
void checkExecution(CookConfig::Reader config, std::vector<ConfigFault>& faults);

}  // namespace maitred::cook
