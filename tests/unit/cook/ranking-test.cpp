#include <core/ranking.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <limits>

namespace maitred::cook {
namespace {

using ::testing::DoubleEq;
using testing::DoubleNear;
using ::testing::ElementsAre;
using testing::Pointwise;

class Ranking : public ::testing::Test {
 protected:
  PoolRanking ranking;
  Shares shares;
  DominantResource dru;
  std::deque<Job> made;

  void share(const char* user, double mem, double cpus) { shares.set(user, {mem, cpus, {}}); }
  Job& make(const char* user, const char* name, double mem, double cpus, int priority = 50,
            double gpus = 0) {
    Job& job = made.emplace_back();
    job.spec.user = user;
    job.spec.name = name;
    job.spec.mem = mem;
    job.spec.cpus = cpus;
    job.spec.gpus = gpus;
    job.spec.priority = priority;
    job.order = made.size();
    job.submittedMs = static_cast<std::int64_t>(job.order);
    return job;
  }
  void waiting(const char* user, const char* job, double mem, double cpus, int priority = 50,
               double gpus = 0) {
    ranking.addWaiting(make(user, job, mem, cpus, priority, gpus));
  }
  void running(const char* user, const char* job, double mem, double cpus, std::int64_t start = 1,
               double gpus = 0) {
    ranking.addRunning(make(user, job, mem, cpus, 50, gpus), start);
  }
  std::vector<std::string> jobs(bool everything = false, Scorer* scorer = nullptr) {
    MergedOrder merged(ranking, shares, scorer != nullptr ? *scorer : dru, {everything});
    std::vector<std::string> found;
    while (auto one = merged.next()) found.push_back(one->job->spec.name);
    return found;
  }
  std::vector<double> scores(bool everything) {
    MergedOrder merged(ranking, shares, dru, {everything});
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
  for (double amount : {10.0, 5.0, 25.0, 15.0}) running("ljin", "l", 1, 1, 1, amount);
  running("wzhao", "w", 1, 1, 1, 10);
  running("sunil", "s", 1, 1, 1, 10);
  MergedOrder merged(ranking, shares, gpus, {true});
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

TEST_F(Ranking, Example8_GpuPool) {
  GpuUsage gpus;
  waiting("u1", "j1", 1, 1, 50, 10);
  waiting("u1", "j2", 1, 1, 90, 25);
  waiting("u2", "j3", 1, 1, 50, 20);
  waiting("u2", "j4", 1, 1, 30, 10);
  EXPECT_THAT(jobs(false, &gpus), ElementsAre("j3", "j2", "j4", "j1"));
}

TEST_F(Ranking, Example9_GpuSharesAndTies) {
  GpuUsage gpus;
  shares.set("default", {{}, {}, 1});
  shares.set("ljin", {{}, {}, 2});
  running("ljin", "l1", 1, 1, 1, 1);
  for (const char* name : {"l2", "l3", "l4"}) waiting("ljin", name, 1, 1, 50, 1);
  for (const char* name : {"w1", "w2"}) waiting("wzhao", name, 1, 1, 50, 1);
  EXPECT_THAT(jobs(false, &gpus), ElementsAre("l2", "w1", "l3", "l4", "w2"));
  shares.set("ljin", {{}, {}, 1});
  EXPECT_THAT(jobs(false, &gpus), ElementsAre("w1", "w2", "l2", "l3", "l4"));
}

TEST_F(Ranking, Example10_OverQuotaTruncation) {
  Quotas quotas;
  quotas.set("ana", {.count = 1});
  running("ana", "r", 1, 1);
  for (const char* name : {"1", "2", "3", "4", "5"}) waiting("ana", name, 1, 1);
  auto kept = [&](std::size_t most) {
    MergedOrder merged(ranking, shares, dru, {false, &quotas, most});
    std::vector<std::string> found;
    while (auto one = merged.next()) found.push_back(one->job->spec.name);
    return found;
  };
  EXPECT_THAT(kept(3), ElementsAre("1", "2", "3"));
  EXPECT_THAT(kept(0), ElementsAre());
  quotas.set("ana", {.count = 2});
  EXPECT_THAT(kept(3), ElementsAre("1", "2", "3", "4"));
}

TEST_F(Ranking, OverQuotaTruncationCountsRunningTasks) {
  Quotas quotas;
  quotas.set("ana", {.count = 5});
  for (int i = 0; i < 25; ++i) waiting("ana", "w", 1, 1);
  auto kept = [&] {
    MergedOrder merged(ranking, shares, dru, {false, &quotas, 10});
    int count = 0;
    while (merged.next()) ++count;
    return count;
  };
  EXPECT_EQ(kept(), 15);
  for (int i = 0; i < 8; ++i) running("ana", "r", 1, 1, i);
  EXPECT_EQ(kept(), 7) << "three of the running ones are above it already";
  for (int i = 0; i < 10; ++i) running("ana", "r", 1, 1, i);
  EXPECT_EQ(kept(), 0);
  quotas.remove("ana");
  EXPECT_EQ(kept(), 25);
}

TEST_F(Ranking, EqualUsersTakeTurns) {
  share("default", 10, 10);
  for (const char* name : {"a1", "a2"}) waiting("ana", name, 1, 1);
  for (const char* name : {"b1", "b2"}) waiting("ben", name, 1, 1);
  EXPECT_THAT(jobs(), ElementsAre("a1", "b1", "b2", "a2"));
  ranking.served("ana");
  EXPECT_THAT(jobs(), ElementsAre("b1", "a1", "a2", "b2"));
  ranking.served("ben");
  EXPECT_THAT(jobs(), ElementsAre("a1", "b1", "b2", "a2"));
}

TEST_F(Ranking, DoublingAShareHalvesTheScores) {
  share("default", 16, 16);
  for (int i = 1; i < 40; ++i) waiting("ana", "a", i, 40 - i);
  auto before = scores(false);
  share("ana", 32, 32);
  auto after = scores(false);
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(after[i], before[i] / 2);
}

TEST_F(Ranking, ComingAndGoingLeavesNoTrace) {
  for (int i = 0; i < 1000; ++i) running("ana", "r", 0.1, 0.1, i);
  for (int i = 0; i < 1000; ++i) ranking.removeRunning(made[i], i);
  EXPECT_EQ(ranking.find("ana")->tasks.running(), Usage{});
  EXPECT_EQ(ranking.running(), Usage{});
  EXPECT_TRUE(ranking.find("ana")->tasks.empty());
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
  MergedOrder merged(ranking, shares, broken, {});
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
