// How fast users may start jobs, and what a limiter remembers of them.
#include <core/cycle.h>
#include <core/launch-rates.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TokenBucketTest, LosesNothingHoweverOftenItIsLookedAt) {
  TokenBucket often(0.3, 1000, 0, 0), once(0.3, 1000, 0, 0);
  for (int now = 1; now <= 1000; ++now) often.earn(now);
  once.earn(1000);
  EXPECT_EQ(once.tokens(), 300);
  EXPECT_EQ(often.tokens(), 300);
}

TEST(TokenBucketTest, EarnsNothingWhileItIsFull) {
  TokenBucket bucket(0.001, 1, 0);
  bucket.spend(1, 900);
  bucket.earn(1800);
  EXPECT_EQ(bucket.tokens(), 0) << "the time before the launch counts for nothing";
  bucket.earn(1900);
  EXPECT_EQ(bucket.tokens(), 1);
}

TEST(TokenBucketTest, KnowsWhenThereIsAToken) {
  TokenBucket bucket(0.01, 5, 0);
  EXPECT_EQ(bucket.hasAtMs(1), 0);
  bucket.spend(5, 0);
  EXPECT_EQ(bucket.hasAtMs(1), 100);
  bucket.spend(2, 30);
  EXPECT_EQ(bucket.hasAtMs(1), 300);
  EXPECT_EQ(bucket.clearAfterMs(), 200);
  for (int now : {0, 150, 299}) {
    bucket.earn(now);
    EXPECT_LT(bucket.tokens(), 1) << now;
    EXPECT_EQ(bucket.hasAtMs(1), 300) << now;
  }
  bucket.earn(300);
  EXPECT_EQ(bucket.tokens(), 1);
  EXPECT_EQ(bucket.hasAtMs(6), std::nullopt) << "more than it holds";
  TokenBucket dry(0, 1, 0);
  dry.spend(1, 0);
  EXPECT_EQ(dry.hasAtMs(1), std::nullopt);
  EXPECT_EQ(dry.clearAfterMs(), 0);
}

TEST(RateLimiterTest, EachUserHasTheirOwn) {
  RateLimiter limiter;
  Rate rate{10, 60};
  limiter.of("ana", rate, 0).spend(12, 0);
  EXPECT_TRUE(limiter.of("ana", rate, 500).inDebt());
  EXPECT_EQ(limiter.of("ben", rate, 500).tokens(), 10);
  EXPECT_EQ(limiter.of("ana", rate, 2000).tokens(), 0);
  EXPECT_EQ(limiter.of("ana", {20, 60}, 2000).tokens(), 20) << "another rate begins anew";
  limiter.of("ana", {20, 60}, 2000).spend(20, 2000);
  limiter.flush("ana");
  EXPECT_EQ(limiter.of("ana", {20, 60}, 2000).tokens(), 20);
}

TEST(RateLimiterTest, ForgetsWhoIsIdleAndOwesNothing) {
  RateLimiter limiter;
  limiter.setIdleMs(1000);
  Rate rate{1, 60};
  limiter.of("debtor", rate, 0).spend(1'000'000, 0);
  for (int i = 0; i < 1000; ++i) limiter.of("user" + std::to_string(i), rate, 0);
  limiter.of("late", rate, 2000);
  EXPECT_EQ(limiter.size(), 2u);
  EXPECT_TRUE(limiter.of("debtor", rate, 2000).inDebt());
}

class Launching : public ::testing::Test {
 protected:
  Book book;
  NodeTable nodes;
  DominantResource dru;
  LaunchRates rates;
  std::uint64_t ids = 0;

  Launching() {
    rates.configure(true, 60'000);
    NodeFacts facts;
    facts.key = {"local", "n"};
    facts.capacity = {1'000'000, std::int64_t{1} << 40, 100, 0};
    nodes.put(facts, {facts.capacity, 0, 1});
  }
  void submit(const char* user, int count) {
    for (int i = 0; i < count; ++i) {
      Job job;
      job.spec.id = {1, ++ids};
      job.spec.user = user;
      job.spec.cpus = job.spec.mem = 1;
      job.order = book.nextOrder();
      job.sequence = book.nextSequence();
      book.add(std::move(job));
    }
  }
  // Who started something, and when there should be another cycle.
  std::vector<std::string> cycle(std::int64_t now) {
    CycleOptions options;
    options.queue.launchTokens = rates.tokens("", book.quotas(""), now);
    auto result =
        runCycle(book, nodes, dru, nullptr, options, now, [this] { return Uuid{2, ++ids}; });
    std::vector<std::string> started;
    for (const auto& one : result.started) started.push_back(one.job->spec.user);
    rates.spend("", book.quotas(""), started, now);
    next = rates.nextMs("", book.quotas(""), result.rateLimited, now);
    limited = result.rateLimited;
    return started;
  }
  void quota(const char* user, QuotaEntry entry) {
    Quotas::Entries wanted = book.quotas("").entries();
    wanted[user] = entry;
    rates.quotasChange("", book.quotas(""), wanted);
    book.quotas("").set(user, entry);
  }
  static QuotaEntry rate(double saved, double perMinute) {
    QuotaEntry entry;
    entry.launchRateSaved = saved;
    entry.launchRatePerMinute = perMinute;
    return entry;
  }
  std::optional<std::int64_t> next;
  std::vector<std::string> limited;
};

TEST_F(Launching, WhatIsSavedStartsAtOnceAndTheRestAsItIsEarned) {
  quota("ana", rate(2, 60));
  submit("ana", 5);
  EXPECT_THAT(cycle(0), ElementsAre("ana", "ana"));
  EXPECT_THAT(limited, ElementsAre("ana"));
  EXPECT_EQ(next, 1000);
  EXPECT_THAT(cycle(999), IsEmpty());
  EXPECT_EQ(next, 1000) << "looking does not put it off";
  EXPECT_THAT(cycle(1000), ElementsAre("ana"));
  EXPECT_EQ(next, 2000);
  EXPECT_THAT(cycle(3500), ElementsAre("ana", "ana"));
  EXPECT_EQ(next, std::nullopt) << "nothing waits";
  EXPECT_THAT(limited, IsEmpty());
}

TEST_F(Launching, OthersAreNotHeldBack) {
  quota("ana", rate(1, 1));
  submit("ana", 3);
  submit("ben", 3);
  EXPECT_EQ(cycle(0).size(), 4u);
  EXPECT_THAT(limited, ElementsAre("ana"));
  EXPECT_EQ(next, 60'000);
}

TEST_F(Launching, WhoEarnsNothingIsNeverLookedAfter) {
  quota("default", rate(0, 60));
  submit("ana", 1);
  EXPECT_THAT(cycle(0), IsEmpty());
  EXPECT_EQ(next, std::nullopt) << "a bucket of no size holds nothing";
}

TEST_F(Launching, AChangedRateBeginsWithAFullBucket) {
  quota("ana", rate(1, 1));
  submit("ana", 9);
  EXPECT_EQ(cycle(0).size(), 1u);
  QuotaEntry same = rate(1, 1);
  same.cpus = 100;
  quota("ana", same);
  EXPECT_EQ(cycle(0).size(), 0u) << "the rate is the same";
  quota("ana", rate(2, 1));
  EXPECT_EQ(cycle(0).size(), 2u);
  quota("default", rate(7, 7));
  EXPECT_EQ(cycle(0).size(), 2u) << "that of `default` is everybody's";
}

TEST_F(Launching, WithoutTheLimiterNothingIsCounted) {
  rates.configure(false, 60'000);
  quota("ana", rate(1, 1));
  submit("ana", 3);
  EXPECT_EQ(cycle(0).size(), 3u);
  EXPECT_THAT(limited, IsEmpty());
  rates.configure(true, 60'000);
  submit("ana", 3);
  EXPECT_EQ(cycle(0).size(), 1u);
}

}  // namespace
}  // namespace maitred::cook
