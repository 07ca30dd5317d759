#pragma once
// What can be said of the wiring without running a plugin: names, uses, listeners, sockets.

#include "config.h"

namespace maitred::host {

// Also completes the instances' listeners by the defaults of their manifests. Cycles are found by
// the graph.
void checkWiring(LoadedConfig& config, Diagnostics& diagnostics);

}  // namespace maitred::host
