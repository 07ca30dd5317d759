#pragma once
// From the plugin's typed configuration to Settings, and what a schema's ranges cannot say about
// it.

#include "local.capnp.h"
#include "settings.h"

#include <maitred/plugin.h>

namespace maitred::local {

// Reports every fault. `hostUid` is what the host runs as. No side effects.
void checkConfig(LocalConfig::Reader config, Problems& problems, uint32_t hostUid);

// Of a config without faults. A relative work directory lies in the instance's state folder.
// Blocking (host name, disk size), so not for a busy loop.
Settings settingsFrom(LocalConfig::Reader config, const std::string& stateFolder);

}  // namespace maitred::local
