#pragma once
// Containers that jobs ask for, as their text in JobSpec::extra has them.

#include <core/types.h>

#include <nlohmann/json_fwd.hpp>

namespace maitred::cook {

struct Container {
  struct Volume {
    std::string hostPath;
    std::string containerPath;  // empty: the same
    std::string mode;           // "RW", "RO"; empty: not said
    bool operator==(const Volume&) const = default;
  };
  struct PortMapping {
    std::int64_t hostPort = 0, containerPort = 0;
    std::string protocol;  // "TCP", …; empty: not said
    bool operator==(const PortMapping&) const = default;
  };
  std::string type = "DOCKER";  // or "MESOS"
  std::string image;
  // Of docker alone.
  std::string network;
  bool forcePull = false;
  Pairs parameters;  // in their order; a name may be there several times
  std::vector<PortMapping> ports;

  std::vector<Volume> volumes;
  bool isDocker() const { return type == "DOCKER"; }
  bool operator==(const Container&) const = default;
};

// With everything that was given: responses leave out the port mappings.
nlohmann::json jsonOf(const Container& container);
// Nothing: `extra`, as in JobSpec, names none. Throws std::exception if it is no JSON or holds what
// jsonOf() does not make.
std::optional<Container> containerOf(const std::string& extra);

}  // namespace maitred::cook
