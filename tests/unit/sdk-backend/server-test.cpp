// What sessions may ask for, and what the runner is asked for them.
#include "server-world.h"

namespace maitred::backend {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

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
