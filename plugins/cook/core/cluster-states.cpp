#include "cluster-states.h"

namespace maitred::cook {

const char* name(ClusterState state) {
  switch (state) {
    case ClusterState::running:
      return "running";
    case ClusterState::draining:
      return "draining";
    case ClusterState::deleted:
      return "deleted";
  }
  return "";
}

std::optional<ClusterState> clusterStateOf(std::string_view text) {
  for (ClusterState state :
       {ClusterState::running, ClusterState::draining, ClusterState::deleted}) {
    if (text == name(state)) return state;
  }
  return std::nullopt;
}

std::string faultInChange(const ClusterSetting& present, const ClusterSetting& wanted, bool live,
                          bool force) {
  using enum ClusterState;
  if (present.state == wanted.state) return "";
  std::string step = std::string(name(present.state)) + " to " + name(wanted.state);
  std::string refused = "Cluster state transition from " + step + " is not valid";
  if (present.state == deleted) return refused + ": deleted is final.";
  if (wanted.state == deleted && present.state != draining) {
    return refused + ": it must drain first.";
  }
  if (wanted.state == deleted && live) return refused + ": instances are live there.";
  if (present.locked && !force) {
    return "Attempting to change cluster state from " + step +
           " but not able because it is locked.";
  }
  return "";
}

}  // namespace maitred::cook
