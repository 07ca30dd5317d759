#pragma once
// What administrators say of whole clusters: whether anything is started there.

#include <optional>
#include <string>
#include <string_view>

namespace maitred::cook {

// A cluster that drains starts nothing, and what runs there goes on. One that is deleted has
// nothing left, and starts nothing any more.
enum class ClusterState { running, draining, deleted };

const char* name(ClusterState state);
std::optional<ClusterState> clusterStateOf(std::string_view text);

struct ClusterSetting {
  std::string cluster;  // the backend's instance
  ClusterState state = ClusterState::running;
  bool locked = false;  // only who insists changes the state
  bool operator==(const ClusterSetting&) const = default;
};

// Why the one may not follow the other; empty: it may. `live`: instances are live there. `force`:
// a lock is passed by, but not what a state means.
std::string faultInChange(const ClusterSetting& present, const ClusterSetting& wanted, bool live,
                          bool force);

}  // namespace maitred::cook
