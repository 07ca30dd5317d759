#include <core/cycle.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::ElementsAre;

constexpr std::int64_t MEBIBYTE = 1024 * 1024;

// Jobs by name, over several pools.
class Pending : public ::testing::Test {
 protected:
  Book book;
  NodeTable nodes;
  DominantResource dru;
  std::uint64_t ids = 0;

  Job& waiting(const char* pool, const char* user, const char* name, double mem, double cpus,
               double gpus = 0) {
    Job job;
    job.spec.id = {1, ++ids};
    job.spec.user = user;
    job.spec.name = name;
    job.spec.pool = pool;
    job.spec.mem = mem;
    job.spec.cpus = cpus;
    job.spec.gpus = gpus;
    job.order = book.nextOrder();
    job.sequence = book.nextSequence();
    return *book.add(std::move(job));
  }
  Job& running(const char* pool, const char* user, const char* name, double mem, double cpus,
               double gpus = 0) {
    Job& job = waiting(pool, user, name, mem, cpus, gpus);
    book.start(job, {2, ++ids}, {"local", "n", "h"}, 1);
    return job;
  }
  void node(const char* pool, double cpus, double mem) {
    NodeFacts facts;
    facts.key = {"local", "n" + std::to_string(++ids)};
    facts.capacity = {static_cast<std::int64_t>(cpus * 1000),
                      static_cast<std::int64_t>(mem) * MEBIBYTE, 100, 0};
    facts.pool = pool;
    nodes.put(facts, {facts.capacity, 0, 1});
  }
  std::vector<std::string> queue(const QueueOptions& options, std::size_t limit = 100) {
    std::vector<std::string> names;
    for (Job* job : firstOf(book, options, dru, limit)) names.push_back(job->spec.name);
    return names;
  }
  std::vector<std::string> queue(const char* pool) { return queue(QueueOptions{.pool = pool}); }
  CycleResult cycle(const char* pool = "", std::int64_t now = 2000, std::size_t most = 1000) {
    CycleOptions options;
    options.queue.pool = pool;
    options.considerableMost = most;
    return runCycle(book, nodes, dru, nullptr, options, now, [this] { return Uuid{3, ++ids}; });
  }
};

// --- 28.11 ---

struct GroupCase {
  std::optional<Quota> a, b, group;
  std::vector<std::string> inA, inB;
};
class Example11 : public Pending, public ::testing::WithParamInterface<GroupCase> {};

TEST_P(Example11, PoolsAndGroupsHaveQuotas) {
  const GroupCase& limits = GetParam();
  std::map<std::string, Quota> groups;
  if (limits.group) groups["s"] = *limits.group;
  book.setPools(Pools({{.name = "a", .quota = limits.a, .quotaGroup = "s"},
                       {.name = "b", .quota = limits.b, .quotaGroup = "s"}},
                      "a", groups));
  for (const char* pool : {"a", "b"}) book.shares(pool).set("default", {10, 10, {}});
  running("a", "ljin", "j1", 30, 1);
  waiting("a", "ljin", "j2", 50, 1);
  waiting("a", "ljin", "j3", 20, 1);
  waiting("a", "ljin", "j4", 5, 5);
  running("b", "wzhao", "j5", 6, 6);
  waiting("b", "wzhao", "j6", 5, 5);
  running("b", "sunil", "j7", 10, 5);
  waiting("b", "sunil", "j8", 10, 5);
  EXPECT_EQ(queue("a"), limits.inA);
  EXPECT_EQ(queue("b"), limits.inB);
}
INSTANTIATE_TEST_SUITE_P(
    Table, Example11,
    ::testing::Values(
        GroupCase{{}, {}, {}, {"j2", "j3", "j4"}, {"j6", "j8"}},
        GroupCase{Quota{}, Quota{}, Quota{}, {"j2", "j3", "j4"}, {"j6", "j8"}},
        GroupCase{{}, {}, Quota{.count = 4}, {"j2"}, {"j6"}},
        GroupCase{Quota{.mem = 80, .cpus = 2}, Quota{.mem = 21, .cpus = 16}, {}, {"j2"}, {"j6"}},
        GroupCase{{}, {}, Quota{.mem = 96.1, .cpus = 17.1}, {"j2"}, {"j6"}}));

// --- 28.12 ---

struct ConsiderCase {
  QuotaEntry quota;
  std::size_t limit;
  std::optional<std::int64_t> tokens;
  std::vector<std::string> normal, gpu;
};
class Example12 : public Pending, public ::testing::WithParamInterface<ConsiderCase> {};

TEST_P(Example12, ConsiderableJobs) {
  const ConsiderCase& one = GetParam();
  book.setPools(Pools({{.name = "normal"}, {.name = "gpu", .druMode = DruMode::gpu}}, "normal"));
  for (const char* pool : {"normal", "gpu"}) {
    book.quotas(pool).set("ana", one.quota);
    running(pool, "ana", "r", 1024, 2);
  }
  waiting("normal", "ana", "1", 2048, 3);
  waiting("normal", "ana", "2", 1024, 13);
  waiting("normal", "ana", "3", 4096, 7);
  waiting("normal", "ana", "4", 1024, 11);
  waiting("gpu", "ana", "5", 2048, 5, 2);
  waiting("gpu", "ana", "6", 1024, 19, 4);
  QueueOptions options{.pool = "normal"};
  if (one.tokens) options.launchTokens = [&](const std::string&) { return *one.tokens; };
  EXPECT_EQ(queue(options, one.limit), one.normal);
  options.pool = "gpu";
  EXPECT_EQ(queue(options, one.limit), one.gpu);
}
INSTANTIATE_TEST_SUITE_P(
    Table, Example12,
    ::testing::Values(
        ConsiderCase{{32768, 50, 10, 10, {}, {}}, 5, {}, {"1", "2", "3", "4"}, {"5", "6"}},
        ConsiderCase{{32768, 50, 10, 10, {}, {}}, 3, {}, {"1", "2", "3"}, {"5", "6"}},
        ConsiderCase{{32768, 50, 10, 10, {}, {}}, 1, {}, {"1"}, {"5"}},
        ConsiderCase{{32768, 50, 10, 10, {}, {}}, 5, 1, {"1"}, {"5"}},
        ConsiderCase{{4096, 10, 10, 5, {}, {}}, 5, {}, {"1"}, {"5"}},
        ConsiderCase{{4096, 10, 0, 5, {}, {}}, 5, {}, {"1"}, {}},
        ConsiderCase{{4096, 3, 10, 5, {}, {}}, 5, {}, {}, {}}));

TEST_F(Pending, AUserFarAboveTheirQuotaIsPassedByAtOnce) {
  book.quotas("").set("ana", {.count = 1});
  book.shares("").set("default", {10, 10, {}});
  for (int i = 0; i < 1000; ++i) waiting("", "ana", "a", 0.001, 0.001);
  waiting("", "ben", "b", 5, 5);
  struct Counting final : Scorer {
    int scored = 0;
    bool score(std::span<const ScoreInput> in, std::span<double> out) override {
      scored += static_cast<int>(in.size());
      return DominantResource().score(in, out);
    }
  } counting;
  EXPECT_EQ(firstOf(book, {}, counting, 10).size(), 2u);
  EXPECT_LE(counting.scored, 5);
}

TEST_F(Pending, WhatFindsNoNodeCostsNoneOfTheOwnersLaunches) {
  node("", 4, 4000);
  waiting("", "ana", "too wide", 1, 64);
  waiting("", "ana", "fits", 1, 1);
  waiting("", "ana", "fits too", 1, 1);
  CycleOptions options;
  options.queue.launchTokens = [](const std::string&) { return 1; };
  auto result = runCycle(book, nodes, dru, nullptr, options, 2000, [] { return Uuid{3, 1}; });
  ASSERT_EQ(result.started.size(), 1u);
  EXPECT_EQ(result.started[0].job->spec.name, "fits");
  EXPECT_THAT(result.rateLimited, ElementsAre("ana")) << "of the third alone";
}

TEST_F(Pending, WhatALaunchFilterHoldsBackCostsNoneOfTheOwnersLaunches) {
  waiting("", "ana", "held", 1, 1);
  waiting("", "ana", "free", 1, 1);
  QueueOptions options;
  options.launchTokens = [](const std::string&) { return 1; };
  options.mayLaunch = [](const Job& job) {
    return job.spec.name == "held" ? Launch::no : Launch::yes;
  };
  EXPECT_THAT(queue(options), ElementsAre("free"));
}

TEST_F(Pending, RoomThatIsMadeInAnotherPoolCountsAgainstTheQuotaThatTheyShare) {
  book.setPools(Pools({{.name = "a", .quotaGroup = "s"}, {.name = "b", .quotaGroup = "s"}}, "a",
                      {{"s", Quota{.count = 1}}}));
  Job& kept = waiting("a", "ana", "kept", 1, 1);
  Job& other = waiting("b", "bea", "other", 1, 1);
  QueueOptions options{.pool = "b"};
  EXPECT_EQ(PendingQueue(book, options, dru, &nodes.reservations()).next(), &other);
  nodes.reservations().replace("a", {{kept.spec.id, {"local", "n1"}}});
  EXPECT_EQ(PendingQueue(book, options, dru, &nodes.reservations()).next(), nullptr);
}

TEST_F(Pending, JobsAboveTheLimitsOfAJobAreNamed) {
  waiting("", "ana", "big", 2000, 1);
  waiting("", "ana", "small", 10, 1);
  node("", 4, 4000);
  CycleOptions options;
  options.queue.jobMemMost = 1000;
  auto result = runCycle(book, nodes, dru, nullptr, options, 1, [this] { return Uuid{3, ++ids}; });
  ASSERT_EQ(result.offensive.size(), 1u);
  EXPECT_EQ(result.offensive[0]->spec.name, "big");
  ASSERT_EQ(result.started.size(), 1u);
  EXPECT_EQ(result.started[0].job->spec.name, "small");
}

TEST_F(Pending, PoolsHaveTheirOwnNodesAndQueues) {
  book.setPools(Pools({{.name = "a"}, {.name = "b"}, {.name = "off", .active = false}}, "a"));
  waiting("a", "ana", "1", 1, 1);
  waiting("b", "ana", "2", 1, 1);
  waiting("off", "ana", "3", 1, 1);
  node("b", 4, 4000);
  node("off", 4, 4000);
  EXPECT_TRUE(cycle("a").started.empty()) << "no node is in it";
  ASSERT_EQ(cycle("b").started.size(), 1u);
  EXPECT_TRUE(cycle("off").started.empty()) << "it is not active";
  EXPECT_EQ(book.usage("b", "ana").count, 1);
  EXPECT_EQ(book.usage("a", "ana").count, 0);
}

TEST_F(Pending, AtOneSlotEqualUsersTakeTurns) {
  book.shares("").set("default", {100, 10, {}});
  for (int i = 0; i < 3; ++i) waiting("", "ana", "ana", 10, 1);
  for (int i = 0; i < 3; ++i) waiting("", "ben", "ben", 10, 1);
  node("", 1, 10);
  std::vector<std::string> order;
  for (int i = 0; i < 6; ++i) {
    auto result = cycle("", 1000 * i);
    ASSERT_EQ(result.started.size(), 1u);
    const auto& one = result.started[0];
    order.push_back(one.job->spec.name);
    Report end;
    end.status = InstanceStatus::success;
    book.report(one.taskId, end, 1000 * i);
    nodes.letGo(one.node, one.taskId);
  }
  EXPECT_THAT(order, ElementsAre("ana", "ben", "ana", "ben", "ana", "ben"));
}

// --- Back-off ---

TEST_F(Pending, ARefusedJobIsPutOffForLongerAndLonger) {
  Job& job = waiting("", "ana", "1", 1, 1);
  EXPECT_EQ(book.postpone(job, 1000), 1000) << "the first refusal costs nothing";
  EXPECT_THAT(queue(""), ElementsAre("1"));
  EXPECT_EQ(book.postpone(job, 1000), 1100);
  EXPECT_THAT(queue(""), ElementsAre());
  EXPECT_EQ(book.nextWakeMs(), 1100);
  book.wake(1099);
  EXPECT_EQ(book.postponedCount(), 1u);
  book.wake(1100);
  EXPECT_THAT(queue(""), ElementsAre("1"));
  EXPECT_EQ(book.postpone(job, 2000), 2200);
  EXPECT_EQ(book.postpone(job, 2000, 60'000), 62'000);
  book.kill(job, 3000);
  EXPECT_EQ(book.postponedCount(), 0u);
  EXPECT_EQ(book.count(JobState::waiting), 0u);
}

TEST_F(Pending, OnceItHasRunTheRefusalsAreForgotten) {
  Job& job = waiting("", "ana", "1", 1, 1);
  job.spec.maxRetries = 5;
  for (int i = 0; i < 20; ++i) book.postpone(job, 0);
  EXPECT_EQ(book.nextWakeMs(), 100 << 8) << "the longest pause";
  book.wake(100 << 8);
  Uuid task{7, 7};
  book.start(job, task, {}, 1);
  Report news;
  news.status = InstanceStatus::running;
  book.report(task, news, 2);
  news.status = InstanceStatus::failed;
  book.report(task, news, 3);
  EXPECT_EQ(book.postpone(job, 5000), 5000);
}

// --- The head ---

TEST(HeadRuleTest, TheEightyEighthTickConsidersOneJob) {
  HeadRule rule;
  for (int tick = 1; tick < 88; ++tick) {
    EXPECT_GT(rule.limit(), 1u) << tick;
    rule.after(true, false, tick, 0);
  }
  EXPECT_EQ(rule.limit(), 1u);
  for (int tick = 1; tick <= 1000; ++tick) {
    auto note = rule.after(true, false, 100 + tick, 0);
    EXPECT_EQ(note == HeadRule::Note::stuck, tick == 10) << tick;
    EXPECT_EQ(note == HeadRule::Note::gaveUp, tick == 1000) << tick;
  }
  EXPECT_EQ(rule.limit(), 1000u);
}

TEST(HeadRuleTest, StartsAgainWhenTheHeadOrNothingIsMatched) {
  HeadRule rule;
  rule.after(true, false, 0, 0);
  EXPECT_EQ(rule.limit(), 950u);
  rule.after(true, true, 0, 0);
  EXPECT_EQ(rule.limit(), 1000u);
  rule.after(true, false, 0, 0);
  rule.after(false, false, 0, 0);
  EXPECT_EQ(rule.limit(), 1000u);
  rule.setMost(20);
  EXPECT_EQ(rule.limit(), 20u);
  rule.after(true, false, 0, 0);
  EXPECT_EQ(rule.limit(), 19u);
}

TEST(HeadRuleTest, ItsConstantsCanBeChosen) {
  HeadRule rule;
  rule.setMost(8);
  rule.setPace({.scaleback = 0.5, .warnAt = 2, .resetAt = 3});
  std::vector<std::size_t> limits;
  std::vector<HeadRule::Note> notes;
  for (int tick = 1; tick <= 6; ++tick) {
    notes.push_back(rule.after(true, false, tick, 0));
    limits.push_back(rule.limit());
  }
  EXPECT_THAT(limits, ElementsAre(4, 2, 1, 1, 1, 8));
  using Note = HeadRule::Note;
  EXPECT_THAT(notes, ElementsAre(Note::none, Note::none, Note::none, Note::none, Note::stuck,
                                 Note::gaveUp));
}

TEST(HeadRuleTest, CyclesWithinOnePaceCountOnce) {
  HeadRule rule;
  rule.after(true, false, 0, 1000);
  EXPECT_EQ(rule.limit(), 950u);
  for (int i = 1; i < 1000; ++i) rule.after(i == 500, false, i, 1000);
  EXPECT_EQ(rule.limit(), 950u);
  rule.after(false, false, 1000, 1000);
  EXPECT_EQ(rule.limit(), 902u) << "something was matched since";
  rule.after(false, false, 2000, 1000);
  EXPECT_EQ(rule.limit(), 1000u);
}

TEST_F(Pending, AJobThatNoNodeCanEverTakeIsNotTheHead) {
  node("", 4, 4000);
  waiting("", "ana", "impossible", 1, 64);
  waiting("", "ana", "possible", 1, 1);
  EXPECT_EQ(cycle().started.size(), 1u);
  EXPECT_EQ(book.headRule("").limit(), 1000u);
  waiting("", "ana", "large", 1, 4);
  waiting("", "ana", "small", 1, 1);
  EXPECT_EQ(cycle("", 9000).started.size(), 1u);
  EXPECT_EQ(book.headRule("").limit(), 950u) << "the large one was overtaken";
}

}  // namespace
}  // namespace maitred::cook
