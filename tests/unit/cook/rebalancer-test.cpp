// Section 14 and the examples 28.15 to 28.20.
#include "rebalancing-world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Pointwise;

constexpr double FREE = Decision::FREE_ANYWAY;

// The tasks of 28.15 to 28.18.
class Examples : public Rebalancing {
 protected:
  Examples() { share("default", 25, 25); }
  // 28.17: A holds t1 t2 t5 t7, B holds t3 t4 t6 t8.
  void eight() {
    task("t1", "ljin", 10, 10, "A");
    task("t2", "ljin", 5, 5, "A");
    task("t3", "ljin", 15, 25, "B");
    task("t4", "ljin", 25, 15, "B");
    task("t5", "wzhao", 8, 8, "A");
    task("t6", "wzhao", 10, 10, "B");
    task("t7", "wzhao", 10, 10, "A");
    task("t8", "wzhao", 10, 10, "B");
  }
  // 28.16: A holds t1 t2 t7, B holds t3 t4 t8.
  void six() {
    task("t1", "ljin", 10, 10, "A");
    task("t2", "ljin", 5, 5, "A");
    task("t3", "ljin", 15, 25, "B");
    task("t4", "ljin", 25, 15, "B");
    task("t7", "wzhao", 10, 10, "A");
    task("t8", "wzhao", 10, 10, "B");
  }
};

TEST_F(Examples, Example15_Scores) {
  eight();
  build();
  expectScores(state(), {{"t4", 2.2}, {"t3", 1.6}, {"t8", 1.52}, {"t7", 1.12},
                         {"t6", .72}, {"t2", .6}, {"t1", .4}, {"t5", .32}});
}

TEST_F(Examples, Example15_PendingScores) {
  task("t1", "ljin", 10, 10, "A");
  task("t2", "ljin", 5, 5, "A");
  task("t3", "ljin", 15, 25, "B");
  task("t4", "ljin", 25, 1, "B");
  task("t5", "wzhao", 8, 8, "A");
  for (const char* name : {"t6", "t7", "t8"}) task(name, "wzhao", 10, 10, "B");
  build();
  PreemptionState all = state();
  struct Row {
    const char* user;
    double mem, cpus, score;
  };
  for (const Row& row :
       {Row{"wzhao", 10, 10, 1.92}, Row{"sunil", 20, 20, 0.8}, Row{"ljin", 10, 1, 2.6}}) {
    Job job = make(row.user, row.cpus, row.mem);
    EXPECT_NEAR(*all.pendingScore(job, all.userOf(row.user)), row.score, 1e-9) << row.user;
  }
}

TEST_F(Examples, Example15_PendingScoresByGpus) {
  share("default", 25, 25, 1);
  auto withGpus = [&](const char* user, double gpus) {
    Job job = make(user, 1, 1);
    job.spec.gpus = gpus;
    return job;
  };
  for (const char* user : {"ljin", "wzhao"}) {
    for (int i = 0; i < 4; ++i) start(add(withGpus(user, 1)), "A");
  }
  build();
  PreemptionState all(book, nodes, rules.queue.pool, builtInScorer(true));
  auto pending = [&](const char* user, double gpus) {
    return *all.pendingScore(withGpus(user, gpus), all.userOf(user));
  };
  EXPECT_DOUBLE_EQ(pending("wzhao", 1), 5.0);
  EXPECT_DOUBLE_EQ(pending("sunil", 1), 1.0);
  EXPECT_DOUBLE_EQ(pending("ljin", 2), 6.0);
}

TEST_F(Examples, PendingScoreFollowsThePriority) {
  eight();
  build();
  PreemptionState all = state();
  Job urgent = make("ljin", 10, 10);
  urgent.spec.priority = 51;
  EXPECT_NEAR(*all.pendingScore(urgent, all.userOf("ljin")), 0.4, 1e-9) << "nothing is before it";
}

struct Row16 {
  const char* user;
  double size;  // of memory and cpus
  std::map<std::string, MemAndCpus> spare;
  double diff;
  const char* host;  // empty: no decision
  std::vector<std::string> victims;
  double score;
  MemAndCpus totals;
};
class Example16 : public Examples, public ::testing::WithParamInterface<Row16> {};

TEST_P(Example16, Decision) {
  const Row16& row = GetParam();
  six();
  spare = row.spare;
  build();
  rules.scoreGainLeast = row.diff;
  submit(row.user, row.size, row.size);
  auto decisions = decide();
  if (*row.host == 0) {
    EXPECT_THAT(decisions, IsEmpty());
    return;
  }
  ASSERT_EQ(decisions.size(), 1u);
  EXPECT_EQ(decisions[0].hostname, row.host);
  EXPECT_EQ(names(decisions), row.victims);
  if (row.score == FREE) {
    EXPECT_EQ(decisions[0].score, FREE);
  } else {
    EXPECT_NEAR(decisions[0].score, row.score, 1e-9);
  }
  EXPECT_EQ(decisions[0].room.memBytes, row.totals.mem * MIB);
  EXPECT_EQ(decisions[0].room.cpuMillis, row.totals.cpus * 1000);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Example16,
    ::testing::Values(
        Row16{"wzhao", 15, {}, 0.05, "B", {"t4"}, 2.2, {25, 15}},
        Row16{"wzhao", 15, {{"B", {15, 15}}}, 0.5, "B", {}, FREE, {15, 15}},
        Row16{"wzhao", 15, {{"A", {20, 20}}, {"B", {10, 10}}}, 0.5, "A", {}, FREE, {20, 20}},
        Row16{"wzhao", 15, {{"A", {10, 10}}, {"B", {10, 10}}}, 0.0, "B", {"t4"}, 2.2, {35, 25}},
        Row16{"sunil", 15, {}, 0.5, "B", {"t4"}, 2.2, {25, 15}},
        Row16{"ljin", 15, {}, 0.5, "", {}, 0, {}},   //
        Row16{"sunil", 40, {}, 0.0, "", {}, 0, {}},  //
        Row16{"sunil", 40, {{"A", {40, 40}}}, 0.5, "A", {}, FREE, {40, 40}},
        Row16{"sunil", 40, {{"A", {35, 35}}}, 0.0, "", {}, 0, {}},
        Row16{"sunil", 40, {{"A", {35, 35}}, {"B", {30, 30}}}, 0.5, "B", {"t4"}, 2.2, {55, 45}},
        Row16{"sunil", 45, {}, 0.5, "", {}, 0, {}},  //
        Row16{"sunil", 45, {}, 2.0, "", {}, 0, {}},  //
        Row16{"sunil", 80, {}, 0.5, "", {}, 0, {}}));

TEST_F(Examples, EqualHosts_TheLastByNameIsTaken) {
  for (const char* host : {"A", "B", "C"}) task(host, host, 30, 30, host);
  build();
  submit("newcomer", 10, 10);
  auto decisions = decide();
  ASSERT_EQ(decisions.size(), 1u);
  EXPECT_EQ(decisions[0].hostname, "C");
  EXPECT_EQ(names(decisions), Names{"C"});
}

TEST_F(Examples, Example17_TheNextState) {
  eight();
  spare = {{"A", {50, 50}}};
  build();
  struct Row {
    const char *user, *name;
    double size;
    std::size_t host;  // A, B
    Names victims;
    std::vector<std::pair<std::string, double>> scores;
    MemAndCpus spareA, spareB;
  };
  std::vector<Row> rows{
      {"wzhao", "t9", 15, 1, {"t6", "t8"},
       {{"t4", 2.2}, {"t3", 1.6}, {"t9", 1.32}, {"t7", .72}, {"t2", .6}, {"t1", .4}, {"t5", .32}},
       {50, 50}, {5, 5}},
      {"sunil", "t10", 15, 0, {"t2", "t7"},
       {{"t4", 2.0}, {"t3", 1.4}, {"t8", 1.12}, {"t6", .72}, {"t10", .6}, {"t1", .4}, {"t5", .32}},
       {50, 50}, {0, 0}},
      {"sunil", "t12", 40, 0, {},
       {{"t4", 2.2}, {"t3", 1.6}, {"t12", 1.6}, {"t8", 1.52}, {"t7", 1.12}, {"t6", .72},
        {"t2", .6}, {"t1", .4}, {"t5", .32}},
       {10, 10}, {0, 0}}};
  for (const Row& row : rows) {
    PreemptionState next = state();
    Job placed = make(row.user, row.size, row.size);
    placed.spec.name = row.name;
    std::vector<PreemptionState::Index> victims;
    for (const std::string& name : row.victims) victims.push_back(indexOf(next, name));
    next.apply(placed, next.userOf(row.user), static_cast<PreemptionState::Index>(row.host),
               victims, false);
    expectScores(next, row.scores);
    EXPECT_EQ(next.hosts()[0].spare.memBytes, row.spareA.mem * MIB) << row.name;
    EXPECT_EQ(next.hosts()[0].spare.cpuMillis, row.spareA.cpus * 1000) << row.name;
    EXPECT_EQ(next.hosts()[1].spare.memBytes, row.spareB.mem * MIB) << row.name;
    EXPECT_EQ(next.hosts()[1].spare.cpuMillis, row.spareB.cpus * 1000) << row.name;
  }
}

struct Row18 {
  const char* user;
  double share;
  std::map<std::string, MemAndCpus> spare;
  std::size_t jobs;
  Names victims;
};
class Example18 : public Examples, public ::testing::WithParamInterface<Row18> {};

TEST_P(Example18, WholeRounds) {
  eight();
  spare = GetParam().spare;
  build();
  share(GetParam().user, GetParam().share, GetParam().share);
  std::vector<Job*> pending;
  for (int i = 0; i < 10; ++i) pending.push_back(&submit(GetParam().user, 5, 5));
  auto decisions = decide();
  ASSERT_EQ(decisions.size(), GetParam().jobs);
  for (std::size_t i = 0; i < decisions.size(); ++i) EXPECT_EQ(decisions[i].job, pending[i]);
  EXPECT_EQ(names(decisions), GetParam().victims);
}
INSTANTIATE_TEST_SUITE_P(
    Table, Example18,
    ::testing::Values(Row18{"wzhao", 25, {}, 3, {"t4"}},                //
                    Row18{"wzhao", 25, {{"B", {0, 10}}}, 5, {"t4"}},  //
                    Row18{"sunil", 25, {}, 8, {"t4", "t3"}},
                    Row18{"sunil", 25, {{"B", {25, 25}}}, 8, {"t4"}},
                    Row18{"sunil", 50, {}, 10, {"t4", "t3", "t8"}}));

TEST_F(Rebalancing, ARoundMakesRoomForSoManyJobsAtMost) {
  share("default", 1, 1);
  for (int i = 0; i < 6; ++i) task(("t" + std::to_string(i)).c_str(), "hog", 5, 5, "A");
  build();
  for (int i = 0; i < 4; ++i) submit("new", 5, 5);
  rules.preemptionMost = 2;
  EXPECT_EQ(decide().size(), 2u);
}

TEST_F(Rebalancing, Example19_ReservationsAreForSeveralTasks) {
  share("user1", 1, 1);
  share("user2", 10, 10);
  task("a", "user1", 6, 6, "A");
  task("b", "user1", 6, 6, "A");
  build();
  Job& large = submit("user2", 10, 10);
  auto decisions = decide();
  EXPECT_THAT(names(decisions), ElementsAre("b", "a"));
  auto reserved = reservationsFor(decisions);
  EXPECT_THAT(reserved, ElementsAre(std::pair(large.spec.id, NodeKey{"local", "A"})));
  Reservations& all = nodes.reservations();
  all.replace(POOL, reserved);
  EXPECT_TRUE(all.isReserved({"local", "A"}));
  ASSERT_NE(all.of(POOL, large.spec.id), nullptr);
  all.matched(POOL, large.spec.id);
  EXPECT_TRUE(all.none());
  all.replace(POOL, reserved);
  EXPECT_TRUE(all.none()) << "it has been launched";
  all.replace(POOL, reserved);
  EXPECT_FALSE(all.none()) << "the round before has cleared that";
}

TEST_F(Rebalancing, Example19_NoReservationForASingleTask) {
  share("user1", 1, 1);
  share("user2", 10, 10);
  task("a", "user1", 6, 6, "A");
  build();
  submit("user2", 5, 5);
  auto decisions = decide();
  EXPECT_THAT(names(decisions), ElementsAre("a"));
  EXPECT_THAT(reservationsFor(decisions), IsEmpty());
}

TEST_F(Rebalancing, Example20_AboveTheQuotaOnlyOnesOwnGo) {
  share("default", 1, 1);
  book.quotas(POOL).set("testA", {.count = 1});
  task("own", "testA", 5, 5, "A");
  task("other", "hog", 9, 9, "B");
  build();
  Job urgent = make("testA", 4, 4);
  urgent.spec.priority = 90;
  add(std::move(urgent));
  EXPECT_EQ(names(decide()), Names{"own"}) << "its own of lower priority, though others are worse";
  submit("testB", 2, 2);
  EXPECT_EQ(names(decide()), (Names{"other", "own"})) << "testB has no quota";
}

}  // namespace
}  // namespace maitred::cook
