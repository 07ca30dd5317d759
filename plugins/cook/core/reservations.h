#pragma once
// Reservations: nodes on which several tasks were stopped for one job. Until that job has started
// other jobs keep off, so that the room which comes free bit by bit is not given away meanwhile.

#include "uuid.h"

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace maitred::cook {

struct NodeKey {
  std::string cluster;  // backend instance
  std::string nodeId;
  auto operator<=>(const NodeKey&) const = default;
};

class Reservations {
 public:
  using List = std::vector<std::pair<Uuid, NodeKey>>;

  // These are the pool's from now on, and no others. A job that has started since the last call
  // needs none and gets none; from now on it may again.
  void replace(const std::string& pool, const List& wanted) {
    Pool& its = pools[pool];
    its.byJob.clear();
    for (const auto& [job, node] : wanted) {
      if (!its.started.contains(job)) its.byJob.emplace(job, node);
    }
    its.started.clear();
    changed();
  }
  // As they were recorded, of all pools, in place of all that there are.
  void restore(const std::vector<std::tuple<std::string, Uuid, NodeKey>>& all) {
    if (all.empty() && nodes.empty()) return;
    pools.clear();
    for (const auto& [pool, job, node] : all) pools[pool].byJob.emplace(job, node);
    changed();
  }
  // The job has been matched, with whatever node.
  void matched(const std::string& pool, const Uuid& job) {
    auto at = pools.find(pool);
    if (at == pools.end()) return;
    if (at->second.byJob.erase(job) == 0) return;
    at->second.started.insert(job);
    changed();
  }
  // Drops those of jobs for which keep(job) is false.
  template <typename Keep>
  void retain(const std::string& pool, Keep&& keep) {
    auto at = pools.find(pool);
    if (at == pools.end() || at->second.byJob.empty()) return;
    if (std::erase_if(at->second.byJob, [&](const auto& one) { return !keep(one.first); }) != 0) {
      changed();
    }
  }

  bool none() const { return nodes.empty(); }
  // Grows whenever they may have become others.
  std::uint64_t generation() const { return generation_; }
  // Calls each(pool, job, node) for all of them.
  template <typename Each>
  void each(Each&& each) const {
    for (const auto& [name, pool] : pools) {
      for (const auto& [job, node] : pool.byJob) each(name, job, node);
    }
  }
  // Null: it has none.
  const NodeKey* of(const std::string& pool, const Uuid& job) const {
    auto at = pools.find(pool);
    if (at == pools.end()) return nullptr;
    auto found = at->second.byJob.find(job);
    return found == at->second.byJob.end() ? nullptr : &found->second;
  }
  // For how many jobs of the pool a node is kept.
  std::size_t count(const std::string& pool) const {
    auto at = pools.find(pool);
    return at == pools.end() ? 0 : at->second.byJob.size();
  }
  // Whether the node is kept for somebody.
  bool isReserved(const NodeKey& node) const { return nodes.contains(node); }

 private:
  struct Pool {
    std::map<Uuid, NodeKey> byJob;
    std::set<Uuid> started;  // that had a reservation, since the last replace()
  };
  std::map<std::string, Pool> pools;
  std::set<NodeKey> nodes;  // all that are reserved
  std::uint64_t generation_ = 0;

  void changed() {
    ++generation_;
    nodes.clear();
    for (const auto& [name, pool] : pools) {
      for (const auto& [job, node] : pool.byJob) nodes.insert(node);
    }
  }
};

}  // namespace maitred::cook
