// The queue's core without store, network and clock: what a cycle, a submission and an end cost
// with many jobs waiting, and what a waiting job takes of memory.
#include <core/cycle.h>

#include <benchmark/benchmark.h>

#include <malloc.h>
#include <random>

namespace maitred::cook {
namespace {

constexpr int USERS = 500;
constexpr int NODES = 10'000;
constexpr std::int64_t GIB = std::int64_t{1} << 30;

std::size_t heapBytes() {
  auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

class World {
 public:
  Book book;
  NodeTable nodes;

  explicit World(int nodeCount = NODES) {
    book.shares("").set("default", {1 << 20, 256, {}});
    for (int i = 0; i < nodeCount; ++i) {
      std::string id = "node-" + std::to_string(i);
      NodeFacts facts;
      facts.key = {"sim", id};
      facts.hostname = id + ".example";
      facts.capacity = {64'000, 256 * GIB, Amount::ANY_PORTS, 0};
      nodes.put(facts, {facts.capacity, 0, 1});
    }
  }

  Job make() {
    Job job;
    job.spec.id = Uuid::fromRandom(random(), random());
    job.spec.user = "user-" + std::to_string(random() % USERS);
    job.spec.name = "nightly-report";
    job.spec.command = "/usr/bin/python3 -m reports.nightly --day 2026-11-22 --part " +
                       std::to_string(random() % 100'000);
    job.spec.cpus = 1 + random() % 4;
    job.spec.mem = 1024.0 * (1 + random() % 8);
    job.spec.priority = 40 + 10 * (random() % 3);
    job.order = book.nextOrder();
    job.sequence = book.nextSequence();
    job.submittedMs = job.waitingSinceMs = now;
    return job;
  }
  void submit(std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i, ++now) book.add(make());
  }
  void complete(std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i, ++now) {
      Job& job = *book.add(make());
      Uuid task = Uuid::fromRandom(random(), random());
      book.start(job, task, {"sim", "node-1", "node-1.example"}, now);
      end(task);
    }
    book.takeChanges(SIZE_MAX);
  }
  void end(const Uuid& task) {
    Report report;
    report.status = InstanceStatus::success;
    report.atMs = now;
    book.report(task, report, now);
  }
  CycleResult cycle(std::size_t most = 1000) {
    CycleOptions options;
    options.considerableMost = most;
    CycleResult result = runCycle(book, nodes, builtInScorer(false), nullptr, options, ++now,
                                  [this] { return Uuid::fromRandom(random(), random()); });
    book.takeChanges(SIZE_MAX);
    return result;
  }
  void undo(const CycleResult& result) {
    for (const auto& one : result.started) {
      nodes.letGo(one.node, one.taskId);
      book.withdraw(one.taskId, now);
    }
    book.takeChanges(SIZE_MAX);
  }
  // Ends one of the tasks that were started in turn.
  void endOldest(std::vector<CycleResult::Started>& alive, std::size_t& at) {
    auto& one = alive[at++ % alive.size()];
    nodes.letGo(one.node, one.taskId);
    nodes.setRoom(one.node, {nodes.find(one.node)->facts.capacity, 0, ++generation});
    end(one.taskId);
    CycleResult result = cycle();
    if (!result.started.empty()) one = result.started.front();
  }

  std::mt19937_64 random{42};
  std::int64_t now = 1'000'000;
  std::uint64_t generation = 1;
};

void sizes(benchmark::internal::Benchmark* bench) {
  for (std::int64_t waiting : {1'000, 10'000, 100'000, 1'000'000}) bench->Args({waiting, 0});
  bench->Args({1'000'000, 1'000'000});
  bench->ArgNames({"waiting", "completed"})->Unit(benchmark::kMillisecond);
}

// One cycle of up to 1,000 placements on empty nodes.
void CycleOf1000(benchmark::State& state) {
  World world;
  world.complete(state.range(1));
  world.submit(state.range(0));
  std::int64_t placed = 0;
  for (auto _ : state) {
    CycleResult result = world.cycle();
    placed += static_cast<std::int64_t>(result.started.size());
    state.PauseTiming();
    world.undo(result);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(placed);
}
BENCHMARK(CycleOf1000)->Apply(sizes);

// Cycles of 1,000 placements one after the other while the nodes fill up.
void FillingUp(benchmark::State& state) {
  World world;
  world.submit(state.range(0));
  std::int64_t placed = 0;
  for (auto _ : state) {
    CycleResult result = world.cycle();
    placed += static_cast<std::int64_t>(result.started.size());
    if (result.started.size() == 1000) continue;
    state.SkipWithError("the nodes are full: fewer iterations please");
    break;
  }
  state.SetItemsProcessed(placed);
}
BENCHMARK(FillingUp)->Arg(1'000'000)->Iterations(200)->Unit(benchmark::kMillisecond);

// A task ends, its node has room again, a cycle places the next job there; all else is full.
void EndOfATask(benchmark::State& state) {
  World world(100);
  world.complete(state.range(1));
  world.submit(state.range(0) + 20'000);
  std::vector<CycleResult::Started> alive;
  for (int i = 0; i < 20; ++i) {
    for (auto& one : world.cycle().started) alive.push_back(one);
  }
  std::size_t at = 0;
  for (auto _ : state) world.endOldest(alive, at);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(EndOfATask)->Apply(sizes)->Unit(benchmark::kMicrosecond);

// A cycle on nodes that have some room, but not enough for any job.
void CycleWithoutRoom(benchmark::State& state) {
  World world(0);
  for (int i = 0; i < NODES; ++i) {
    NodeFacts facts;
    facts.key = {"sim", "node-" + std::to_string(i)};
    facts.capacity = {64'000, 256 * GIB, Amount::ANY_PORTS, 0};
    world.nodes.put(facts, {{500 + i % 499, GIB / 2, 0, 0}, 0, 1});
  }
  world.submit(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(world.cycle());
}
BENCHMARK(CycleWithoutRoom)->Arg(1'000)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);

// A user who has all that their quota allows and half a million jobs waiting.
void UserAboveQuota(benchmark::State& state) {
  World world;
  world.book.quotas("").set("flood", {.count = 10});
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    Job job = world.make();
    job.spec.user = "flood";
    world.book.add(std::move(job));
  }
  world.cycle();
  for (auto _ : state) benchmark::DoNotOptimize(world.cycle());
}
BENCHMARK(UserAboveQuota)->Arg(1'000)->Arg(500'000)->Unit(benchmark::kMicrosecond);

// A submission enters the book and leaves it again by being killed and forgotten.
void SubmitKillForget(benchmark::State& state) {
  World world(1);
  world.complete(state.range(1));
  world.submit(state.range(0));
  for (auto _ : state) {
    Job& job = *world.book.add(world.make());
    world.book.kill(job, world.now);
    world.book.forget(job);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(SubmitKillForget)->Apply(sizes)->Unit(benchmark::kMicrosecond);

// Heap bytes per job, everything that the book keeps for it included.
void BytesPerJob(benchmark::State& state) {
  for (auto _ : state) {
    World world(1);
    world.submit(1000);
    std::size_t before = heapBytes();
    world.submit(state.range(0));
    state.counters["waiting"] = static_cast<double>(heapBytes() - before) / state.range(0);
    before = heapBytes();
    world.complete(state.range(0));
    state.counters["completed"] = static_cast<double>(heapBytes() - before) / state.range(0);
  }
}
BENCHMARK(BytesPerJob)->Arg(100'000)->Arg(1'000'000)->Iterations(1);

}  // namespace
}  // namespace maitred::cook
