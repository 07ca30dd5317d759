#pragma once
// Groups: jobs that say together where their instances may run and when one of them is too slow.

#include "types.h"

namespace maitred::cook {

// Where an instance may run, given the hosts of the group's other live instances (cohosts).
struct HostPlacement {
  enum class Type : std::uint8_t {
    all,              // anywhere
    unique,           // on a host of its own
    balanced,         // spread evenly over the values of the attribute, over `minimum` at least
    attributeEquals,  // where the attribute has a value that it has on a cohost
  };
  Type type = Type::all;
  std::string attribute;  // of nodes; HOSTNAME counts as one
  int minimum = 1;        // of distinct values
  bool operator==(const HostPlacement&) const = default;
};

// When an instance is stopped because others of the group took so much less time.
struct StragglerHandling {
  enum class Type : std::uint8_t {
    none,
    quantileDeviation,  // it runs longer than `multiplier` times the quantile of the successes
  };
  Type type = Type::none;
  double quantile = 0.5;  // above 0, below 1
  double multiplier = 2;  // above 1
  bool operator==(const StragglerHandling&) const = default;
};

struct GroupSpec {
  Uuid id;
  std::string name = "defaultgroup";
  HostPlacement placement;
  StragglerHandling stragglers;
  bool operator==(const GroupSpec&) const = default;
};

// Where a live instance of a group is.
struct Cohost {
  Symbol cluster;
  Symbol nodeId;
  Symbol hostname;
  friend bool operator<(const Cohost& a, const Cohost& b) {
    // Equal texts are one object; which order it is does not matter, but it is the same each time.
    if (!(a.nodeId == b.nodeId)) return a.nodeId < b.nodeId;
    if (!(a.cluster == b.cluster)) return a.cluster < b.cluster;
    return a.hostname < b.hostname;
  }
};
// With how many instances are there.
using Cohosts = std::map<Cohost, int>;

}  // namespace maitred::cook
