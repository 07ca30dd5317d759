// Room that comes free bit by bit goes to the job that it was freed for.
#include "pool-world.h"

#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

class KeptRoom : public ::testing::Test, protected PoolWorld {
 protected:
  RebalanceOptions rules{.queue = {.pool = POOL}, .preemptionMost = 10};

  std::vector<Decision> round() {
    auto made = rebalance(book, nodes, builtInScorer(false), nullptr, rules, now).decisions;
    for (const Decision& one : made) {
      for (const Victim& victim : one.victims) {
        book.fail(victim.taskId, Reason::PREEMPTED, Book::Stop::preemption, now);
      }
    }
    nodes.reservations().replace(POOL, reservationsFor(made));
    return made;
  }
};

// The second job needs one task less to go than it would alone: it counts on what the first one
// leaves of its own.
TEST_F(KeptRoom, AJobMayCountOnWhatWasStoppedForAnotherOfTheRound) {
  book.shares(POOL).set("default", {100, 100, std::nullopt});
  book.shares(POOL).set("hog", {1, 1, std::nullopt});
  node("A", 10, 100);
  running("hog", 5, 1, "A");
  running("hog", 5, 1, "A");
  Job& small = submit("ann", 3, 1);
  Job& large = submit("ben", 6, 1);
  Job& late = submit("hog", 2, 1);
  auto decisions = round();
  ASSERT_EQ(decisions.size(), 2u);
  ASSERT_EQ(decisions[1].job, &large);
  ASSERT_EQ(decisions[1].victims.size(), 1u);

  end(decisions[1].victims[0].taskId, InstanceStatus::failed);
  cycle();
  EXPECT_EQ(placeOf(late), "") << "it would take what the other one still needs";
  EXPECT_EQ(placeOf(large), "");

  end(decisions[0].victims[0].taskId, InstanceStatus::failed);
  cycle();
  EXPECT_EQ(placeOf(large), "A");
  cycle();
  EXPECT_EQ(placeOf(small), "A");
}

TEST_F(KeptRoom, WhatIsNotAskedForIsNotMissing) {
  NodeFacts withPorts = facts("A", 10, 100);
  withPorts.capacity.ports = 4;
  put(withPorts);
  auto portly = [&](const char* user) -> Job& {
    Job job = make(user, 2, 1);
    job.spec.ports = 4;
    return add(std::move(job));
  };
  Job& stopped = portly("hog");
  start(stopped, "A");
  book.fail(stopped.live()->taskId, Reason::PREEMPTED, Book::Stop::preemption, now);
  Job& next = portly("ann");
  Job& modest = submit("ben", 3, 1);
  auto decisions = round();
  ASSERT_EQ(decisions.size(), 2u);
  ASSERT_EQ(decisions[0].job, &next);
  EXPECT_TRUE(decisions[0].promised);
  ASSERT_EQ(decisions[1].job, &modest);
  EXPECT_FALSE(decisions[1].promised) << "a port of another job is nothing to wait for";
}

// The matcher looks at the first jobs only, and at fewer of them while the first finds no room.
TEST_F(KeptRoom, AJobThatIsNotAmongTheFirstGetsWhatWasFreedForIt) {
  book.shares(POOL).set("default", {100, 100, std::nullopt});
  book.shares(POOL).set("hog", {1, 1, std::nullopt});
  node("A", 10, 100);
  node("B", 10, 100);
  running("hog", 5, 1, "A");
  running("hog", 5, 1, "A");
  book.shares(POOL).set("ben", {50, 50, std::nullopt});
  running("ben", 1, 1, "B");
  Job& first = submit("ann", 10, 1);
  first.spec.constraints = {{"HOSTNAME", "B"}};
  Job& second = submit("ben", 7, 1);
  second.spec.constraints = {{"HOSTNAME", "A"}};
  options.considerableMost = 1;
  auto decisions = round();
  ASSERT_EQ(decisions.size(), 1u);
  ASSERT_EQ(decisions[0].job, &second);
  for (const Victim& victim : decisions[0].victims) {
    EXPECT_EQ(placeOf(second), "");
    end(victim.taskId, InstanceStatus::failed);
    cycle();
  }
  EXPECT_EQ(placeOf(second), "A");
}

}  // namespace
}  // namespace maitred::cook
