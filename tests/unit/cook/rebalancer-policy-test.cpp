// A preemption policy in the rebalancer: what it may decide, and what happens when it fails.
#include "pool-world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Chooser final : public PreemptionPolicy {
 public:
  std::function<bool(const TaskView&)> may = [](const TaskView&) { return true; };
  std::function<double(std::span<const TaskView>)> worth = [](std::span<const TaskView> tasks) {
    return tasks.back().score;
  };
  bool broken = false;
  int asked = 0;
  std::optional<bool> mayPreempt(const TaskView& task, const JobView&) override {
    ++asked;
    return broken ? std::nullopt : std::optional(may(task));
  }
  std::optional<double> gain(std::span<const TaskView> tasks, const JobView&) override {
    return worth(tasks);
  }
};

class PolicyInCharge : public ::testing::Test, protected PoolWorld {
 protected:
  Chooser policy;
  RebalanceOptions rules{.queue = {.pool = POOL}, .preemptionMost = 128};
  RebalanceResult result;

  PolicyInCharge() {
    book.shares(POOL).set("default", {1, 1, {}});
    for (const char* host : {"A", "B"}) node(host, 20, 20);
    for (const char* name : {"a1", "b1", "a2", "b2"}) {
      Job job = make("hog", 10, 10);
      job.spec.name = name;
      if (std::string_view(name) == "b2") job.spec.labels = {{"preemptible", "false"}};
      start(add(std::move(job)), name[0] == 'a' ? "A" : "B");
    }
    submit("new", 10, 10);
  }
  std::vector<std::string> victims() {
    result = rebalance(book, nodes, builtInScorer(false), &policy, rules, now);
    std::vector<std::string> names;
    for (const Decision& one : result.decisions) {
      for (const Victim& victim : one.victims) names.push_back(victim.job->spec.name);
    }
    return names;
  }
};

TEST_F(PolicyInCharge, TheHighestGainDecides) {
  EXPECT_THAT(victims(), ElementsAre("b2"));
  policy.worth = [](auto tasks) { return 1 / tasks.back().score; };
  EXPECT_THAT(victims(), ElementsAre("a2"));
}

TEST_F(PolicyInCharge, TasksThatItSparesStay) {
  policy.may = [](const TaskView& task) { return task.preemptible; };
  EXPECT_THAT(victims(), ElementsAre("a2")) << "b2 bears the label preemptible: false";
  policy.may = [](const TaskView&) { return false; };
  EXPECT_THAT(victims(), IsEmpty());
}

TEST_F(PolicyInCharge, WithoutAGainNothingIsStopped) {
  policy.worth = [](auto) { return 0.0; };
  EXPECT_THAT(victims(), IsEmpty());
}

TEST_F(PolicyInCharge, TheThresholdsHoldWhateverItSays) {
  rules.safeScore = 1000;
  EXPECT_THAT(victims(), IsEmpty());
  EXPECT_EQ(policy.asked, 0);
}

TEST_F(PolicyInCharge, WhenItFailsTheBuiltInDecidesTheRound) {
  policy.broken = true;
  EXPECT_THAT(victims(), ElementsAre("b2"));
  EXPECT_TRUE(result.policyFailed);
  policy.broken = false;
  victims();
  EXPECT_FALSE(result.policyFailed);
}

// Scores what runs, and fails on what waits.
class HalfAScorer final : public Scorer {
 public:
  bool score(std::span<const ScoreInput> inputs, std::span<double> scores) override {
    return builtInScorer(false).score(inputs, scores);
  }
  bool scorePending(double, const Usage&, const ScoreInput&, double&) override { return false; }
};

TEST_F(PolicyInCharge, WhenTheScoreOfAWaitingJobFailsTheBuiltInDecidesTheRound) {
  HalfAScorer scorer;
  result = rebalance(book, nodes, scorer, nullptr, rules, now);
  EXPECT_TRUE(result.policyFailed);
  EXPECT_EQ(result.decisions.size(), 1u);
}

}  // namespace
}  // namespace maitred::cook
