#pragma once
#include "core/cluster.h"
#include "sim.capnp.h"

namespace maitred::sim {

// The config as the core takes it.
Settings settingsFrom(SimConfig::Reader config);

}  // namespace maitred::sim
