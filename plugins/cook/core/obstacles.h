#pragma once
// Obstacles: why a node does not take a job, under the names and texts that Cook's clients know.

#include <array>
#include <cstdint>
#include <string_view>

namespace maitred::cook {

enum class Obstacle : std::uint8_t {
  // Not enough of a resource.
  cpus,
  mem,
  gpus,
  ports,
  // A constraint is not met.
  novelHost,     // the job has run there before
  gpuHost,       // the job wants gpus, and not as many of that model, or not alone
  nonGpuHost,    // the job wants no gpus, and the node has some
  diskHost,      // too little free disk of the type
  userDefined,   // an attribute has another value
  estimatedCompletion,  // the node will be gone before the job has ended
  checkpointLocality,   // another location than that of the latest attempt
  maxTasks,      // as many tasks as the node takes
  reservation,   // room was made there for another job
  uniqueGroup,   // another instance of the group is there
  balancedGroup,        // it would be less even
  attributeEqualsGroup,  // the group is elsewhere
  // Known to this program alone.
  closed,  // the node takes no work at present
};
inline constexpr std::size_t OBSTACLES = static_cast<std::size_t>(Obstacle::closed) + 1;

// "mem", "novel-host-constraint", …
std::string_view name(Obstacle obstacle);
// A sentence for users; of a constraint without one, its name.
std::string_view text(Obstacle obstacle);

// Of one job: how many hosts each obstacle stood on. A host counts for each of its obstacles.
struct RefusalSummary {
  std::array<std::int64_t, OBSTACLES> hosts{};
  std::int64_t hostsAsked = 0;
  std::int64_t atMs = 0;  // unix time
  void add(Obstacle obstacle) { ++hosts[static_cast<std::size_t>(obstacle)]; }
  std::int64_t of(Obstacle obstacle) const { return hosts[static_cast<std::size_t>(obstacle)]; }
};

}  // namespace maitred::cook
