// How long instances ran, by reason and user (section 8.22).
#include <core/instance-stats.h>
#include <core/reasons.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class Stats : public ::testing::Test {
 protected:
  InstanceStats stats;

  void add(const char* user, double cpus, std::int64_t seconds, int reason = 0) {
    Job job;
    job.spec.user = user;
    job.spec.cpus = cpus;
    job.spec.mem = 10;
    Instance one;
    one.startMs = 1'000'000;
    one.endMs = one.startMs + seconds * 1000;
    one.reason = reason;
    stats.add(job, one, 0);
  }
};

TEST_F(Stats, PercentilesAreTheNearestRanks) {  // 8.22
  for (int i = 1; i <= 100; ++i) add("ana", 2, i);
  auto run = stats.result().overall.runSeconds;
  EXPECT_THAT(run.at, ElementsAre(50, 75, 95, 99, 100));
  EXPECT_EQ(run.total, 5050);
  EXPECT_THAT(stats.result().overall.cpuSeconds.at, ElementsAre(100, 150, 190, 198, 200));
  InstanceStats few;
  stats = few;
  for (int seconds : {30, 10, 20}) add("ana", 1, seconds);
  EXPECT_THAT(stats.result().overall.runSeconds.at, ElementsAre(20, 30, 30, 30, 30));
}

TEST_F(Stats, AreToldByReasonAndUser) {
  add("ana", 1, 10, Reason::NORMAL_EXIT);
  add("ana", 2, 10);
  add("ben", 4, 10, Reason::NORMAL_EXIT);
  auto result = stats.result();
  EXPECT_EQ(result.overall.count, 3u);
  EXPECT_EQ(result.byReason["Normal exit"].count, 2u);
  EXPECT_EQ(result.byReason[""].count, 1u);
  EXPECT_EQ(result.byUser["ana"].size(), 2u);
  EXPECT_EQ(result.byUser["ben"]["Normal exit"].cpuSeconds.total, 40);
  EXPECT_THAT(result.cpuLeaders, ElementsAre(Pair("ben", 40), Pair("ana", 30)));
  EXPECT_THAT(result.memLeaders, ElementsAre(Pair("ana", 200), Pair("ben", 100)));
  for (int i = 0; i < 12; ++i) add(("user" + std::to_string(i)).c_str(), 100 + i, 10);
  EXPECT_EQ(stats.result().cpuLeaders.size(), 10u);
  EXPECT_EQ(stats.result().cpuLeaders[0].first, "user11");
}

TEST_F(Stats, OfNothingAreNothing) {
  EXPECT_EQ(stats.result().overall.count, 0u);
  EXPECT_THAT(stats.result().cpuLeaders, IsEmpty());
}

TEST_F(Stats, WhatRunsHasRunUntilNow) {
  Job job;
  job.spec.user = "ana";
  job.spec.cpus = job.spec.mem = 1;
  Instance one;
  one.startMs = 1000;
  stats.add(job, one, 5000);
  EXPECT_EQ(stats.result().overall.runSeconds.total, 4);
}

}  // namespace
}  // namespace maitred::cook
