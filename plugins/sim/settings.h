#pragma once
#include "core/cluster.h"
#include "sim.capnp.h"

#include <optional>
#include <string>

namespace maitred::sim {

// Why there are too many nodes to simulate, all templates together; nothing if there are not.
std::optional<std::string> tooManyNodes(SimConfig::Reader config);

// The config as the core takes it. Throws FAILED for too many nodes.
Settings settingsFrom(SimConfig::Reader config);

}  // namespace maitred::sim
