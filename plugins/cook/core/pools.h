#pragma once
// Pools: partitions that are scheduled apart, each with its own queue, shares, quotas and usage.

#include "quotas.h"

#include <vector>

namespace maitred::cook {

enum class DruMode : std::uint8_t {
  standard,  // `default` to clients: the larger of memory and cpus
  gpu,       // gpus alone
};

// Free disk that a job needs on its node, in a pool that looks at it.
struct DiskRule {
  double defaultMib = 10'240;                // of jobs that do not say
  std::string defaultType;                   // likewise
  std::map<std::string, std::string> types;  // from the jobs' names of types to the nodes'
  bool operator==(const DiskRule&) const = default;
};

struct Pool {
  std::string name;
  std::string purpose;
  bool active = true;  // inactive: no submissions, no scheduling; what is there stays visible
  DruMode druMode = DruMode::standard;
  // For all users together, on top of what each may have. Launch rates mean nothing here.
  std::optional<Quota> quota;
  // Pools of one group share the quota that Pools has under this name; empty: none.
  std::string quotaGroup;
  // Of jobs that do not constrain the same attribute themselves; see userRules().
  std::vector<AttributeRule> defaultConstraints = {};
  std::string gpuModel = {};  // of jobs that want gpus and name none; empty: any
  std::optional<DiskRule> disk = {};
  bool operator==(const Pool&) const = default;
};

class Pools {
 public:
  // Without pools there is one partition, which has no name; clients are told no-pool.
  Pools() : Pools(Pool()) {}
  explicit Pools(Pool nameless);
  // Throws std::invalid_argument, with the name at fault, unless names are unique and not empty and
  // `defaultPool` is among them. `groups`: quotas by the name of the group.
  Pools(std::vector<Pool> pools, std::string defaultPool, std::map<std::string, Quota> groups = {});

  // Whether clients see pools at all.
  bool named() const { return !defaultPool_.empty(); }
  const std::string& defaultPool() const { return defaultPool_; }
  // In the config's order. Without pools the one that has no name.
  const std::vector<Pool>& all() const { return pools; }
  // Null: there is none of that name.
  const Pool* find(std::string_view name) const;
  // What a job or a record that names no pool belongs to.
  const std::string& resolve(const std::string& name) const {
    return name.empty() ? defaultPool_ : name;
  }
  // The pool of a node, of which a backend says that it is in `told`. With a single pool every node
  // is in it. One that nobody knows is kept: nothing is scheduled there.
  const std::string& ofNode(const std::string& told) const;

  // The quota that the pool shares with others; null if it shares none.
  const Quota* groupQuota(const Pool& pool) const;
  // The pools of one group, itself included.
  std::vector<const Pool*> groupOf(const Pool& pool) const;

 private:
  std::vector<Pool> pools;
  std::string defaultPool_;
  std::map<std::string, Quota> groups;
};

// How often pools should be matched, ms: each one every 3 s, one of them every 100 ms at most. The
// head rule's pace; see head-rule.h.
std::int64_t matchIntervalMs(std::size_t pools);

}  // namespace maitred::cook
