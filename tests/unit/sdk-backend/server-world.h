#pragma once
// The session core between a scripted runner and a recording consumer.

#include "../../contract/backend/consumer.h"

#include <maitred/backend/server.h>

namespace maitred::backend {

// Takes everything, does nothing, remembers what it was asked.
class FakeRunner final : public TaskRunner {
 public:
  kj::Promise<std::vector<std::optional<Rejection>>> launch(
      std::vector<LaunchOrder> orders) override {
    std::vector<std::optional<Rejection>> answers;
    for (auto& order : orders) {
      answers.push_back(rejection);
      launched.push_back(order.key.taskId);
      ports = order.ports;
    }
    if (failing) return KJ_EXCEPTION(FAILED, "the cluster is on fire");
    if (!slow) return answers;
    auto pair = kj::newPromiseAndFulfiller<void>();
    gates.push_back(kj::mv(pair.fulfiller));
    return pair.promise.then([answers]() { return answers; });
  }
  void kill(KillOrder order) override {
    kills.push_back(order.key.taskId + " " + std::to_string(order.graceMs));
  }
  kj::Promise<void> signal(const TaskKey& key, uint8_t number) override {
    signals.push_back(key.taskId + " " + std::to_string(number));
    return kj::READY_NOW;
  }
  void recorded(const TaskKey& key, const Status& status) override {
    acknowledged.push_back(key.taskId + " " + nameOf(status.state).cStr());
  }
  kj::Promise<std::vector<Finding>> reconcile(std::vector<TaskKey> keys, kj::Duration) override {
    if (mute) return kj::NEVER_DONE;
    return std::vector<Finding>(keys.size(), finding);
  }
  void demand(const std::vector<ShapeWish>& wishes) override {
    demanded = wishes;
    ++demands;
  }

  std::optional<Rejection> rejection;
  bool failing = false, slow = false, mute = false;
  Finding finding;
  std::vector<kj::Own<kj::PromiseFulfiller<void>>> gates;
  std::vector<std::string> launched, kills, signals, acknowledged;
  std::vector<PortGrant> ports;
  std::vector<ShapeWish> demanded;
  int demands = 0;
};

class ServerTest : public testing::Test {
 protected:
  static ServerOptions options() {
    ServerOptions options;
    options.kind = "fake";
    options.cluster = "test";
    options.features = {Feature::PLACE_ON_NODE, Feature::PLACE_ANYWHERE, Feature::SIGNALS};
    options.launchBatchMax = 500;
    return options;
  }
  ServerTest() {
    server = std::make_unique<Server>(runner, options(), io.provider->getTimer(),
                                      kj::systemPreciseCalendarClock());
    node("n1");
    server->synced();
  }
  void node(std::string id, uint64_t cpu = 1000) {
    NodeFacts facts;
    facts.id = std::move(id);
    facts.pool = "p";
    facts.capacity = {cpu, 1 << 30, 0, {}, {}};
    server->setNode(facts);
  }
  TestConsumer consumer(std::string name, uint64_t fence = 0) {
    return TestConsumer(io, server->client(), std::move(name), fence);
  }
  void report(const std::string& id, TaskState state, const std::string& consumer = "c") {
    Status status;
    status.state = state;
    server->report({consumer, id}, status);
  }
  std::string failureOf(kj::Promise<void> promise) {
    KJ_IF_MAYBE (e, kj::runCatchingExceptions([&]() { promise.wait(io.waitScope); })) {
      failure = e->getType();
      return e->getDescription().cStr();
    }
    return "";
  }

  std::unique_ptr<kj::AsyncIoContext> context =
      std::make_unique<kj::AsyncIoContext>(kj::setupAsyncIo());
  kj::AsyncIoContext& io = *context;
  std::unique_ptr<FakeRunner> fake = std::make_unique<FakeRunner>();
  FakeRunner& runner = *fake;
  std::unique_ptr<Server> server;
  kj::Exception::Type failure{};
};

}  // namespace maitred::backend
