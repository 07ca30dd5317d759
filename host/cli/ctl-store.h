#pragma once

#include "admin-client.h"
#include "command.h"

namespace maitred::host::cli {

// Names of the stores of an instance. Throws Failure, also if its plugin has none.
std::vector<std::string> storesOf(AdminClient& host, const std::string& instance);

// What `ctl store check` finds, as text; 0 seconds: only where it lies and its version. Throws
// Failure if the check has not ended within `seconds`; it goes on in the plugin.
std::string checkStore(AdminClient& host, const std::string& instance, const std::string& store,
                       double seconds);

// `maitred ctl store`, with its subcommands.
Command ctlStoreCommand();

}  // namespace maitred::host::cli
