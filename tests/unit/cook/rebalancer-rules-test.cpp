// For whom the rebalancer makes room, and for whom not.
#include "rebalancing-world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(Rebalancing, NobodyGoesForAJobThatMayNotStartAnyway) {
  share("default", 1, 1);
  book.quotas(POOL).set("testA", {.cpus = 4});
  task("own", "testA", 5, 2, "A");
  build();
  Job large = make("testA", 5, 5);
  large.spec.priority = 90;
  add(std::move(large));
  EXPECT_THAT(decide(), IsEmpty());
}

TEST_F(Rebalancing, WhoIsStoppedWaitsInFrontOfTheirLaterJobs) {
  share("default", 1, 1);
  book.quotas(POOL).set("testA", {.count = 1});
  spare["A"] = {1, 1};
  task("own", "testA", 5, 5, "A");
  build();
  submit("testB", 4, 4);
  ASSERT_EQ(names(decide()), Names{"own"});
  submit("testA", 0.5, 0.5);
  EXPECT_EQ(decide().size(), 1u) << "its owner's quota goes to the one that was stopped";
}

TEST_F(Rebalancing, WhatAnEarlierRoundHasStoppedWaitsInFrontToo) {
  share("default", 1, 1);
  book.quotas(POOL).set("testA", {.count = 1});
  spare["B"] = {5, 5};
  Job& own = task("own", "testA", 5, 5, "A");
  build();
  submit("testA", 1, 1);
  book.fail(own.live()->taskId, Reason::PREEMPTED, Book::Stop::preemption, now);
  EXPECT_THAT(decide(), IsEmpty()) << "its owner's quota is the stopped one's again";
}

// The first job's launches were refused: it is out of the queue for a while.
TEST_F(Rebalancing, WhatIsPutOffWaitsInFrontToo) {
  share("default", 1, 1);
  book.quotas(POOL).set("testA", {.count = 1});
  task("running", "hog", 5, 5, "A");
  build();
  Job& first = submit("testA", 1, 1);
  submit("testA", 3, 3);
  while (book.postpone(first, now) <= now) continue;
  EXPECT_THAT(decide(), IsEmpty()) << "its owner's quota goes to the one that was put off";
  book.quotas(POOL).set("testA", {.count = 2});
  EXPECT_EQ(names(decide()), Names{"running"});
}

TEST_F(Rebalancing, NobodyGoesForMoreJobsThanTheOwnerMayLaunch) {
  share("default", 1, 1);
  task("t1", "hog", 5, 5, "A");
  task("t2", "hog", 5, 5, "A");
  build();
  submit("testA", 2, 2);
  submit("testA", 2, 2);
  submit("testB", 2, 2);
  rules.queue.launchTokens = [](const std::string& user) { return user == "testA" ? 0 : 1; };
  EXPECT_EQ(decide().size(), 1u);
  rules.queue.launchTokens = [](const std::string&) { return 1; };
  EXPECT_EQ(decide().size(), 2u);
}

TEST_F(Rebalancing, UsersBelowTheirShareLoseNothing) {
  share("default", 10, 10);
  task("t1", "ana", 9, 9, "A");
  build();
  submit("new", 1, 1);
  EXPECT_THAT(decide(), IsEmpty());
  rules.safeScore = 0.5;
  EXPECT_EQ(names(decide()), Names{"t1"});
}

TEST_F(Rebalancing, ConstraintsOfTheJobDecideWhereRoomIsMade) {
  share("default", 1, 1);
  task("a", "hog", 9, 9, "A");
  task("b", "hog", 9, 9, "B");
  build();
  Job picky = make("new", 5, 5);
  picky.spec.constraints = {{"HOSTNAME", "A"}};
  add(std::move(picky));
  EXPECT_EQ(names(decide()), Names{"a"}) << "although b is more unfair";
}

TEST_F(Rebalancing, GroupsAreKeptApartAlsoWithinARound) {
  share("default", 1, 1);
  for (const char* host : {"A", "B"}) {
    task((std::string(host) + "1").c_str(), "hog", 9, 9, host);
    task((std::string(host) + "2").c_str(), "hog", 9, 9, host);
  }
  build();
  Uuid group{3, 1};
  book.addGroup({group, "g", {HostPlacement::Type::unique, "", 1}, {}}, now);
  for (int i = 0; i < 3; ++i) {
    Job job = make("new", 5, 5);
    job.spec.group = group;
    add(std::move(job));
  }
  auto decisions = decide();
  ASSERT_EQ(decisions.size(), 2u);
  EXPECT_NE(decisions[0].hostname, decisions[1].hostname);
}

TEST_F(Rebalancing, WhatIsBeingStoppedAlreadyIsRoom) {
  share("default", 1, 1);
  task("a", "hog", 9, 9, "A");
  Job& killed = task("b", "hog", 9, 9, "A");
  build();
  submit("new", 9, 9);
  EXPECT_EQ(names(decide()), Names{"b"});
  book.fail(killed.live()->taskId, Reason::PREEMPTED, Book::Stop::preemption, now);
  auto again = decide();
  EXPECT_THAT(names(again), IsEmpty()) << "its room is on the way";
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(reservationsFor(again).size(), 1u) << "and is kept until it is there";
}

// Simulation seed 1910: the task that ended first came before the job for which both had been
// stopped, as long as the other one was on its way; it took the room, and so on for ever.
TEST_F(Rebalancing, RoomStaysPromisedUntilAllThatWasStoppedForItIsGone) {
  share("hog", 12, 12);
  share("new", 17, 17);
  rules.safeScore = 0;
  spare["A"] = {4, 0};
  Job first = make("hog", 2.1, 1);
  first.spec.priority = 90;
  Uuid large = start(add(std::move(first)), "A");
  taken["A"] = {1, 2.1};
  Uuid small = task("small", "hog", 1, 1.9, "A").live()->taskId;
  build();
  Job& job = submit("new", 2.9, 1);
  auto decisions = decide();
  ASSERT_EQ(decisions.size(), 1u);
  ASSERT_EQ(decisions[0].victims.size(), 2u);
  nodes.reservations().replace(POOL, reservationsFor(decisions));
  for (const Uuid& victim : {large, small}) {
    book.fail(victim, Reason::PREEMPTED, Book::Stop::preemption, now);
  }
  end(small, InstanceStatus::failed, Reason::PREEMPTED);
  decisions = decide();
  ASSERT_FALSE(decisions.empty());
  EXPECT_EQ(decisions[0].job, &job);
  EXPECT_EQ(reservationsFor(decisions).size(), 1u);
  nodes.reservations().replace(POOL, reservationsFor(decisions));
  EXPECT_THAT(cycle().started, IsEmpty());
  end(large, InstanceStatus::failed, Reason::PREEMPTED);
  cycle();
  EXPECT_EQ(placeOf(job), "A");
}

// Simulation seed 5067: another task took the spare room, was stopped for the job next, and the
// first one came back meanwhile, for ever.
TEST_F(Rebalancing, SpareRoomBesideASingleVictimIsKeptToo) {
  share("hog", 1, 1);
  share("new", 10, 10);
  spare["A"] = {2, 2};
  task("a", "hog", 3, 3, "A");
  build();
  Job& job = submit("new", 4, 4);
  auto decisions = decide();
  EXPECT_THAT(names(decisions), ElementsAre("a"));
  EXPECT_THAT(reservationsFor(decisions),
              ElementsAre(std::pair(job.spec.id, NodeKey{"local", "A"})));
}

TEST_F(Rebalancing, NodesThatTakeNoWorkMakeNoRoom) {
  share("default", 1, 1);
  task("a", "hog", 9, 9, "A");
  build();
  NodeFacts closed = facts("A", 9, 9);
  closed.ready = false;
  put(closed);
  submit("new", 9, 9);
  EXPECT_THAT(decide(), IsEmpty());
}

TEST_F(Rebalancing, OneTaskMoreThanANodeTakesHasToGo) {
  share("default", 1, 1);
  task("a", "hog", 9, 9, "A");
  NodeFacts few = facts("A", 90, 90);
  few.tasksMax = 1;
  put(few);
  submit("new", 5, 5);
  EXPECT_EQ(names(decide()), Names{"a"});
}

}  // namespace
}  // namespace maitred::cook
