// What observers are told, when, and until when.
#include "server-world.h"

namespace maitred::backend {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

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

}  // namespace
}  // namespace maitred::backend
