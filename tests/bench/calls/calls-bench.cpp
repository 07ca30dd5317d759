// What a call to a plugin costs, without any work in it. Beside the design's figures
// (docs/internals/benchmarks.md):
//   build/release/bench/bench-calls
#include "statuses.h"

#include <maitred/async.h>
#include <maitred/testing/harness.h>

#include <bench-target.capnp.h>

#include <benchmark/benchmark.h>

#include <filesystem>

namespace maitred::bench {
namespace {

using testing::Isolation;
using testing::PluginUnderTest;

std::string library() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bench-target.so";
}

// One or two targets on a loop of their own; with two, the first may call the second through this
// process, as plugins do through the core.
struct Rig {
  explicit Rig(Isolation isolation, bool withNext = false)
      : target(io, {.library = library(), .isolation = isolation}) {
    if (withNext) {
      next = kj::heap<PluginUnderTest>(
          io, PluginUnderTest::Options{.library = library(), .isolation = isolation});
      next->start();
      target.grant("next", "next", capnp::typeId<Target>(), next->provided<Target>());
    }
    target.start();
  }

  Async<void> pings(uint32_t count) {
    auto client = target.provided<Target>();
    for (uint32_t i = 0; i < count; ++i) co_await client.pingRequest().send().ignoreResult();
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::Own<PluginUnderTest> next;
  PluginUnderTest target;
};

Isolation isolationOf(const benchmark::State& state) {
  return state.range(0) == 0 ? Isolation::inlined : Isolation::process;
}

void OneAtATime(benchmark::State& state) {
  Rig rig(isolationOf(state));
  auto client = rig.target.provided<Target>();
  for (auto _ : state) client.pingRequest().send().wait(rig.io.waitScope);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(OneAtATime)->ArgName("process")->Arg(0)->Arg(1)->UseRealTime();

void InFlight256(benchmark::State& state) {
  Rig rig(isolationOf(state));
  constexpr uint32_t kLanes = 256;
  for (auto _ : state) {
    auto lanes = kj::heapArrayBuilder<kj::Promise<void>>(kLanes);
    for (uint32_t i = 0; i < kLanes; ++i) lanes.add(rig.pings(20));
    kj::joinPromises(lanes.finish()).wait(rig.io.waitScope);
  }
  state.SetItemsProcessed(state.iterations() * kLanes * 20);
}
BENCHMARK(InFlight256)->ArgName("process")->Arg(0)->Arg(1)->UseRealTime();

void BatchOf2000(benchmark::State& state) {
  Rig rig(isolationOf(state));
  auto client = rig.target.provided<Target>();
  for (auto _ : state) {
    auto request = client.takeRequest();
    fillStatuses(request.initBatch(), 2000);
    benchmark::DoNotOptimize(request.send().wait(rig.io.waitScope).getDurable());
  }
  state.SetItemsProcessed(state.iterations() * 2000);
}
BENCHMARK(BatchOf2000)->ArgName("process")->Arg(0)->Arg(1)->UseRealTime();

// Plugin to plugin, both in processes of their own, through this one. Time is taken by the calling
// plugin.
void PluginToPlugin(benchmark::State& state) {
  Rig rig(Isolation::process, true);
  auto client = rig.target.provided<Target>();
  uint32_t inFlight = state.range(0);
  uint32_t statuses = state.range(1);
  uint32_t calls = statuses > 0 ? 20 : 2560;
  for (auto _ : state) {
    auto request = client.driveRequest();
    request.setCalls(calls);
    request.setInFlight(inFlight);
    request.setStatuses(statuses);
    state.SetIterationTime(request.send().wait(rig.io.waitScope).getNanoseconds() * 1e-9);
  }
  state.SetItemsProcessed(state.iterations() * calls * (statuses > 0 ? statuses : 1));
  state.counters["per_call"] =
      benchmark::Counter(static_cast<double>(state.iterations() * calls),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(PluginToPlugin)
    ->ArgNames({"in_flight", "statuses"})
    ->Args({1, 0})
    ->Args({256, 0})
    ->Args({1, 2000})
    ->UseManualTime();

// From fork to the first answer of a fresh worker.
void WorkerToFirstAnswer(benchmark::State& state) {
  auto io = kj::setupAsyncIo();
  for (auto _ : state) {
    PluginUnderTest plugin(io, {.library = library()});
    plugin.client().healthRequest().send().wait(io.waitScope);
    state.PauseTiming();
    plugin.kill();
    state.ResumeTiming();
  }
}
BENCHMARK(WorkerToFirstAnswer)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace maitred::bench

BENCHMARK_MAIN();
