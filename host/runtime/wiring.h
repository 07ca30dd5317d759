#pragma once
// From a LoadedConfig to the graph of its instances. Pure.

#include "host/config/config.h"
#include "host/graph/graph.h"

#include <optional>

namespace maitred::host {

// Adds what is wrong with the wiring to the diagnostics, each fault at its place; absent if there
// is one.
std::optional<graph::Graph> linkConfig(const LoadedConfig& config, Diagnostics& diagnostics);

}  // namespace maitred::host
