#include "fake-backend.h"

#include <maitred/backend/server.h>

#include <kj/refcount.h>

namespace maitred::host::conform {

namespace {

constexpr uint64_t gib = uint64_t(1) << 30;
constexpr kj::Duration runTime = 5 * kj::MILLISECONDS;

class FakeRunner final : public backend::TaskRunner, private kj::TaskSet::ErrorHandler {
 public:
  explicit FakeRunner(kj::Timer& timer)
      : timer(timer),
        core(*this, optionsOf(), timer, kj::systemCoarseCalendarClock()),
        ends(*this) {
    backend::NodeFacts node;
    node.id = node.hostname = "node";
    node.pool = "default";
    node.capacity.cpuMillis = 4000;
    node.capacity.memoryBytes = 8 * gib;
    node.capacity.diskBytes = 100 * gib;
    core.setNode(std::move(node));
    core.setPool({"default", 100, {}, ""});
    core.synced();
  }

  backend::Backend::Client client() { return core.client(); }

  kj::Promise<std::vector<std::optional<backend::Rejection>>> launch(
      std::vector<backend::LaunchOrder> orders) override {
    for (auto& order : orders) {
      core.report(order.key, {.state = backend::TaskState::RUNNING, .commandStarted = true});
      ends.add(timer.afterDelay(runTime).then([this, key = order.key]() {
        core.report(key, {.state = backend::TaskState::SUCCEEDED, .exitCode = 0});
      }));
    }
    return std::vector<std::optional<backend::Rejection>>(orders.size());
  }
  void kill(backend::KillOrder) override {}  // it ends by itself before long
  kj::Promise<void> signal(const backend::TaskKey&, uint8_t) override { return kj::READY_NOW; }
  void recorded(const backend::TaskKey&, const backend::Status&) override {}

 private:
  static backend::ServerOptions optionsOf() {
    backend::ServerOptions options;
    options.kind = "fake";
    options.cluster = "fake";
    options.features = {backend::Feature::PLACE_ON_NODE, backend::Feature::PLACE_ANYWHERE,
                        backend::Feature::DEFINITE_RECONCILE};
    return options;
  }
  void taskFailed(kj::Exception&&) override {}

  kj::Timer& timer;
  backend::Server core;
  kj::TaskSet ends;
};

// Passes calls on, and keeps the runner: the core's own client outlives it, and fails then.
class Keeper final : public capnp::Capability::Server {
 public:
  explicit Keeper(kj::Timer& timer) : runner(timer), target(runner.client()) {}

  DispatchCallResult dispatchCall(
      uint64_t interfaceId, uint16_t methodId,
      capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer> context) override {
    auto params = context.getParams();
    auto request = target.typelessRequest(interfaceId, methodId, params.targetSize());
    request.set(params);
    context.releaseParams();
    context.allowCancellation();
    return {context.tailCall(kj::mv(request)), false};
  }

 private:
  FakeRunner runner;
  capnp::Capability::Client target;
};

}  // namespace

backend::Backend::Client fakeBackend(kj::Timer& timer) {
  capnp::Capability::Client keeper = kj::heap<Keeper>(timer);
  return keeper.castAs<backend::Backend>();
}

}  // namespace maitred::host::conform
