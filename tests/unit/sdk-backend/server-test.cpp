// The session core between a scripted runner and a recording consumer.
#include "../../contract/backend/consumer.h"

#include <maitred/backend/server.h>

namespace maitred::backend {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

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

TEST_F(ServerTest, RefusalsByRule) {
  auto c = consumer("c");
  c.attach();
  EXPECT_EQ(c.launch("early"), "staleEpoch") << "before begin()";
  c.begin();
  ASSERT_TRUE(c.snapshotIsComplete());
  EXPECT_EQ(c.launch("a"), "");
  EXPECT_EQ(c.launch("a"), "known");
  EXPECT_EQ(c.launch("a", [](auto spec) { spec.setName("another"); }), "idTaken");
  EXPECT_EQ(c.launch("UPPER"), "invalidSpec");
  EXPECT_EQ(c.launch("b", [](auto spec) { spec.getResources().setCpuMillis(0); }), "invalidSpec");
  EXPECT_EQ(c.launch("b", [](auto spec) { spec.getResources().setCpuMillis(901); }), "noRoom");
  EXPECT_EQ(c.launchAll({{.id = "b", .nodeId = "nowhere"}}).at(0), "noSuchNode");
  EXPECT_EQ(c.launchAll({{.id = "b", .generation = 1000}}).at(0), "staleRoom");
  EXPECT_THAT(c.launchAll({{.id = "d"}, {.id = "d"}}), ElementsAre("", "idTaken"));
  ++c.epoch;
  EXPECT_EQ(c.launch("e"), "staleEpoch");
  --c.epoch;
  server->drain();
  EXPECT_EQ(c.launch("e"), "draining");
  EXPECT_THAT(runner.launched, ElementsAre("a", "d"));
}

TEST_F(ServerTest, ARefusalOfTheRunnerGivesTheRoomBack) {
  auto c = consumer("c");
  c.connect();
  runner.rejection = Rejection{RefusalReason::UNSUPPORTED, "no containers here", 0};
  EXPECT_EQ(c.launch("a"), "unsupported");
  EXPECT_EQ(server->available("n1")->cpuMillis, 1000u);
  runner.rejection.reset();
  EXPECT_EQ(c.launch("a"), "") << "the id is free again";
  EXPECT_EQ(server->available("n1")->cpuMillis, 900u);
}

TEST_F(ServerTest, AnUnknownOutcomeIsADisconnection) {
  auto c = consumer("c");
  c.connect();
  runner.failing = true;
  auto e = kj::runCatchingExceptions([&]() { c.launch("a"); });
  EXPECT_EQ(KJ_ASSERT_NONNULL(e).getType(), kj::Exception::Type::DISCONNECTED);
  runner.failing = false;
  EXPECT_EQ(c.launch("a"), "") << "the same id again";
}

TEST_F(ServerTest, TheSameIdWhileItsLaunchIsUnderWay) {
  auto c = consumer("c");
  c.connect();
  runner.slow = true;
  auto request = [&]() {
    auto r = c.current().launchRequest();
    r.setEpoch(c.epoch);
    auto p = r.initPlacements(1)[0];
    p.setTaskId("a");
    TestConsumer::fill(p.initSpec());
    p.getWhere().initNode().setNodeId("n1");
    return r.send();
  };
  auto first = request();
  auto second = request();
  c.kill("a", 50);
  ASSERT_TRUE(c.until([&]() { return runner.gates.size() == 1; }));
  EXPECT_THAT(runner.kills, IsEmpty()) << "not before the launch is settled";
  runner.gates[0]->fulfill();
  EXPECT_TRUE(first.wait(io.waitScope).getResults()[0].isAccepted());
  EXPECT_TRUE(second.wait(io.waitScope).getResults()[0].isAlreadyKnown());
  EXPECT_THAT(runner.kills, ElementsAre("a 50"));
  EXPECT_THAT(runner.launched, ElementsAre("a"));
}

TEST_F(ServerTest, AConsumerThatGoesAwayCancelsNoLaunch) {
  auto c = consumer("c");
  c.connect();
  runner.slow = true;
  {
    auto r = c.current().launchRequest();
    r.setEpoch(c.epoch);
    auto p = r.initPlacements(1)[0];
    p.setTaskId("a");
    TestConsumer::fill(p.initSpec());
    p.getWhere().initNode().setNodeId("n1");
    auto dropped = r.send();
    ASSERT_TRUE(c.until([&]() { return runner.gates.size() == 1; }));
  }
  c.drop();
  runner.gates[0]->fulfill();
  c.connect();
  report("a", TaskState::RUNNING);
  EXPECT_TRUE(c.untilState("a", TaskState::RUNNING));
  EXPECT_TRUE(c.last("a")->orphan) << "it was not expected";
}

TEST_F(ServerTest, RoomIsSharedByAllSessions) {
  auto c = consumer("c"), d = consumer("d");
  c.connect();
  d.connect();
  auto seen = d.seen->nodes["n1"].generation;
  auto big = [](auto spec) { spec.getResources().setCpuMillis(600); };
  EXPECT_EQ(c.launch("x", big), "");
  EXPECT_EQ(d.launchAll({{.id = "x", .generation = seen}}, big).at(0), "noRoom");
  EXPECT_TRUE(d.until([&]() { return d.seen->nodes["n1"].available.cpuMillis == 400; }));
  EXPECT_EQ(d.launch("x"), "") << "ids are a matter of each consumer";
  report("x", TaskState::FAILED, "c");
  EXPECT_TRUE(d.until([&]() { return d.seen->nodes["n1"].available.cpuMillis == 900; }));
  EXPECT_FALSE(d.reached("x", TaskState::FAILED)) << "another consumer's task";
}

TEST_F(ServerTest, StatusesAreConfirmedOnlyWhenDurable) {
  auto c = consumer("c");
  c.connect();
  c.launch("a");
  c.seen->forgetful = true;
  report("a", TaskState::RUNNING);
  report("a", TaskState::SUCCEEDED);
  EXPECT_TRUE(c.untilState("a", TaskState::SUCCEEDED));
  EXPECT_THAT(runner.acknowledged, IsEmpty());
  c.drop();
  c.connect();
  EXPECT_TRUE(c.reached("a", TaskState::SUCCEEDED)) << "sent again";
  EXPECT_TRUE(c.until([&]() { return !runner.acknowledged.empty(); }));
  EXPECT_THAT(runner.acknowledged, ElementsAre("a succeeded"));
  EXPECT_EQ(server->counts().tasks, 0u);
  EXPECT_EQ(c.launch("a"), "known");
  EXPECT_TRUE(c.until([&]() { return c.last("a")->duplicate; })) << "the end is told again";
}

TEST_F(ServerTest, AFailingObserverEndsTheSession) {
  auto c = consumer("c");
  c.connect();
  c.launch("a");
  c.seen->failing = true;
  report("a", TaskState::SUCCEEDED);
  EXPECT_TRUE(c.until([&]() { return server->counts().sessions == 0; }));
  EXPECT_THAT(failureOf(c.current().killRequest().send().ignoreResult()),
              HasSubstr("observer failed"));
  EXPECT_EQ(failure, kj::Exception::Type::DISCONNECTED);
  c.connect();
  EXPECT_TRUE(c.reached("a", TaskState::SUCCEEDED));
}

TEST_F(ServerTest, FencesDecideWhoHoldsTheSession) {
  auto c = consumer("c", 5);
  c.connect();
  auto same = consumer("c", 5);
  same.connect();
  EXPECT_EQ(c.launch("a"), "fenced");
  EXPECT_THAT(failureOf(c.current().killRequest().send().ignoreResult()), HasSubstr("fenced"));
  EXPECT_EQ(failure, kj::Exception::Type::FAILED) << "not DISCONNECTED: he must not come back";
  auto lower = consumer("c", 4);
  EXPECT_THAT(KJ_ASSERT_NONNULL(kj::runCatchingExceptions([&]() { lower.attach(); }))
                  .getDescription()
                  .cStr(),
              HasSubstr("fence"));
  c.drop();
  EXPECT_EQ(same.launch("a"), "") << "the former one's end is no matter of the new one";
  EXPECT_EQ(server->counts().sessions, 1u);
}

TEST_F(ServerTest, ExpectedTasksAllGetAnAnswer) {
  auto c = consumer("c");
  AdoptedTask adopted;
  adopted.status.state = TaskState::RUNNING;
  adopted.status.nodeId = "n1";
  adopted.resources = {300, 1, 0, {}, {}};
  server->adopt({"c", "mine"}, adopted);
  server->adopt({"c", "stray"}, adopted);
  server->adopt({"c", "dying"}, adopted);
  EXPECT_EQ(server->available("n1")->cpuMillis, 100u);
  capnp::MallocMessageBuilder message;
  auto spec = message.initRoot<TaskSpec>();
  TestConsumer::fill(spec);
  c.attach();
  c.expect("mine", ExpectedPhase::RUNNING, "n1");
  c.expect("dying", ExpectedPhase::KILLING, "n1");
  c.expect("vanished", ExpectedPhase::RUNNING, "n1");
  c.expect("launching", ExpectedPhase::LAUNCHING, "n1", spec.asReader());
  c.expect("unplaceable", ExpectedPhase::LAUNCHING, "n9", spec.asReader());
  c.begin();
  ASSERT_TRUE(c.snapshotIsComplete());
  EXPECT_FALSE(c.last("mine")->orphan);
  EXPECT_TRUE(c.last("stray")->orphan);
  EXPECT_EQ(c.last("vanished")->state, TaskState::LOST);
  EXPECT_EQ(c.last("unplaceable")->state, TaskState::NOT_STARTED);
  EXPECT_THAT(runner.kills, ElementsAre("dying 5000"));
  EXPECT_THAT(runner.launched, ElementsAre("launching"));
  EXPECT_EQ(c.launch("launching"), "known");
}

TEST_F(ServerTest, UndeterminedIsNeverLost) {
  runner.finding = {Finding::Kind::undetermined, 100};
  auto c = consumer("c");
  c.attach();
  c.expect("a", ExpectedPhase::RUNNING);
  c.begin();
  ASSERT_TRUE(c.snapshotIsComplete());
  EXPECT_EQ(c.last("a")->state, TaskState::UNREACHABLE);
  EXPECT_EQ(c.reconcile("a"), "undetermined");
  EXPECT_EQ(c.reconcile("never"), "undetermined");
  runner.finding = {Finding::Kind::gone, 0};
  EXPECT_TRUE(c.untilState("a", TaskState::LOST)) << "asked again by itself";
  EXPECT_EQ(c.reconcile("never"), "gone");
  runner.mute = true;
  EXPECT_EQ(c.reconcile("never", 20), "undetermined") << "silence is no answer";
}

TEST_F(ServerTest, ANewEpochBringsANewSnapshot) {
  auto c = consumer("c");
  c.connect();
  c.launch("a");
  report("a", TaskState::RUNNING);
  ASSERT_TRUE(c.untilState("a", TaskState::RUNNING));
  server->newEpoch();
  EXPECT_EQ(c.launch("b"), "staleEpoch");
  report("a", TaskState::SUCCEEDED);
  node("n2");
  auto before = c.seen->batches.size();
  server->synced();
  ASSERT_TRUE(c.until([&]() { return c.seen->batches.size() > before; }));
  EXPECT_EQ(c.seen->batches.back().epoch, c.epoch + 1);
  EXPECT_EQ(c.seen->batches.back().phase, Phase::SNAPSHOT_END);
  EXPECT_THAT(c.seen->nodes, SizeIs(1));
  EXPECT_EQ(c.firstNode(), "n2");
  EXPECT_TRUE(c.reached("a", TaskState::SUCCEEDED));
  EXPECT_EQ(c.launch("b"), "staleEpoch");
  ++c.epoch;
  EXPECT_EQ(c.launch("b"), "");
}

TEST_F(ServerTest, WindowHoldsBatchesAndMergesNodes) {
  auto c = consumer("c");
  c.connect();
  c.seen->holding = true;
  auto before = c.seen->batches.size();
  for (int round = 0; round < 50; ++round) {
    node("n1", 2000 + round);
    report("t" + std::to_string(round), TaskState::KILLED);
    c.until([]() { return true; });
    io.provider->getTimer().afterDelay(100 * kj::MICROSECONDS).wait(io.waitScope);
  }
  EXPECT_LE(c.seen->batches.size() - before, 4u) << "the window";
  c.answerHeld();
  EXPECT_TRUE(c.until([&]() { return c.seen->tasks.size() == 50; }));
  EXPECT_TRUE(c.until([&]() { return c.seen->nodes["n1"].facts.capacity.cpuMillis == 2049; }));
  EXPECT_LE(c.seen->openMost, 4u);
  EXPECT_LE(c.seen->batches.size() - before, 7u) << "the rest came in few batches";
}

TEST_F(ServerTest, ReportsOfABusyMomentLeaveTogether) {
  kj::TimerImpl timer(kj::origin<kj::TimePoint>());
  server = std::make_unique<Server>(runner, options(), timer, kj::systemPreciseCalendarClock());
  server->synced();
  auto c = consumer("c");
  c.connect();
  timer.advanceTo(timer.now() + 1 * kj::SECONDS);
  auto before = c.seen->batches.size();
  report("a", TaskState::KILLED);
  EXPECT_TRUE(c.until([&]() { return c.seen->tasks.contains("a"); })) << "the first at once";
  for (const char* id : {"b", "c", "d"}) {
    report(id, TaskState::KILLED);
    c.until([]() { return true; });
    io.provider->getTimer().afterDelay(1 * kj::MILLISECONDS).wait(io.waitScope);
  }
  EXPECT_EQ(c.seen->batches.size() - before, 1u);
  timer.advanceTo(timer.now() + 1 * kj::SECONDS);
  EXPECT_TRUE(c.until([&]() { return c.seen->tasks.size() == 4; }));
  EXPECT_EQ(c.seen->batches.size() - before, 2u);
  server = nullptr;  // before its timer
}

TEST_F(ServerTest, LargePicturesAreCut) {
  for (int i = 0; i < 5000; ++i) node("m" + std::to_string(i));
  for (int i = 0; i < 3000; ++i) {
    Status status;
    status.state = TaskState::FAILED;
    status.message = std::string(5000, 'm');
    server->report({"c", "t" + std::to_string(i)}, status);
  }
  auto c = consumer("c");
  c.connect();
  EXPECT_THAT(c.seen->nodes, SizeIs(5001));
  EXPECT_THAT(c.seen->tasks, SizeIs(3000));
  EXPECT_LE(c.last("t7")->message.size(), 4096u);
  EXPECT_TRUE(c.until([&]() { return server->counts().unacknowledged == 0; }));
}

TEST_F(ServerTest, KillsEscalateOnly) {
  auto c = consumer("c");
  c.connect();
  c.launch("a");
  c.kill("a", 60'000);
  c.kill("a", 90'000);
  c.kill("a", 1'000);
  c.kill("unknown", 0);
  EXPECT_THAT(runner.kills, ElementsAre("a 60000", "a 1000"));
  report("a", TaskState::KILLED);
  c.kill("a", 0);
  EXPECT_THAT(runner.kills, SizeIs(2));
}

TEST_F(ServerTest, DemandIsTheUnionOfAllSessions) {
  auto c = consumer("c"), d = consumer("d");
  c.connect();
  d.connect();
  auto demand = [&](TestConsumer& consumer, uint count) {
    auto request = consumer.current().demandRequest();
    if (count > 0) {
      auto pool = request.initPools(1)[0];
      pool.setPool("p");
      pool.initShapes(1)[0].setCount(count);
    }
    consumer.wait(request.send().ignoreResult());
  };
  demand(c, 3);
  demand(d, 4);
  EXPECT_TRUE(c.until([&]() { return runner.demanded.size() == 2; }));
  demand(d, 0);
  EXPECT_TRUE(c.until([&]() { return runner.demanded.size() == 1; }));
  c.drop();
  EXPECT_TRUE(c.until([&]() { return runner.demanded.empty(); })) << "who is gone wants nothing";
}

TEST_F(ServerTest, OnlyOwnTasksExist) {
  auto c = consumer("c"), d = consumer("d");
  c.connect();
  d.connect();
  c.launch("a");
  auto signal = [](TestConsumer& consumer) {
    auto request = consumer.current().signalRequest();
    request.setTaskId("a");
    request.setNumber(2);
    return request.send().ignoreResult();
  };
  EXPECT_THAT(failureOf(signal(d)), HasSubstr("no such task"));
  EXPECT_EQ(failureOf(signal(c)), "");
  EXPECT_THAT(runner.signals, ElementsAre("a 2"));
  d.kill("a", 0);
  EXPECT_THAT(runner.kills, IsEmpty());
  EXPECT_EQ(d.reconcile("a"), "gone");
}

TEST_F(ServerTest, ClientsOutliveTheServer) {
  auto c = consumer("c");
  c.connect();
  server = nullptr;
  EXPECT_NE(failureOf(c.current().killRequest().send().ignoreResult()), "");
  EXPECT_EQ(failure, kj::Exception::Type::DISCONNECTED);
  EXPECT_NE(failureOf(c.backend.infoRequest().send().ignoreResult()), "");
  EXPECT_EQ(failure, kj::Exception::Type::DISCONNECTED);
}

}  // namespace
}  // namespace maitred::backend
