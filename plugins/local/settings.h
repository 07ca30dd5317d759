#pragma once
// The configuration with every default filled in, as the backend uses it.

#include "accounts.h"
#include "cgroup/cgroup.h"
#include "core/environment.h"
#include "core/retention.h"

#include <maitred/backend/types.h>

#include <string>
#include <vector>

namespace maitred::local {

struct NodeSettings {
  backend::NodeFacts facts;    // with the port range in its capacity
  std::string address;         // IPv4, dotted
};

struct Settings {
  std::string instance = "local";
  std::string cluster = "local";
  std::vector<NodeSettings> nodes;
  RunAs runAs;
  std::string workFolder;      // absolute
  enum class LimitMode { automatic, v1, v2, watch, none };
  LimitMode limitMode = LimitMode::automatic;
  bool cpuQuota = false;
  RetentionRule retention{int64_t(7) * 24 * 3600 * 1'000'000'000, uint64_t(10) << 30};
  uint64_t uriBytesMax = uint64_t(2) << 30;
  uint32_t uriTimeoutMs = 600'000;
  std::string uriCaFile;       // empty: the system's authorities
  Variables environment;
  std::string urlHost;         // empty: the node's address
  uint16_t urlPort = 0;        // 0: no sandbox URLs
  bool urlSecure = false;      // https
  uint64_t readMax = 25'000'000;
  bool ignoreContainers = false;
  // A shim says so often that it is there; if it does not, its task counts as unreachable.
  uint32_t beatMs = 60'000;
  int64_t silenceMs = 300'000;
  int64_t tidyMs = 10'000;     // between two rounds of housekeeping
};

// What this machine has. The folder need not exist yet; blocking.
backend::Amounts machineCapacity(const std::string& folder);
std::string machineName();

}  // namespace maitred::local
