#pragma once
// The part of the configuration that is about other plugins, and which of them are granted.

#include "settings.h"

#include <maitred/context.h>

namespace maitred::cook {

ExtensionSettings extensionsOf(ExtensionConfig::Reader config);
LaunchFilterSettings launchFiltersOf(ExtensionConfig::Reader config);
ExtensionProviders providersIn(Grants& grants);

void checkExtensions(CookConfig::Reader config, std::vector<ConfigFault>& faults);

}  // namespace maitred::cook
