#pragma once
// A pool for tests of the core: jobs, nodes, and cycles without a backend.

#include <core/cycle.h>
#include <core/rebalancer.h>

namespace maitred::cook {

class PoolWorld {
 public:
  static constexpr const char* POOL = "p";
  static constexpr std::int64_t MIB = 1024 * 1024;

  PoolWorld() { setPool({}); }

  Book book;
  NodeTable nodes;
  CycleOptions options{.queue = {.pool = POOL}};
  std::int64_t now = 1'000'000;

  // Its name is set here.
  void setPool(Pool pool) {
    pool.name = POOL;
    book.setPools(Pools({pool}, POOL));
  }
  static Amount amount(double cpus, double mem) {
    return {static_cast<std::int64_t>(cpus * 1000), static_cast<std::int64_t>(mem * MIB),
            Amount::ANY_PORTS, 0};
  }
  NodeFacts facts(const std::string& id, double cpus, double mem) {
    NodeFacts made;
    made.key = {"local", id};
    made.hostname = id;
    made.capacity = amount(cpus, mem);
    made.pool = POOL;
    return made;
  }
  // All of it is free but for what we hold there.
  void put(const NodeFacts& facts, Kinds disk = {}) {
    nodes.put(facts, {facts.capacity, 0, 1, std::move(disk)});
  }
  void node(const std::string& id, double cpus, double mem) { put(facts(id, cpus, mem)); }

  // Not in the book yet.
  Job make(const std::string& user, double cpus, double mem) {
    Job job;
    job.spec.id = {1, ++ids};
    job.spec.user = user;
    job.spec.pool = POOL;
    job.spec.cpus = cpus;
    job.spec.mem = mem;
    job.spec.maxRetries = 100;
    job.order = book.nextOrder();
    job.sequence = book.nextSequence();
    job.submittedMs = job.waitingSinceMs = now;
    return job;
  }
  Job& add(Job job) { return *book.add(std::move(job)); }
  Job& submit(const std::string& user, double cpus, double mem) {
    return add(make(user, cpus, mem));
  }
  Uuid start(Job& job, const std::string& node) {
    Uuid task{2, ++ids};
    nodes.hold({"local", node}, task, Amount::of(job.spec), true);
    book.start(job, task, {"local", node, node}, now++);
    return task;
  }
  Job& running(const std::string& user, double cpus, double mem, const std::string& node) {
    Job& job = submit(user, cpus, mem);
    start(job, node);
    return job;
  }
  void end(const Uuid& task, InstanceStatus status, int reason = 0) {
    auto found = book.findTask(task);
    nodes.letGo({found.instance->cluster, found.instance->nodeId}, task);
    Report news;
    news.status = status;
    news.reason = reason;
    news.atMs = now++;
    book.report(task, news, now);
  }
  CycleResult cycle() {
    return runCycle(book, nodes, builtInScorer(false), nullptr, options, ++now,
                    [this] { return Uuid{2, ++ids}; });
  }
  // Where the job's live instance is; empty: it has none.
  static std::string placeOf(const Job& job) {
    const Instance* live = job.live();
    return live == nullptr ? std::string() : live->hostname.str();
  }

  std::uint64_t ids = 0;
};

}  // namespace maitred::cook
