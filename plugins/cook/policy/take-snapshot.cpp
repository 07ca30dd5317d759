#include "snapshot.h"

#include <core/constraints.h>

#include <algorithm>

namespace maitred::cook {
namespace {

class Taker {
 public:
  Taker(Book& book, const NodeTable& table, const CycleOptions& options,
        const SnapshotLimits& limits)
      : book(book), table(table), options(options), limits(limits), pool(options.queue.pool) {}

  Snapshot take() {
    out.pool = pool;
    out.considerable = options.considerableMost;
    out.goodEnough = options.goodEnough;
    out.overQuotaMost = options.queue.overQuotaMost;
    addNodes();
    addUsers();
    addJobs();
    addRunning();
    addPoolQuota();
    return std::move(out);
  }

 private:
  void addNodes() {
    for (const auto& [key, node] : table.all()) {
      if (node->facts.pool != pool) continue;
      ++out.nodesKnown;
      if (out.nodes.size() == limits.nodes) continue;
      places.emplace(key, static_cast<int>(out.nodes.size()));
      known.push_back(node.get());
      Snapshot::NodeState state;
      state.name = node->facts.hostname;
      state.cluster = key.cluster;
      state.id = key.nodeId;
      state.capacity = node->facts.capacity;
      state.free = node->free();
      state.ready = node->facts.ready && node->closedUntilMs <= options.steadyMs.value_or(0);
      for (const auto& [name, values] : node->facts.attributes) {
        if (!values.empty()) state.attributes.emplace_back(name, values.front());
      }
      out.nodes.push_back(std::move(state));
    }
  }

  void addUsers() {
    for (const auto& [name, user] : book.ranking(pool).users()) {
      if (user.tasks.empty()) continue;
      out.users.push_back({name, book.shares(pool).of(name), book.quotas(pool).of(name),
                           user.served, user.tasks.waitingCount()});
      out.jobsWaiting += user.tasks.waitingCount();
      out.tasksRunning += user.tasks.runningCount();
    }
  }

  // So many of each user that all of them together stay within the limit.
  std::size_t depth() const {
    std::size_t most = limits.jobsPerUser;
    for (;; most = most * 3 / 4) {
      std::size_t sum = 0;
      for (const auto& user : out.users) sum += std::min(user.waiting, most);
      if (sum <= limits.jobs || most <= 1) return std::max<std::size_t>(1, most);
    }
  }

  void addJobs() {
    std::size_t most = depth();
    for (const auto& user : out.users) {
      const PoolRanking::User* found = book.ranking(pool).find(user.name);
      UserWalk walk(found->tasks, user.share, {});
      for (std::size_t i = 0; i < most && !walk.done(); ++i, walk.advance()) {
        out.jobs.push_back(jobOf(*walk.job()));
      }
    }
  }

  Snapshot::WaitingJob jobOf(const Job& job) const {
    const JobSpec& spec = job.spec;
    Snapshot::WaitingJob out;
    out.id = spec.id;
    out.user = spec.user.str();
    out.name = spec.name;
    out.cpus = spec.cpus;
    out.mem = spec.mem;
    out.gpus = spec.gpus;
    out.ports = spec.ports;
    out.priority = spec.priority;
    out.submittedMs = job.submittedMs;
    out.runtimeMs = expectedRuntimeMs(spec);
    out.labels = spec.labels;
    std::vector<AttributeRule> rules = userRules(spec, book.pools().find(pool));
    auto meets = [](const Node& node) {
      return [&node](const AttributeRule& rule) { return node.has(rule); };
    };
    out.constrained = !rules.empty();
    for (std::size_t i = 0; out.constrained && i < known.size(); ++i) {
      bool suits = std::all_of(rules.begin(), rules.end(), meets(*known[i]));
      if (suits) out.nodes.push_back(static_cast<int>(i));
    }
    return out;
  }

  int placeOf(const Instance& live) const {
    auto found = places.find({live.cluster.str(), live.nodeId.str()});
    return found == places.end() ? -1 : found->second;
  }

  void addRunning() {
    std::map<std::tuple<std::string, std::int64_t, int>, Usage> sums;
    std::vector<std::pair<std::int64_t, const Job*>> latest;
    for (const auto& user : out.users) {
      book.ranking(pool).find(user.name)->tasks.eachRunning([&](const Job& job) {
        const Instance* live = job.live();
        int node = live == nullptr ? -1 : placeOf(*live);
        sums[{user.name, job.spec.priority, node}] += job.usage();
        if (node >= 0) latest.emplace_back(live->startMs, &job);
      });
    }
    for (const auto& [key, held] : sums) {
      out.running.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), held});
    }
    std::sort(latest.begin(), latest.end(), [](const auto& a, const auto& b) {
      return std::pair(a.first, a.second->order) < std::pair(b.first, b.second->order);
    });
    std::size_t from = latest.size() - std::min(latest.size(), limits.seats);
    for (std::size_t i = from; i < latest.size(); ++i) {
      const Job& job = *latest[i].second;
      out.seats.push_back({jobOf(job), placeOf(*job.live())});
    }
  }

  // The pool's own quota, and what the other pools of its group leave of theirs.
  void addPoolQuota() {
    const Pool* facts = book.pools().find(pool);
    if (facts == nullptr) return;
    out.gpuMode = facts->druMode == DruMode::gpu;
    out.poolQuota = facts->quota;
    const Quota* shared = book.pools().groupQuota(*facts);
    if (shared == nullptr) return;
    Quota left = *shared;
    for (const Pool* member : book.pools().groupOf(*facts)) {
      if (member->name == pool) continue;
      Usage theirs = book.usage(member->name);
      left.mem -= theirs.mem;
      left.cpus -= theirs.cpus;
      left.gpus -= theirs.gpus;
      left.count -= theirs.count;
    }
    if (!out.poolQuota) out.poolQuota = Quota();
    out.poolQuota->mem = std::min(out.poolQuota->mem, left.mem);
    out.poolQuota->cpus = std::min(out.poolQuota->cpus, left.cpus);
    out.poolQuota->gpus = std::min(out.poolQuota->gpus, left.gpus);
    out.poolQuota->count = std::min(out.poolQuota->count, left.count);
  }

  Book& book;
  const NodeTable& table;
  const CycleOptions& options;
  const SnapshotLimits& limits;
  const std::string& pool;
  std::map<NodeKey, int> places;
  std::vector<const Node*> known;
  Snapshot out;
};

}  // namespace

Snapshot takeSnapshot(Book& book, const NodeTable& nodes, const CycleOptions& options,
                      const SnapshotLimits& limits) {
  return Taker(book, nodes, options, limits).take();
}

}  // namespace maitred::cook
