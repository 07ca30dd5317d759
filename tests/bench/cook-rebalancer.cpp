// The rebalancer: what a round costs with many tasks running and many jobs waiting.
#include <core/rebalancer.h>

#include <benchmark/benchmark.h>

#include <random>

namespace maitred::cook {
namespace {

constexpr std::int64_t GIB = std::int64_t{1} << 30;

// A few users hold all of the nodes; many others wait.
class World {
 public:
  World(std::int64_t hosts, std::int64_t running, std::int64_t pending) {
    book.shares("").set("default", {64.0 * 1024, 16, {}});
    std::int64_t perHost = running / hosts;
    for (std::int64_t i = 0; i < hosts; ++i) {
      std::string id = "node-" + std::to_string(i);
      NodeFacts facts;
      facts.key = {"sim", id};
      facts.hostname = id + ".example";
      facts.capacity = {perHost * 1000, perHost * 4 * GIB, Amount::ANY_PORTS, 0};
      nodes.put(facts, {facts.capacity, 0, 1});
      for (std::int64_t k = 0; k < perHost; ++k) {
        Job& job = add("holder-" + std::to_string(random() % 50), 1, 4096);
        Uuid task = Uuid::fromRandom(random(), random());
        nodes.hold(facts.key, task, Amount::of(job.spec), true);
        book.start(job, task, {"sim", id, facts.hostname}, ++now);
      }
    }
    for (std::int64_t i = 0; i < pending; ++i) {
      double cpus = 1 + random() % 8;
      add("waiter-" + std::to_string(random() % 200), cpus, 4096 * cpus);
    }
    book.takeChanges(SIZE_MAX);
  }

  RebalanceResult round(PreemptionPolicy* policy = nullptr) {
    RebalanceOptions options;
    options.preemptionMost = 128;
    options.scoreGainLeast = 0.5;
    return rebalance(book, nodes, builtInScorer(false), policy, options, now);
  }

 private:
  Book book;
  NodeTable nodes;
  std::mt19937_64 random{42};
  std::int64_t now = 1'000'000;

  Job& add(const std::string& user, double cpus, double mem) {
    Job job;
    job.spec.id = Uuid::fromRandom(random(), random());
    job.spec.user = user;
    job.spec.cpus = cpus;
    job.spec.mem = mem;
    job.order = book.nextOrder();
    job.sequence = book.nextSequence();
    job.submittedMs = job.waitingSinceMs = now;
    return *book.add(std::move(job));
  }
};

// Allows everything and asks for the same as Cook's rule: what a policy costs but for its language.
class Asking final : public PreemptionPolicy {
 public:
  std::optional<bool> mayPreempt(const TaskView& task, const JobView& job) override {
    return task.score > job.score;
  }
  std::optional<double> gain(std::span<const TaskView> tasks, const JobView& job) override {
    return tasks.back().score - job.score;
  }
};

void round(benchmark::State& state, PreemptionPolicy* policy) {
  World world(state.range(0), state.range(1), state.range(2));
  std::size_t decisions = 0, victims = 0;
  for (auto _ : state) {
    RebalanceResult result = world.round(policy);
    decisions = result.decisions.size();
    victims = 0;
    for (const Decision& one : result.decisions) victims += one.tasks;
  }
  state.counters["decisions"] = static_cast<double>(decisions);
  state.counters["victims"] = static_cast<double>(victims);
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->Args({16, 10'240, 1'024})->Args({10'000, 100'000, 1'024});
  bench->Args({10'000, 100'000, 100'000});
  bench->ArgNames({"hosts", "running", "pending"})->Unit(benchmark::kMillisecond);
}

void RoundOf128(benchmark::State& state) {
  round(state, nullptr);
}
BENCHMARK(RoundOf128)->Apply(sizes);

void RoundOf128WithAPolicy(benchmark::State& state) {
  Asking policy;
  round(state, &policy);
}
BENCHMARK(RoundOf128WithAPolicy)->Apply(sizes);

}  // namespace
}  // namespace maitred::cook
