// Why jobs wait (sections 8.15, 28.23).
#include "pool-world.h"

#include <core/waiting.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Waiting : public ::testing::Test, public PoolWorld {
 protected:
  Job one;
  std::int64_t tokens = 1000;

  WhyWaiting why(const Job& job, bool askHosts = true) {
    PlacementRules rules;
    WaitingWorld world{book, nodes, rules, [this](const std::string&) { return tokens; }, now, now};
    return whyWaiting(job, world, askHosts);
  }
};

TEST_F(Waiting, LimitsOf28_23) {
  struct Case {
    Quota quota;
    Usage job;
    std::vector<Excess> excess;
  };
  Usage running{5000, 6, 0, 2};
  auto quota = [](std::int64_t count) {
    return Quota{.mem = 6000, .cpus = 8, .count = count};
  };
  const Case cases[] = {
      {quota(5), {4000, 4, 0, 1}, {{"mem", 6000, 9000}, {"cpus", 8, 10}}},
      {quota(5), {2000, 1, 0, 1}, {{"mem", 6000, 7000}}},
      {quota(2), {500, 4, 0, 1}, {{"cpus", 8, 10}, {"count", 2, 3}}},
      {quota(5), {1000, 2, 0, 1}, {}},
      {Quota{.gpus = 1}, {1, 1, 2, 1}, {{"gpus", 1, 2}}},
  };
  for (const Case& one : cases) {
    Usage usage = running;
    usage += one.job;
    EXPECT_EQ(excessOf(usage, one.quota), one.excess);
  }
  EXPECT_THAT(excessOf({10, 20, 3, 9}, Share{.mem = 5, .gpus = 2}),
              ElementsAre(Excess{"mem", 5, 10}, Excess{"gpus", 2, 3}));
}

TEST_F(Waiting, ItIsAQuestionOfTheUsersOwnUsage) {
  node("a", 100, 10'000);
  book.quotas(POOL).set("ana", {.cpus = 4.0});
  book.shares(POOL).set("ana", {.mem = 100.0});
  running("ana", 3, 90, "a");
  running("ben", 50, 5000, "a");
  Job& fits = submit("ana", 1, 10);
  EXPECT_THAT(why(fits).quota, IsEmpty());
  EXPECT_THAT(why(fits).share, IsEmpty());
  EXPECT_FALSE(why(fits).heldBack());
  Job& large = submit("ana", 2, 20);
  EXPECT_THAT(why(large).quota, ElementsAre(Excess{"cpus", 4, 5}));
  EXPECT_THAT(why(large).share, ElementsAre(Excess{"mem", 100, 110}));
  EXPECT_TRUE(why(large).heldBack());
}

TEST_F(Waiting, TheUsersJobsAheadAreCounted) {
  node("a", 1, 10);
  Job& ran = running("ana", 1, 10, "a");
  Job& first = submit("ana", 1, 10);
  submit("ben", 1, 10);
  Job urgent = make("ana", 1, 10);
  urgent.spec.priority = 90;
  Job& ahead = add(std::move(urgent));
  Job& last = submit("ana", 1, 10);
  EXPECT_EQ(why(ahead).ahead, 0u);
  EXPECT_EQ(why(last).ahead, 3u);
  EXPECT_FALSE(why(last).aheadOrMore);
  EXPECT_THAT(why(last).firstAhead, ElementsAre(ahead.spec.id, ran.spec.id, first.spec.id));
  for (int i = 0; i < 200; ++i) submit("ana", 1, 10);
  Job& behind = submit("ana", 1, 10);
  EXPECT_TRUE(why(behind).aheadOrMore);
  EXPECT_EQ(why(behind).ahead, 101u) << "100 that wait and one that runs";
  EXPECT_THAT(why(behind).firstAhead, SizeIs(10));
}

TEST_F(Waiting, HostsAreAskedNowOrACycleTells) {
  for (int i = 0; i < 3; ++i) node("n" + std::to_string(i), 4, 1000);
  node("small", 1, 10'000);
  Job& large = submit("ana", 2, 2000);
  auto told = why(large);
  ASSERT_TRUE(told.refusals);
  EXPECT_EQ(told.refusals->hostsAsked, 4);
  EXPECT_EQ(told.refusals->of(Obstacle::mem), 3);
  EXPECT_EQ(told.refusals->of(Obstacle::cpus), 1);
  EXPECT_FALSE(told.seenByCycle);
  EXPECT_FALSE(why(large, false).refusals) << "nobody has looked";
  book.investigations().begin(large.spec.id);
  cycle();
  EXPECT_TRUE(why(large).seenByCycle);
  ASSERT_TRUE(why(large, false).refusals);
  EXPECT_EQ(why(large, false).refusals->of(Obstacle::mem), 3);
  node("big", 4, 4000);
  EXPECT_FALSE(why(large).refusals) << "one could take it now";
  Job& small = submit("ana", 1, 10);
  EXPECT_FALSE(why(small).refusals);
}

TEST_F(Waiting, WhatElseHoldsItBack) {
  node("a", 10, 1000);
  Job& job = submit("ana", 1, 10);
  EXPECT_EQ(why(job).rateLimited, 0u);
  tokens = 0;
  submit("ana", 1, 10);
  EXPECT_EQ(why(job).rateLimited, 2u) << "both of the user's wait for it";
  tokens = 1;
  EXPECT_FALSE(why(job).heldBack());
  EXPECT_EQ(book.postpone(job, now), now) << "the first refusal is free";
  std::int64_t until = book.postpone(job, now);
  ASSERT_GT(until, now);
  EXPECT_EQ(why(job).postponedMs, until);
  EXPECT_EQ(why(job).ahead, 0u) << "it has no place in the queue";
  now = until;
  book.wake(now);
  EXPECT_FALSE(why(job).heldBack());
  Uuid task = start(job, "a");
  ASSERT_TRUE(book.fail(task, Reason::PREEMPTED, Book::Stop::preemption, now));
  ASSERT_EQ(job.state, JobState::waiting);
  EXPECT_TRUE(why(job).ending);
  end(task, InstanceStatus::failed);
  EXPECT_FALSE(why(job).heldBack());
  setPool({.active = false});
  EXPECT_TRUE(why(job).poolIdle);
}

TEST_F(Waiting, WhoseAttemptsAreUsedUpIsTold) {
  node("a", 10, 1000);
  Job made = make("ana", 1, 10);
  made.spec.maxRetries = 1;
  Job& job = add(std::move(made));
  end(start(job, "a"), InstanceStatus::failed, Reason::NODE_REMOVED);
  ASSERT_EQ(job.state, JobState::waiting) << "it costs no attempt";
  EXPECT_FALSE(why(job).exhausted);
  book.setLimits({.global = 0});
  EXPECT_TRUE(why(job).exhausted) << "by now it does";
}

}  // namespace
}  // namespace maitred::cook
