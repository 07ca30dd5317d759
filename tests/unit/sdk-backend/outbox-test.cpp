#include <maitred/backend/outbox.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace maitred::backend {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

Delivery delivery(std::string id, TaskState state, uint64_t serial = 1) {
  Delivery d{std::move(id), serial, {}};
  d.status.state = state;
  return d;
}

size_t tiny(const std::string&, NodeNews) {
  return 10;
}

struct OutboxTest : testing::Test {
  BatchDraft cut() {
    EXPECT_TRUE(outbox.ready());
    return outbox.cut(tiny);
  }
  void begin() {
    outbox.snapshot({}, {}, {});
    cut();
    ASSERT_TRUE(outbox.answered(1, 1, 64));
  }
  Outbox outbox{{.entriesMax = 4, .bytesMax = 10'000}};
};

TEST_F(OutboxTest, NothingGoesOutBeforeASnapshot) {
  outbox.node("a", NodeNews::full);
  outbox.status(delivery("t", TaskState::RUNNING));
  EXPECT_FALSE(outbox.ready());
  outbox.snapshot({}, {}, {});
  auto draft = cut();
  EXPECT_EQ(draft.phase, Phase::SNAPSHOT_END) << "an empty snapshot is one batch";
  EXPECT_EQ(draft.cursor, 1u);
  EXPECT_THAT(draft.nodes, IsEmpty());
}

TEST_F(OutboxTest, SnapshotIsCutAndTheWindowHolds) {
  outbox.snapshot({"a", "b", "c"}, {"p"},
                  {delivery("t", TaskState::RUNNING), delivery("u", TaskState::KILLED)});
  auto first = cut();
  EXPECT_EQ(first.phase, Phase::SNAPSHOT);
  EXPECT_THAT(first.nodes, SizeIs(3));
  EXPECT_THAT(first.pools, ElementsAre("p"));
  EXPECT_FALSE(outbox.ready()) << "one batch until the first answer";
  ASSERT_TRUE(outbox.answered(1, 1, 2));
  auto second = cut();
  EXPECT_EQ(second.phase, Phase::SNAPSHOT_END);
  EXPECT_THAT(second.statuses, SizeIs(2));
  outbox.status(delivery("t", TaskState::KILLED));
  EXPECT_EQ(cut().phase, Phase::LIVE);
  outbox.status(delivery("x", TaskState::KILLED));
  EXPECT_FALSE(outbox.ready()) << "two unanswered";
}

TEST_F(OutboxTest, NodeChangesMergeTheLatestWins) {
  begin();
  outbox.node("a", NodeNews::room);
  outbox.node("b", NodeNews::room);
  outbox.node("a", NodeNews::full);
  outbox.node("b", NodeNews::gone);
  outbox.node("b", NodeNews::room);
  EXPECT_THAT(cut().nodes, ElementsAre(Pair("a", NodeNews::full), Pair("b", NodeNews::full)));
  EXPECT_FALSE(outbox.ready());
}

TEST_F(OutboxTest, TerminalStatusesNeverMerge) {
  begin();
  outbox.status(delivery("t", TaskState::RUNNING, 1));
  outbox.status(delivery("t", TaskState::RUNNING, 2));  // replaces the one before
  outbox.status(delivery("t", TaskState::FAILED, 3));
  outbox.status(delivery("t", TaskState::FAILED, 4));
  auto draft = cut();
  ASSERT_THAT(draft.statuses, SizeIs(3));
  EXPECT_EQ(draft.statuses[0].serial, 2u);
  EXPECT_EQ(draft.statuses[1].serial, 3u);
  EXPECT_EQ(draft.statuses[2].serial, 4u);
}

TEST_F(OutboxTest, DurabilityMayComeLaterThanTheAnswer) {
  begin();
  for (auto id : {"a", "b", "c"}) {
    outbox.status(delivery(id, TaskState::KILLED));
    cut();
  }
  EXPECT_THAT(*outbox.answered(2, 1, 64), IsEmpty()) << "answered, not durable";
  EXPECT_THAT(*outbox.answered(4, 3, 64), SizeIs(2));
  EXPECT_THAT(*outbox.answered(3, 4, 64), SizeIs(1));
  EXPECT_EQ(outbox.inFlight(), 0u);
}

TEST_F(OutboxTest, NonsenseEndsTheSession) {
  begin();
  outbox.status(delivery("a", TaskState::KILLED));
  cut();
  EXPECT_FALSE(outbox.answered(2, 3, 1)) << "durable beyond what was sent";
}

// Random traffic: cursors have no gap, no batch is too large, order per task holds, no terminal is
// lost.
TEST_F(OutboxTest, PropertiesUnderRandomTraffic) {
  std::mt19937 random(11);
  begin();
  uint64_t serial = 100, cursor = 1, sentTerminals = 0, gotTerminals = 0;
  std::map<std::string, uint64_t> lastSerial;
  std::vector<uint64_t> open;
  for (int step = 0; step < 20'000; ++step) {
    auto id = "t" + std::to_string(random() % 20);
    switch (random() % 4) {
      case 0:
        outbox.status(delivery(id, TaskState::RUNNING, ++serial));
        break;
      case 1:
        outbox.status(delivery(id, TaskState::KILLED, ++serial));
        ++sentTerminals;
        break;
      case 2:
        outbox.node(id, NodeNews(random() % 3));
        break;
      case 3:
        if (outbox.ready()) {
          auto draft = outbox.cut(tiny);
          ASSERT_EQ(draft.cursor, ++cursor);
          ASSERT_LE(draft.nodes.size() + draft.statuses.size(), 4u);
          ASSERT_GE(draft.nodes.size() + draft.statuses.size(), 1u);
          for (auto& d : draft.statuses) {
            ASSERT_GT(d.serial, lastSerial[d.taskId]);
            lastSerial[d.taskId] = d.serial;
            gotTerminals += isTerminal(d.status.state);
          }
          open.push_back(cursor);
        }
        if (!open.empty() && random() % 2 == 0) {
          auto which = random() % open.size();
          ASSERT_TRUE(outbox.answered(open[which], open[which], uint16_t(random() % 5)));
          open.erase(open.begin() + which);
        }
    }
  }
  for (auto which : open) ASSERT_TRUE(outbox.answered(which, which, 64));
  open.clear();
  while (outbox.ready()) {
    auto draft = outbox.cut(tiny);
    for (auto& d : draft.statuses) gotTerminals += isTerminal(d.status.state);
    ASSERT_TRUE(outbox.answered(draft.cursor, draft.cursor, 1));
  }
  EXPECT_EQ(gotTerminals, sentTerminals);
}

}  // namespace
}  // namespace maitred::backend
