#pragma once
// From files and overrides to one tree: includes merged, `--set` applied. Not typed yet.

#include "diagnostics.h"
#include "substitute.h"
#include "yaml-tree.h"

#include <optional>
#include <string>
#include <vector>

namespace maitred::host {

// The main file with what it includes. Null if the main file cannot be read or parsed; then a fault
// says why.
std::optional<yaml::Node> loadFiles(const std::string& file, const Environment& environment,
                                    Diagnostics& diagnostics);

// Applies `KEY=VALUE` texts to the tree in their order.
void applyOverrides(yaml::Node& root, const std::vector<std::string>& overrides,
                    Diagnostics& diagnostics);

}  // namespace maitred::host
