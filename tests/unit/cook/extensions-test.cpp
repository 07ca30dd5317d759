// What is made of other plugins' words: ageing, caching, joining, moving, shapes.
#include <core/book.h>
#include <core/pending-queue.h>
#include <core/scorer.h>
#include <extensions/job-shapes.h>
#include <extensions/launch-verdicts.h>
#include <extensions/pool-moves.h>
#include <extensions/submission-verdicts.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::HasSubstr;
using State = LaunchVerdicts::State;

constexpr std::int64_t MINUTE = 60'000;

Uuid numbered(std::uint64_t n) {
  return {0x0f6a4e3c00004000ull, 0x8000000000000000ull + n};
}

LaunchVerdicts::Answer deferral(std::int64_t untilMs, const char* message = "later") {
  return {false, "filter", message, untilMs};
}

TEST(LaunchVerdicts, HoldAsLongAsTheySay) {
  LaunchVerdicts verdicts;
  EXPECT_EQ(verdicts.of(numbered(1), 0), State::unknown);
  verdicts.ask(numbered(1), 0);
  EXPECT_EQ(verdicts.of(numbered(1), 5), State::asked);
  verdicts.take(numbered(1), deferral(1000), 10);
  EXPECT_EQ(verdicts.of(numbered(1), 999), State::deferred);
  EXPECT_EQ(verdicts.of(numbered(1), 1000), State::unknown);
  EXPECT_EQ(verdicts.deferrals(numbered(1)), 1u);
  EXPECT_EQ(verdicts.deferral(numbered(1))->message, "later");
  EXPECT_EQ(verdicts.deferral(numbered(1))->by, "filter");
  verdicts.ask(numbered(1), 1000);
  verdicts.take(numbered(1), {true, "", "", 2000}, 1001);
  EXPECT_EQ(verdicts.of(numbered(1), 1999), State::accepted);
  EXPECT_FALSE(verdicts.deferral(numbered(1)));
  EXPECT_EQ(verdicts.of(numbered(1), 2000), State::unknown);
}

TEST(LaunchVerdicts, AnAnswerThatNobodyWaitsForIsPassedBy) {
  LaunchVerdicts verdicts;
  verdicts.ask(numbered(1), 0);
  verdicts.forget(numbered(1));
  verdicts.take(numbered(1), deferral(1000), 1);
  EXPECT_EQ(verdicts.of(numbered(1), 2), State::unknown);
}

// Deferred every minute; §17: more than 10 deferrals, first seen more than 600 minutes ago, last
// seen less than 10 minutes ago.
void deferEachMinute(LaunchVerdicts& verdicts, int times, std::int64_t fromMs = 0) {
  for (int i = 0; i < times; ++i) {
    std::int64_t now = fromMs + i * MINUTE;
    verdicts.ask(numbered(1), now);
    verdicts.take(numbered(1), deferral(now + MINUTE), now);
  }
}

TEST(LaunchVerdicts, AJobThatWasDeferredForLongStartsAllTheSame) {  // §17
  LaunchVerdicts verdicts;
  deferEachMinute(verdicts, 601);
  EXPECT_EQ(verdicts.of(numbered(1), 600 * MINUTE + 1), State::deferred) << "while that holds";
  EXPECT_EQ(verdicts.of(numbered(1), 601 * MINUTE), State::accepted);
}

TEST(LaunchVerdicts, AgeingNeedsAllThree) {  // §17
  LaunchVerdicts young;
  deferEachMinute(young, 600);
  EXPECT_EQ(young.of(numbered(1), 600 * MINUTE), State::unknown) << "not longer ago than 600 min";
  LaunchVerdicts seldom;
  deferEachMinute(seldom, 9);
  deferEachMinute(seldom, 1, 700 * MINUTE);
  EXPECT_EQ(seldom.of(numbered(1), 701 * MINUTE), State::unknown) << "not more than 10 times";
  deferEachMinute(seldom, 1, 701 * MINUTE);
  EXPECT_EQ(seldom.of(numbered(1), 702 * MINUTE), State::accepted) << "the eleventh time";
  EXPECT_EQ(seldom.of(numbered(1), 711 * MINUTE), State::unknown) << "not seen for 10 min";
  LaunchVerdicts strict;
  strict.setAgeing({0, 0, MINUTE * 10});
  deferEachMinute(strict, 1);
  EXPECT_EQ(strict.of(numbered(1), MINUTE), State::accepted) << "as configured";
}

TEST(LaunchVerdicts, WhatIsOverIsForgottenInParts) {
  LaunchVerdicts verdicts;
  for (std::uint64_t n = 0; n < 100; ++n) {
    verdicts.ask(numbered(n), 0);
    verdicts.take(numbered(n), n < 50 ? deferral(1000) : LaunchVerdicts::Answer{true, "", "", 1000},
                  0);
  }
  auto waits = [](const Uuid& id) { return id < numbered(70); };
  for (int i = 0; i < 5; ++i) verdicts.sweep(25, waits, 10);
  EXPECT_EQ(verdicts.size(), 70u) << "those that still wait";
  for (int i = 0; i < 5; ++i) verdicts.sweep(25, waits, 1000);
  EXPECT_EQ(verdicts.size(), 50u) << "an acceptance that is over tells nothing";
  EXPECT_EQ(verdicts.deferrals(numbered(3)), 1u);
}

TEST(SubmissionVerdicts, AllMustAccept) {  // §17
  SubmissionVerdict yes{true, "", 500}, one{false, "Message1- Fail to submit", 900},
      two{false, "Message5- Plugin2 failed", 400};
  EXPECT_TRUE(joined({}).accepted);
  EXPECT_EQ(joined({{yes, yes}}).expiresMs, 500);
  SubmissionVerdict all = joined({{one, yes, two}});
  EXPECT_FALSE(all.accepted);
  EXPECT_EQ(all.message, "Message1- Fail to submit\nMessage5- Plugin2 failed");
  EXPECT_EQ(all.expiresMs, 400);
}

TEST(SubmissionVerdicts, OfManyFaultsThreeAreTold) {  // §5.3
  EXPECT_EQ(refusalText(std::vector<std::string>{"a", "b", "c"}), "a\nb\nc");
  EXPECT_EQ(refusalText(std::vector<std::string>{"a", "b", "c", "d"}),
            "Total of 4 errors; first 3 are:\na\nb\nc");
}

TEST(VerdictCache, KeepsUntilExpiryAndForThatJobAlone) {
  VerdictCache cache;
  cache.keep({"v", numbered(1), 7}, {false, "no", 100}, 0);
  cache.keep({"v", numbered(2), 7}, {true, "", 0}, 0);
  EXPECT_EQ(cache.size(), 1u) << "what has no time is not kept";
  EXPECT_EQ(cache.find({"v", numbered(1), 7}, 99)->message, "no");
  EXPECT_FALSE(cache.find({"v", numbered(1), 8}, 99)) << "another job";
  EXPECT_FALSE(cache.find({"w", numbered(1), 7}, 99)) << "another validator";
  EXPECT_FALSE(cache.find({"v", numbered(1), 7}, 100));
  EXPECT_EQ(cache.size(), 0u);
  for (std::uint64_t n = 0; n <= VerdictCache::MOST; ++n) {
    cache.keep({"v", numbered(n), 0}, {true, "", 1000 + static_cast<std::int64_t>(n)}, 0);
  }
  EXPECT_EQ(cache.size(), VerdictCache::MOST);
  EXPECT_FALSE(cache.find({"v", numbered(0), 0}, 0)) << "the first to expire has gone";
}

TEST(PoolMoves, APortionOfTheIdsAndAlwaysTheSame) {  // §17
  for (double portion : {0.1, 0.5, 0.9}) {
    int moved = 0;
    for (std::uint64_t n = 0; n < 10'000; ++n) {
      bool now = moves(numbered(n), {"other", portion});
      EXPECT_EQ(now, moves(numbered(n), {"other", portion}));
      if (now) EXPECT_TRUE(moves(numbered(n), {"other", portion + 0.05}));
      moved += now;
    }
    EXPECT_NEAR(moved, portion * 10'000, 200);
  }
  EXPECT_FALSE(moves(numbered(1), {"other", 0}));
  EXPECT_TRUE(moves(numbered(1), {"other", 1}));
  EXPECT_FALSE(moves(numbered(1), {"", 1}));
  EXPECT_FALSE(moves(numbered(1), {"other", std::numeric_limits<double>::quiet_NaN()}));
  EXPECT_FALSE(moves(numbered(1), {"other", -1}));
}

TEST(JobShapes, AJobMustFitOnOneKind) {  // §17
  JobSpec job;
  job.cpus = 4;
  job.mem = 1000;
  const NodeShape small{"small", 2, 8000, 0}, large{"large", 8, 500, 0}, any{"any", 0, 0, 0};
  EXPECT_FALSE(faultInShape(job, {}));
  EXPECT_FALSE(faultInShape(job, {{small, any}}));
  auto fault = faultInShape(job, {{small, large}});
  ASSERT_TRUE(fault);
  EXPECT_THAT(*fault, HasSubstr("4 cpus, 1000mb memory"));
  EXPECT_THAT(*fault, HasSubstr("small (2 cpus, 8000mb memory), large (8 cpus, 500mb memory)"));
  job.gpus = 1;
  EXPECT_TRUE(faultInShape(job, {{any}})) << "without gpus";
  EXPECT_FALSE(faultInShape(job, {{NodeShape{"gpu", 0, 0, 2}}}));
}

class HeldBack : public ::testing::Test {
 protected:
  Book book;
  void add(std::uint64_t n) {
    Job job;
    job.spec.id = numbered(n);
    job.spec.user = "ana";
    job.spec.cpus = job.spec.mem = 1;
    job.order = book.nextOrder();
    job.sequence = book.nextSequence();
    book.add(std::move(job));
  }
  std::vector<Uuid> queue(QueueOptions options) {
    std::vector<Uuid> ids;
    for (const Job* job : firstOf(book, options, builtInScorer(false), 100)) {
      ids.push_back(job->spec.id);
    }
    return ids;
  }
};

TEST_F(HeldBack, OthersGoOnUntilTheWalkIsEnded) {
  for (std::uint64_t n = 1; n <= 5; ++n) add(n);
  QueueOptions options;
  options.mayLaunch = [](const Job& job) {
    if (job.spec.id == numbered(2)) return Launch::no;
    return job.spec.id == numbered(4) ? Launch::stop : Launch::yes;
  };
  EXPECT_EQ(queue(options), (std::vector<Uuid>{numbered(1), numbered(3)}));
}

TEST_F(HeldBack, ADeferredJobLeavesTheQueueForSomeTime) {
  add(1);
  add(2);
  Job& job = *book.find(numbered(1));
  book.defer(job, 100);
  EXPECT_EQ(queue({}), std::vector<Uuid>{numbered(2)});
  EXPECT_EQ(book.postponedUntil(job), 100);
  book.defer(job, 50);
  EXPECT_EQ(book.postponedUntil(job), 100) << "the later time holds";
  book.wake(99);
  EXPECT_EQ(queue({}), std::vector<Uuid>{numbered(2)});
  book.wake(100);
  EXPECT_EQ(queue({}), (std::vector<Uuid>{numbered(1), numbered(2)}));
  EXPECT_EQ(book.postpone(job, 200), 200) << "a deferral is no refusal: the first one is free";
  book.kill(job, 0);
  book.defer(job, 500);
  EXPECT_FALSE(book.postponedUntil(job)) << "it does not wait";
}

}  // namespace
}  // namespace maitred::cook
