// What it costs the queue's loop to record its cycles: the same ones with and without. Records are
// dropped as soon as they are made; packing and writing them is another thread's work, whose cost
// and size `Pack` shows.
#include <case/framing.h>
#include <case/recorder.h>

#include <benchmark/benchmark.h>

#include <random>

namespace maitred::cook {
namespace {

constexpr int USERS = 500;
constexpr int NODES = 10'000;
constexpr std::int64_t GIB = std::int64_t{1} << 30;

class World {
 public:
  Book book;
  NodeTable nodes;
  std::unique_ptr<Recorder> recorder;
  std::vector<Recorder::Message> kept;
  bool keeps = false;

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
  void submit(std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i, ++now) {
      Job job;
      job.spec.id = Uuid::fromRandom(random(), random());
      job.spec.user = "user-" + std::to_string(random() % USERS);
      job.spec.cpus = 1 + static_cast<double>(random() % 4);
      job.spec.mem = 1024.0 * static_cast<double>(1 + random() % 8);
      job.spec.priority = 40 + 10 * static_cast<std::int64_t>(random() % 3);
      job.order = book.nextOrder();
      job.sequence = book.nextSequence();
      job.submittedMs = job.waitingSinceMs = now;
      book.add(std::move(job));
    }
  }
  void record(bool wanted) {
    if (!wanted) return;
    recorder = std::make_unique<Recorder>(book, nodes, Recorder::Origin{"0.1.0", "cook", {1, 2}},
                                          [this](Recorder::Message record) {
                                            if (keeps) kept.push_back(kj::mv(record));
                                          });
    recorder->beginFile(now);
    while (recorder->snapshotPart(2000)) {
    }
  }
  CycleResult cycle() {
    CycleOptions options;
    ++now;
    auto decide = [&](const CycleOptions& asked) {
      return runCycle(book, nodes, builtInScorer(false), nullptr, asked, now,
                      [this] { return Uuid::fromRandom(random(), random()); });
    };
    CycleResult result = recorder ? recorder->cycle(options, now, {}, decide) : decide(options);
    book.takeChanges(SIZE_MAX);
    return result;
  }
  void end(const CycleResult::Started& one) {
    nodes.letGo(one.node, one.taskId);
    nodes.setRoom(one.node, {nodes.find(one.node)->facts.capacity, 0, ++generation});
    Report report;
    report.status = InstanceStatus::success;
    report.atMs = now;
    book.report(one.taskId, report, now);
  }

  std::mt19937_64 random{42};
  std::int64_t now = 1'000'000;
  std::uint64_t generation = 1;
};

void recorded(benchmark::internal::Benchmark* bench) {
  bench->ArgName("recorded")->Arg(0)->Arg(1);
}

// 1,000 placements on nodes with room; all of them end before the next.
void CycleOf1000(benchmark::State& state) {
  World world;
  world.submit(300'000);
  world.record(state.range(0) != 0);
  std::int64_t placed = 0;
  for (auto _ : state) {
    CycleResult result = world.cycle();
    placed += static_cast<std::int64_t>(result.started.size());
    state.PauseTiming();
    for (const auto& one : result.started) world.end(one);
    world.submit(1000);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(placed);
}
BENCHMARK(CycleOf1000)->Apply(recorded)->Unit(benchmark::kMillisecond);

// A submission, the cycle that starts it, its end, and the cycle after it.
void LifeOfAJob(benchmark::State& state) {
  World world(100);
  world.record(state.range(0) != 0);
  for (auto _ : state) {
    world.submit(1);
    CycleResult result = world.cycle();
    for (const auto& one : result.started) world.end(one);
    world.cycle();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(LifeOfAJob)->Apply(recorded)->Unit(benchmark::kMicrosecond);

// A cycle that has nothing to decide.
void EmptyCycle(benchmark::State& state) {
  World world(100);
  world.record(state.range(0) != 0);
  for (auto _ : state) benchmark::DoNotOptimize(world.cycle());
}
BENCHMARK(EmptyCycle)->Apply(recorded)->Unit(benchmark::kMicrosecond);

// One turn of a snapshot: 2,000 jobs.
void SnapshotPart(benchmark::State& state) {
  World world(100);
  world.submit(1'000'000);
  world.record(true);
  world.recorder->beginFile(world.now);
  for (auto _ : state) {
    if (world.recorder->snapshotPart(2000)) continue;
    state.SkipWithError("the snapshot is complete: fewer iterations please");
    break;
  }
}
BENCHMARK(SnapshotPart)->Iterations(400)->Unit(benchmark::kMicrosecond);

// Packing the records of a snapshot of 100,000 jobs, and the bytes that a job takes.
void Pack(benchmark::State& state) {
  World world(100);
  world.submit(100'000);
  world.keeps = true;
  world.record(true);
  std::string bytes;
  for (auto _ : state) {
    bytes.clear();
    for (auto& record : world.kept) appendFrame(bytes, *record);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
  state.counters["bytes_per_job"] = static_cast<double>(bytes.size()) / 100'000;
}
BENCHMARK(Pack)->Unit(benchmark::kMillisecond);

// Bytes of a job's whole life in the file.
void BytesOfALife(benchmark::State& state) {
  std::string bytes;
  for (auto _ : state) {
    World world(100);
    world.keeps = true;
    world.record(true);
    world.kept.clear();
    for (int i = 0; i < 10'000; ++i) {
      world.submit(1);
      CycleResult result = world.cycle();
      for (const auto& one : result.started) world.end(one);
      world.cycle();
    }
    bytes.clear();
    for (auto& record : world.kept) appendFrame(bytes, *record);
  }
  state.counters["alone"] = static_cast<double>(bytes.size()) / 10'000;
}
BENCHMARK(BytesOfALife)->Iterations(1);

}  // namespace
}  // namespace maitred::cook
