// What held jobs back: noted by the cycles, kept afterwards, and bounded.
#include "pool-world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr Uuid JOB{1, 2};

TEST(WaitingHistory, NotesChangesOnly) {
  WaitingHistory history;
  EXPECT_TRUE(history.note(JOB, Hold::room, 10));
  EXPECT_FALSE(history.note(JOB, Hold::room, 20));
  EXPECT_TRUE(history.note(JOB, Hold::quota, 30));
  EXPECT_THAT(history.of(JOB), ElementsAre(WaitingHistory::Entry{10, Hold::room},
                                           WaitingHistory::Entry{30, Hold::quota}));
  EXPECT_THAT(history.of({1, 3}), IsEmpty());
}

TEST(WaitingHistory, KeepsTheFirstAndTheLatestOfMany) {
  WaitingHistory history;
  for (int i = 0; i < 1000; ++i) history.note(JOB, i % 2 == 0 ? Hold::room : Hold::quota, i);
  auto entries = history.of(JOB);
  EXPECT_EQ(entries.size(), WaitingHistory::ENTRIES_MOST);
  EXPECT_EQ(entries.front().sinceMs, 0);
  EXPECT_EQ(entries.back().sinceMs, 999);
}

TEST(WaitingHistory, ForgetsWhoIsNotKnownAnyMore) {
  WaitingHistory history;
  for (std::uint64_t i = 0; i < 20'000; ++i) history.note({1, i}, Hold::room, 1);
  history.tidy(10, [](const Uuid& id) { return id.low < 10; });
  EXPECT_EQ(history.size(), 10u);
  history.tidy(0, [](const Uuid&) { return false; });
  EXPECT_EQ(history.size(), 10u) << "so few are not worth the look";
}

class Held : public ::testing::Test {
 protected:
  PoolWorld world;

  std::vector<std::pair<Uuid, Hold>> heldInACycle() {
    std::uint64_t ids = 0;
    DominantResource scorer;
    CycleResult result = runCycle(world.book, world.nodes, scorer, nullptr, world.options,
                                  world.now, [&] { return Uuid{9, ++ids}; });
    std::vector<std::pair<Uuid, Hold>> held;
    for (const auto& [job, hold] : result.held) held.emplace_back(job->spec.id, hold);
    return held;
  }
};

TEST_F(Held, IsWhatFoundNoRoom) {
  world.node("a", 4, 4000);
  world.submit("ana", 1, 100);
  Job& large = world.submit("ben", 8, 100);
  EXPECT_THAT(heldInACycle(), ElementsAre(Pair(large.spec.id, Hold::room)));
}

TEST_F(Held, IsTheFirstOfAUserWhoIsAtAQuotaOrARate) {
  world.node("a", 40, 40000);
  QuotaEntry quota;
  quota.count = 1;
  world.book.quotas(PoolWorld::POOL).set("ana", quota);
  world.options.queue.launchTokens = [](const std::string& user) { return user == "ben" ? 1 : 99; };
  world.submit("ana", 1, 100);
  Job& second = world.submit("ana", 1, 100);
  world.submit("ana", 1, 100);
  world.submit("ben", 1, 100);
  Job& limited = world.submit("ben", 1, 100);
  world.submit("ben", 1, 100);
  EXPECT_THAT(heldInACycle(), UnorderedElementsAre(Pair(second.spec.id, Hold::quota),
                                                   Pair(limited.spec.id, Hold::launchRate)));
}

}  // namespace
}  // namespace maitred::cook
