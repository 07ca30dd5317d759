#pragma once
// The bodies of requests about the system itself, read and checked by themselves: what throws
// SchemaError has the wrong shape, what throws Refused the wrong content.

#include "fields.h"

#include <core/cluster-states.h>
#include <store/administration.h>

namespace maitred::cook {

// POST and PUT /compute-clusters.
struct ClusterChange {
  std::string name;
  ClusterState state = ClusterState::running;
  std::optional<bool> locked;  // nothing: as it is
  std::string clusterTemplate;
  // Of base-path, ca-cert, template, location and features what was given.
  nlohmann::json facts = nlohmann::json::object();
};
ClusterChange readClusterChange(const nlohmann::json& body);

// DELETE /compute-clusters: the name; empty if there is none.
std::string readClusterName(const nlohmann::json& body);

// POST /incremental-config.
std::vector<IncrementalRow> readIncremental(const nlohmann::json& body);

// POST /shutdown-leader: the reason.
std::string readShutdown(const nlohmann::json& body);

}  // namespace maitred::cook
