#include <maitred/backend/ledger.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::backend {
namespace {

using testing::SizeIs;

const TaskKey key{"c", "t"};

struct LedgerTest : testing::Test {
  Ledger::Outcome report(TaskState state, int64_t at = 0) {
    Status status;
    status.state = state;
    status.at = at;
    return ledger.report(key, status, 1000);
  }
  Ledger ledger{3};
};

TEST_F(LedgerTest, StepsBackwardsAreDropped) {
  EXPECT_TRUE(report(TaskState::RUNNING).discovered);
  EXPECT_FALSE(report(TaskState::STARTING).delivery);
  EXPECT_TRUE(report(TaskState::RUNNING).delivery) << "the same state may carry news, as health";
  Status restarted;
  restarted.state = TaskState::STARTING;
  restarted.restarts = 1;
  EXPECT_TRUE(ledger.report(key, restarted, 0).delivery);
}

TEST_F(LedgerTest, FactsStick) {
  Status running;
  running.state = TaskState::RUNNING;
  running.nodeId = "n";
  running.hostname = "h";
  running.commandStarted = true;
  running.endpoints = {{"http", "h", 80}};
  running.sandboxPath = "/s";
  ledger.report(key, running, 5);
  auto ended = report(TaskState::SUCCEEDED).delivery->status;
  EXPECT_EQ(ended.nodeId, "n");
  EXPECT_EQ(ended.hostname, "h");
  EXPECT_TRUE(ended.commandStarted);
  EXPECT_THAT(ended.endpoints, SizeIs(1));
  EXPECT_EQ(ended.sandboxPath, "/s");
  EXPECT_EQ(ended.at, 1000);
}

TEST_F(LedgerTest, ProgressSticksAndIsNeverUndone) {
  auto told = [&](TaskState state, std::optional<ProgressFacts> progress) {
    Status status;
    status.state = state;
    status.progress = progress;
    return ledger.report(key, status, 1000).delivery->status.progress;
  };
  ProgressFacts second{2, 40, "b"};
  EXPECT_EQ(told(TaskState::RUNNING, std::nullopt), std::nullopt);
  EXPECT_EQ(told(TaskState::RUNNING, second), second);
  EXPECT_EQ(told(TaskState::RUNNING, ProgressFacts{1, 30, "a"}), second);
  EXPECT_EQ(told(TaskState::SUCCEEDED, std::nullopt), second);
}

TEST_F(LedgerTest, FirstTerminalStateWinsLaterOnesAreDuplicates) {
  auto first = report(TaskState::FAILED);
  EXPECT_TRUE(first.ended);
  EXPECT_FALSE(first.delivery->status.duplicate);
  auto second = report(TaskState::SUCCEEDED);
  EXPECT_FALSE(second.ended);
  EXPECT_TRUE(second.delivery->status.duplicate);
  EXPECT_FALSE(report(TaskState::RUNNING).delivery);
  EXPECT_THAT(ledger.snapshotOf("c"), SizeIs(2)) << "both must be recorded";
  EXPECT_EQ(ledger.find(key)->last->state, TaskState::FAILED);
  EXPECT_TRUE(ledger.acknowledge(key, first.delivery->serial, true));
  EXPECT_FALSE(ledger.acknowledge(key, first.delivery->serial, true));
  EXPECT_NE(ledger.find(key), nullptr);
  EXPECT_TRUE(ledger.acknowledge(key, second.delivery->serial, true));
  EXPECT_EQ(ledger.find(key), nullptr);
  EXPECT_EQ(ledger.unacknowledged(), 0u);
}

TEST_F(LedgerTest, AnAcknowledgedEndIsRememberedForAWhile) {
  auto first = report(TaskState::FAILED);
  ledger.acknowledge(key, first.delivery->serial, true);
  EXPECT_TRUE(ledger.remembered(key)->status.duplicate);
  auto echo = report(TaskState::FAILED);
  EXPECT_TRUE(echo.delivery->status.duplicate);
  EXPECT_FALSE(echo.discovered);
  ledger.acknowledge(key, echo.delivery->serial, true);
  EXPECT_FALSE(report(TaskState::RUNNING).delivery) << "an old report that was overtaken";
  EXPECT_EQ(ledger.size(), 0u);
  for (int i = 0; i < 4; ++i) {
    TaskKey other{"c", "o" + std::to_string(i)};
    Status status;
    status.state = TaskState::KILLED;
    auto serial = ledger.report(other, status, 1).delivery->serial;
    ledger.acknowledge(other, serial, true);
  }
  EXPECT_FALSE(ledger.remembered(key)) << "the notes are bounded";
}

TEST_F(LedgerTest, ReturnFromUnreachableIsLate) {
  report(TaskState::RUNNING);
  auto away = report(TaskState::UNREACHABLE, 77).delivery->status;
  EXPECT_EQ(away.unreachableSince, 77);
  EXPECT_EQ(report(TaskState::UNREACHABLE, 99).delivery->status.unreachableSince, 77);
  auto back = report(TaskState::RUNNING).delivery->status;
  EXPECT_TRUE(back.late);
  EXPECT_FALSE(report(TaskState::SUCCEEDED).delivery->status.late);
}

TEST_F(LedgerTest, ALostTaskMayComeBackAndIsSeenUntilItEnds) {
  auto lost = report(TaskState::LOST);
  ledger.acknowledge(key, lost.delivery->serial, true);
  auto back = report(TaskState::RUNNING);
  ASSERT_TRUE(back.delivery);
  EXPECT_TRUE(back.delivery->status.late);
  ASSERT_THAT(ledger.snapshotOf("c"), SizeIs(1));
  EXPECT_EQ(ledger.snapshotOf("c")[0].status.state, TaskState::RUNNING);
  auto end = report(TaskState::KILLED);
  EXPECT_TRUE(end.delivery->status.duplicate);
  EXPECT_FALSE(end.ended) << "its room was given back when it was lost";
  ledger.acknowledge(key, end.delivery->serial, true);
  EXPECT_EQ(ledger.size(), 0u);
}

TEST_F(LedgerTest, ConsumersAreNamespaces) {
  Status status;
  status.state = TaskState::RUNNING;
  ledger.report({"a", "t"}, status, 1);
  ledger.report({"b", "t"}, status, 1);
  ledger.report({"b", "u"}, status, 1);
  EXPECT_THAT(ledger.snapshotOf("a"), SizeIs(1));
  EXPECT_THAT(ledger.snapshotOf("b"), SizeIs(2));
  EXPECT_THAT(ledger.snapshotOf("c"), SizeIs(0));
}

}  // namespace
}  // namespace maitred::backend
