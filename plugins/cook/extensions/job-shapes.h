#pragma once
// Whether a job fits on any kind of node that its pool has.

#include <core/types.h>

#include <optional>
#include <span>
#include <string>

namespace maitred::cook {

struct NodeShape {
  std::string name;
  double cpus = 0;  // the most that one job may ask for; 0: no limit
  double mem = 0;   // MiB, likewise
  double gpus = 0;  // 0: none at all
};

// What the user is told if it fits on none; nothing if it fits, or if there are no kinds.
std::optional<std::string> faultInShape(const JobSpec& job, std::span<const NodeShape> shapes);

}  // namespace maitred::cook
