#include "statuses.h"

#include <maitred/async.h>
#include <maitred/plugin.h>

#include <bench-target.capnp.h>

namespace maitred::bench {
namespace {

class TargetServer final : public Target::Server {
 public:
  explicit TargetServer(kj::Maybe<Target::Client> next) : next(kj::mv(next)) {}

  kj::Promise<void> ping(PingContext) override { return kj::READY_NOW; }

  kj::Promise<void> take(TakeContext context) override {
    context.getResults().setDurable(touchStatuses(context.getParams().getBatch()));
    return kj::READY_NOW;
  }

  kj::Promise<void> hang(HangContext context) override {
    context.allowCancellation();
    return kj::NEVER_DONE;
  }

  kj::Promise<void> drive(DriveContext context) override {
    auto params = context.getParams();
    uint32_t lanes = kj::max(params.getInFlight(), 1u);
    auto began = kj::systemPreciseMonotonicClock().now();
    auto running = kj::heapArrayBuilder<kj::Promise<void>>(lanes);
    for (uint32_t i = 0; i < lanes; ++i) {
      running.add(lane(params.getCalls() / lanes, params.getStatuses()));
    }
    return kj::joinPromises(running.finish()).then([context, began]() mutable {
      auto took = kj::systemPreciseMonotonicClock().now() - began;
      context.getResults().setNanoseconds(took / kj::NANOSECONDS);
    });
  }

 private:
  Async<void> lane(uint32_t calls, uint32_t statuses) {
    auto& target = KJ_ASSERT_NONNULL(next);
    for (uint32_t i = 0; i < calls; ++i) {
      if (statuses == 0) {
        co_await target.pingRequest().send().ignoreResult();
      } else {
        auto request = target.takeRequest();
        fillStatuses(request.initBatch(), statuses);
        co_await request.send().ignoreResult();
      }
    }
  }

  kj::Maybe<Target::Client> next;
};

class BenchTarget final : public Plugin {
 public:
  explicit BenchTarget(Context& context) : context(context) {}
  using ConfigType = capnp::AnyPointer;

  kj::Promise<void> startUntyped(capnp::AnyPointer::Reader, Grants& grants) override {
    kj::Maybe<Target::Client> next;
    for (auto& granted : grants.all<Target>("next")) next = kj::mv(granted.client);
    context.provide<Target>(kj::heap<TargetServer>(kj::mv(next)));
    if (context.hasListener("greet")) {
      receiver = context.listener("greet");
      greeting = greet().promise().eagerlyEvaluate(nullptr);
    }
    return kj::READY_NOW;
  }
  kj::Promise<Reconfigured> reconfigureUntyped(capnp::AnyPointer::Reader) override {
    return Reconfigured::applied();
  }
  static void check(capnp::AnyPointer::Reader, Problems&) {}

 private:
  Async<void> greet() {
    for (;;) {
      auto stream = co_await receiver->accept();
      auto written = stream->write("x", 1);
      co_await written;
    }
  }

  Context& context;
  kj::Own<kj::ConnectionReceiver> receiver;
  kj::Promise<void> greeting = nullptr;
};

}  // namespace
}  // namespace maitred::bench

MAITRED_PLUGIN(maitred::bench::BenchTarget)
