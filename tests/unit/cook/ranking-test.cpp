#include <core/ranking.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace maitred::cook {
namespace {

using testing::DoubleEq;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

class Ranking : public testing::Test {
 protected:
  PoolRanking ranking;
  Shares shares;
  DominantResource dru;
  std::map<std::uint64_t, std::string> names;
  std::uint64_t order = 0;

  void share(const char* user, double mem, double cpus) { shares.set(user, {mem, cpus, {}}); }
  Task make(const std::string& name, double mem, double cpus, std::int64_t priority = 50) {
    names[++order] = name;
    return Task{priority, 0, order, mem, cpus, 0, static_cast<std::int64_t>(order), nullptr};
  }
  void waiting(const char* user, const char* job, double mem, double cpus, int priority = 50) {
    ranking.user(user).addWaiting(make(job, mem, cpus, priority));
  }
  void running(const char* user, const char* job, double mem, double cpus, std::int64_t start = 1) {
    Task task = make(job, mem, cpus);
    task.startMs = start;
    ranking.user(user).addRunning(task);
  }
  std::vector<std::string> jobs(bool everything = false, Scorer* scorer = nullptr) {
    MergedOrder merged(ranking, shares, scorer != nullptr ? *scorer : dru, everything);
    std::vector<std::string> found;
    while (auto one = merged.next()) found.push_back(names[one->task->order]);
    return found;
  }
  std::vector<double> scores(bool everything) {
    MergedOrder merged(ranking, shares, dru, everything);
    std::vector<double> found;
    while (auto one = merged.next()) found.push_back(one->score);
    return found;
  }
};

TEST_F(Ranking, Example1_UsageAddsUp) {
  share("default", 25, 25);
  EXPECT_THAT(scores(true), ElementsAre());
  running("ljin", "a", 10, 10);
  running("ljin", "b", 5, 5);
  running("ljin", "c", 15, 25);
  running("ljin", "d", 25, 15);
  EXPECT_THAT(scores(true), Pointwise(DoubleNear(1e-12), {0.4, 0.6, 1.6, 2.2}));
}

TEST_F(Ranking, Example2_SharesFallBackToTheDefaultUser) {
  shares.set("default", {25, 25, 1});
  shares.set("wzhao", {10, 10, {}});
  EXPECT_EQ(shares.of("ljin"), (Share{25, 25, 1}));
  EXPECT_EQ(shares.of("wzhao"), (Share{10, 10, 1}));
  EXPECT_EQ(Shares().of("sunil").mem, std::numeric_limits<double>::max());
}

TEST_F(Ranking, Example3_UsersAreMerged) {
  share("default", 10, 10);
  running("ljin", "a", 10, 10);
  running("ljin", "b", 5, 5);
  running("ljin", "c", 15, 25);
  running("ljin", "d", 25, 15);
  running("wzhao", "e", 10, 10);
  running("sunil", "f", 10, 10);
  EXPECT_THAT(scores(true), Pointwise(DoubleNear(1e-12), {1.0, 1.0, 1.0, 1.5, 4.0, 5.5}));
}

TEST_F(Ranking, Example4_RunningComesBeforeWaiting) {
  share("default", 10, 10);
  waiting("ana", "1", 10, 10);
  running("ana", "2", 20, 20, 200);
  waiting("ana", "3", 40, 40);
  running("ana", "4", 80, 80, 100);
  waiting("ana", "5", 160, 160);
  EXPECT_THAT(jobs(true), ElementsAre("4", "2", "1", "3", "5"));
  EXPECT_THAT(scores(true), ElementsAre(8, 10, 11, 15, 31));
  EXPECT_THAT(jobs(), ElementsAre("1", "3", "5"));
  EXPECT_THAT(scores(false), ElementsAre(11, 15, 31));
}

TEST_F(Ranking, Example5_GpusAlone) {
  GpuUsage gpus;
  shares.set("ljin", {{}, {}, 5});
  shares.set("wzhao", {{}, {}, 10});
  shares.set("sunil", {{}, {}, 2.5});
  auto add = [&](const char* user, double amount) {
    Task task = make(user, 1, 1);
    task.gpus = amount;
    ranking.user(user).addRunning(task);
  };
  for (double amount : {10.0, 5.0, 25.0, 15.0}) add("ljin", amount);
  add("wzhao", 10);
  add("sunil", 10);
  MergedOrder merged(ranking, shares, gpus, true);
  std::vector<double> found;
  while (auto one = merged.next()) found.push_back(one->score);
  EXPECT_THAT(found, ElementsAre(1.0, 2.0, 3.0, 4.0, 8.0, 11.0));
}

TEST_F(Ranking, Example6_WaitingJobsOfThreeUsers) {
  share("default", 10, 10);
  running("ljin", "j1", 3, 1);
  waiting("ljin", "j2", 5, 1);
  waiting("ljin", "j3", 2, 1);
  waiting("ljin", "j4", 5, 5);
  running("wzhao", "j5", 6, 6);
  waiting("wzhao", "j6", 5, 5);
  running("sunil", "j7", 10, 5);
  waiting("sunil", "j8", 10, 5);
  EXPECT_THAT(jobs(), ElementsAre("j2", "j3", "j6", "j4", "j8"));
  EXPECT_THAT(scores(false), Pointwise(DoubleNear(1e-12), {0.8, 1.0, 1.1, 1.5, 2.0}));
  share("sunil", 100, 100);
  EXPECT_THAT(jobs(), ElementsAre("j8", "j2", "j3", "j6", "j4"));
}

TEST_F(Ranking, Example7_UnlimitedSharesStillOrderBySubnormalScores) {
  waiting("u1", "j1", 1000, 1);
  waiting("u1", "j2", 1000, 1, 90);
  waiting("u2", "j3", 1500, 1);
  waiting("u2", "j4", 1500, 1, 30);
  EXPECT_THAT(jobs(), ElementsAre("j2", "j3", "j1", "j4"));
}

TEST_F(Ranking, EqualScoresStayWithTheUserWhoWasServedLast) {
  share("default", 1000, 1);
  waiting("ana", "a1", 1, 2);
  waiting("ana", "a2", 1, 0.0001);
  waiting("ben", "b1", 1, 1);
  waiting("ben", "b2", 1, 1);
  EXPECT_THAT(jobs(), ElementsAre("b1", "b2", "a1", "a2"));
}

TEST_F(Ranking, MoreLoadNeverMovesAUserForward) {
  share("default", 10, 10);
  waiting("ana", "a", 1, 1);
  waiting("ben", "b", 2, 2);
  EXPECT_THAT(jobs(), ElementsAre("a", "b"));
  running("ana", "r", 5, 5);
  EXPECT_THAT(jobs(), ElementsAre("b", "a"));
}

TEST_F(Ranking, ComingAndGoingLeavesNoTrace) {
  for (int i = 0; i < 1000; ++i)
    ranking.user("ana").addRunning(Task{50, i, order + i, 0.1, 0.1, 0, 0, nullptr});
  for (int i = 0; i < 1000; ++i)
    ranking.user("ana").removeRunning(Task{50, i, order + i, 0.1, 0.1, 0, 0, nullptr});
  EXPECT_EQ(ranking.user("ana").running(), Usage{});
  ranking.tidy("ana");
  EXPECT_TRUE(ranking.all().empty());
}

class Broken final : public Scorer {
 public:
  int left;
  explicit Broken(int left) : left(left) {}
  bool score(std::span<const ScoreInput> inputs, std::span<double> scores) override {
    for (std::size_t i = 0; i < inputs.size(); ++i) scores[i] = inputs[i].submittedMs;
    return left-- > 0;
  }
};

TEST_F(Ranking, AScorerThatFailsEndsTheOrder) {
  waiting("ana", "a", 1, 1);
  waiting("ana", "b", 1, 1);
  Broken broken(1);
  MergedOrder merged(ranking, shares, broken);
  EXPECT_TRUE(merged.next());
  EXPECT_FALSE(merged.next());
  EXPECT_TRUE(merged.failed());
}

TEST_F(Ranking, AScorerMayOrderByAge) {
  waiting("zoe", "first", 100, 100);
  waiting("ana", "second", 1, 1);
  waiting("zoe", "third", 1, 1);
  Broken byAge(100);
  EXPECT_THAT(jobs(false, &byAge), ElementsAre("first", "second", "third"));
}

}  // namespace
}  // namespace maitred::cook
