#pragma once
// What a support archive is made of, from the two sides on which it can be had.

#include "bundle.h"
#include "host/cli/admin-client.h"
#include "host/config/config.h"
#include "host/plugins/plugin-manifests.h"

namespace maitred::host::cli {

// From a running host: its status, edges, metrics, configuration and last lines, and what its
// plugins say of their policies and stores. `storeSeconds`: how long the check of one store may
// take.
void collectFromHost(Bundle& bundle, AdminClient& host, double storeSeconds);

// From the configuration and what it names, whether a host runs or not: its faults, the plugins'
// manifests, the state folder's listing, the end of the log file. `complete`: also what a running
// host would have told, as far as the file does.
void collectFromFile(Bundle& bundle, const ConfigResult& loaded, PluginManifests& manifests,
                     bool complete);

}  // namespace maitred::host::cli
