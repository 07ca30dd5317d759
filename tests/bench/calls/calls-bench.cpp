// What a call to a plugin costs, without any work in it. Beside the design's figures
// (docs/internals/benchmarks.md):
//   build/release/bench/bench-calls
#include "host/runtime/edge.h"
#include "host/runtime/membrane.h"
#include "statuses.h"

#include <maitred/async.h>
#include <maitred/testing/harness.h>

#include <bench-target.capnp.h>

#include <benchmark/benchmark.h>

#include <filesystem>
#include <vector>

#include <malloc.h>
#include <signal.h>

namespace maitred::bench {
namespace {

using testing::Isolation;
using testing::PluginUnderTest;

std::string library() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bench-target.so";
}

// The same object without a plugin around it: what Cap'n Proto itself takes.
class BareTarget final : public Target::Server {
 public:
  kj::Promise<void> ping(PingContext) override { return kj::READY_NOW; }
};

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

// Behind what the host puts around a plugin: so many membranes, and an edge at last.
void Inside(benchmark::State& state) {
  auto io = kj::setupAsyncIo();
  Target::Client client = kj::heap<BareTarget>();
  std::vector<kj::Own<host::Revocable>> membranes;
  for (int i = 0; i < state.range(0); ++i) {
    membranes.push_back(kj::refcounted<host::Revocable>());
    client = membranes.back()->wrap(kj::mv(client));
  }
  host::Edge edge("a", "b", "c", {}, kj::systemPreciseMonotonicClock(), io.provider->getTimer(),
                  kj::systemPreciseCalendarClock());
  if (state.range(1) != 0) {
    edge.connect(kj::mv(client));
    client = edge.client().castAs<Target>();
  }
  // Without a hint 8 KiB are cleared for each message.
  kj::Maybe<capnp::MessageSize> hint;
  if (state.range(2) != 0) hint = capnp::MessageSize{4, 0};
  for (auto _ : state) client.pingRequest(hint).send().wait(io.waitScope);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Inside)
    ->ArgNames({"membranes", "edge", "hint"})
    ->Args({0, 0, 0})
    ->Args({0, 0, 1})
    ->Args({1, 0, 0})
    ->Args({2, 0, 0})
    ->Args({0, 1, 0})
    ->Args({2, 1, 0})
    ->UseRealTime();

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

void Batch(benchmark::State& state) {
  Rig rig(isolationOf(state));
  auto client = rig.target.provided<Target>();
  for (auto _ : state) {
    auto request = client.takeRequest();
    fillStatuses(request.initBatch(), state.range(1));
    benchmark::DoNotOptimize(request.send().wait(rig.io.waitScope).getDurable());
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
}
BENCHMARK(Batch)
    ->ArgNames({"process", "statuses"})
    ->ArgsProduct({{0, 1}, {2000, 30000}})
    ->UseRealTime();

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

// From the kill -9 of a worker to the DISCONNECTED of the call that it had.
void KilledWithACall(benchmark::State& state) {
  auto io = kj::setupAsyncIo();
  for (auto _ : state) {
    PluginUnderTest plugin(io, {.library = library()});
    plugin.start();
    auto client = plugin.provided<Target>();
    auto call = client.hangRequest().send().ignoreResult();
    client.pingRequest().send().wait(io.waitScope);  // the former has arrived
    auto began = kj::systemPreciseMonotonicClock().now();
    ::kill(plugin.processId(), SIGKILL);
    auto fault = kj::runCatchingExceptions([&]() { call.wait(io.waitScope); });
    auto took = kj::systemPreciseMonotonicClock().now() - began;
    state.SetIterationTime((took / kj::NANOSECONDS) * 1e-9);
    if (KJ_ASSERT_NONNULL(fault).getType() != kj::Exception::Type::DISCONNECTED) {
      state.SkipWithError("not told as DISCONNECTED");
    }
  }
}
BENCHMARK(KilledWithACall)->UseManualTime()->Unit(benchmark::kMillisecond);

// What a call holds in the process of its caller when the plugin has stopped reading. `hint`: with
// a size hint.
void UnansweredCall(benchmark::State& state) {
  Rig rig(Isolation::process);
  auto client = rig.target.provided<Target>();
  constexpr uint32_t kCalls = 10'000;
  double bytes = 0;
  for (auto _ : state) {
    kj::Vector<kj::Promise<void>> open(kCalls);
    ::kill(rig.target.processId(), SIGSTOP);
    auto before = mallinfo2();
    for (uint32_t i = 0; i < kCalls; ++i) {
      auto request =
          state.range(0) != 0 ? client.hangRequest(capnp::MessageSize{4, 0}) : client.hangRequest();
      open.add(request.send().ignoreResult());
    }
    rig.io.waitScope.poll();  // whatever the socket takes is on its way
    auto after = mallinfo2();
    ::kill(rig.target.processId(), SIGCONT);
    bytes = static_cast<double>(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd);
  }
  state.counters["bytes_per_call"] = bytes / kCalls;
}
BENCHMARK(UnansweredCall)->ArgName("hint")->Arg(0)->Arg(1)->Iterations(1);

// Connections made while there is no worker wait at the socket, which is not the worker's.
void ConnectionsOverACrash(benchmark::State& state) {
  auto io = kj::setupAsyncIo();
  constexpr uint32_t kConnections = 200;
  uint32_t answered = 0;
  for (auto _ : state) {
    auto socket = testing::listenOnLoopback();
    PluginUnderTest::Options options{.library = library()};
    options.listeners = {{"greet", socket.fd.get()}};
    PluginUnderTest first(io, options);
    first.start();
    first.kill();
    auto address =
        io.provider->getNetwork().parseAddress("127.0.0.1", socket.port).wait(io.waitScope);
    kj::Vector<kj::Promise<void>> reading;
    answered = 0;
    for (uint32_t i = 0; i < kConnections; ++i) {
      auto stream = address->connect().wait(io.waitScope);
      auto text = stream->readAllText();
      reading.add(
          text.attach(kj::mv(stream)).then([&](kj::String said) { answered += said == "x"; }));
    }
    PluginUnderTest second(io, options);
    second.start();
    kj::joinPromises(reading.releaseAsArray()).wait(io.waitScope);
  }
  state.counters["answered"] = answered;
}
BENCHMARK(ConnectionsOverACrash)->UseRealTime()->Unit(benchmark::kMillisecond);

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
