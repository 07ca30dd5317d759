#include <core/pools.h>
#include <core/shares.h>
#include <core/token-bucket.h>

#include <gtest/gtest.h>

#include <stdexcept>

namespace maitred::cook {
namespace {

TEST(UserTables, UnsetValuesComeFromTheDefaultUserThenFromNowhere) {
  Quotas quotas;
  quotas.set("default", {.mem = 100, .count = 7});
  quotas.set("ana", {.cpus = 3, .count = 0});
  EXPECT_EQ(quotas.of("ana").mem, 100);
  EXPECT_EQ(quotas.of("ana").cpus, 3);
  EXPECT_EQ(quotas.of("ana").count, 0);
  EXPECT_EQ(quotas.of("ben").count, 7);
  EXPECT_EQ(quotas.of("ben").gpus, 1.7976931348623157E308);
  EXPECT_EQ(Quotas().of("ben").count, 2147483647);
  EXPECT_EQ(Quotas().of("ben").launchRateSaved, 10000097.0);
  EXPECT_EQ(Quotas().of("ben").launchRatePerMinute, 600013.0);
}

TEST(UserTables, SettingOneResourceLeavesTheOthers) {
  Shares shares;
  shares.update("ana", {.mem = 1, .cpus = 2});
  auto generation = shares.generation();
  shares.update("ana", {.cpus = 3});
  EXPECT_GT(shares.generation(), generation);
  EXPECT_EQ(shares.of("ana"), (Share{1, 3, Share::UNLIMITED}));
  EXPECT_EQ(shares.entries().size(), 1u);
  EXPECT_EQ(*shares.find("ana"), (ShareEntry{1, 3, {}}));
  EXPECT_TRUE(shares.remove("ana"));
  EXPECT_FALSE(shares.remove("ana"));
  EXPECT_EQ(shares.find("ana"), nullptr);
}

TEST(UserTables, RecordsWithoutAPoolFillTheDefaultPoolsGaps) {
  Shares shares;
  shares.set("ana", {.mem = 10});              // the default pool's own record
  shares.fill("ana", {.mem = 99, .cpus = 5});  // one without a pool
  shares.fill("ben", {.mem = 1});
  EXPECT_EQ(shares.of("ana").mem, 10);
  EXPECT_EQ(shares.of("ana").cpus, 5);
  EXPECT_EQ(shares.of("ben").mem, 1);
}

TEST(QuotaOfOneUser, IsReachedButNotExceeded) {
  Quota quota{.mem = 10, .cpus = 2, .gpus = 0, .count = 1};
  EXPECT_TRUE(quota.allows({10, 2, 0, 1}));
  EXPECT_FALSE(quota.allows({10.5, 2, 0, 1}));
  EXPECT_FALSE(quota.allows({10, 2.5, 0, 1}));
  EXPECT_FALSE(quota.allows({10, 2, 1, 1}));
  EXPECT_FALSE(quota.allows({10, 2, 0, 2}));
  EXPECT_TRUE(Quota{}.isUnlimited());
  EXPECT_FALSE(quota.isUnlimited());
}

TEST(PoolTable, NamesAreResolved) {
  Pools pools({{.name = "a", .quotaGroup = "s"}, {.name = "b", .quotaGroup = "s"}, {.name = "c"}},
              "b", {{"s", Quota{.count = 4}}});
  EXPECT_TRUE(pools.named());
  EXPECT_EQ(pools.resolve(""), "b");
  EXPECT_EQ(pools.resolve("c"), "c");
  EXPECT_EQ(pools.find("d"), nullptr);
  const Pool& a = *pools.find("a");
  EXPECT_EQ(pools.groupQuota(a)->count, 4);
  EXPECT_EQ(pools.groupOf(a).size(), 2u);
  EXPECT_EQ(pools.groupQuota(*pools.find("c")), nullptr);
  EXPECT_EQ(pools.groupOf(*pools.find("c")).size(), 1u);
}

TEST(PoolTable, NodesBelongToTheirPoolOrToTheOnlyOne) {
  Pools two({{.name = "a"}, {.name = "b"}}, "a");
  EXPECT_EQ(two.ofNode(""), "a");
  EXPECT_EQ(two.ofNode("b"), "b");
  EXPECT_EQ(two.ofNode("elsewhere"), "elsewhere");
  EXPECT_EQ(Pools({{.name = "a"}}, "a").ofNode("elsewhere"), "a");
  EXPECT_EQ(Pools().ofNode("default"), "");
  EXPECT_FALSE(Pools().named());
  EXPECT_EQ(Pools().all().size(), 1u);
}

TEST(PoolTable, WrongTablesAreRefused) {
  EXPECT_THROW(Pools({{.name = "a"}, {.name = "a"}}, "a"), std::invalid_argument);
  EXPECT_THROW(Pools({{.name = ""}}, ""), std::invalid_argument);
  EXPECT_THROW(Pools({{.name = "a"}}, "b"), std::invalid_argument);
  EXPECT_THROW(Pools({}, "a"), std::invalid_argument);
}

TEST(Example22, MatchTicks) {
  EXPECT_EQ(matchIntervalMs(3), 1000);
  EXPECT_EQ(matchIntervalMs(40), 100);
  EXPECT_EQ(matchIntervalMs(1), 3000);
  EXPECT_EQ(matchIntervalMs(0), 3000);
}

// The numbers of section 16.1.
TEST(Section16, TokensAreEarnedWhole) {
  TokenBucket early(10, 100, 0, 0), late(10, 100, 0, 0);
  early.earn(5);
  EXPECT_EQ(early.tokens(), 50);
  late.earn(20);
  EXPECT_EQ(late.tokens(), 100);
  TokenBucket slow(0.3, 10, 0, 0);
  slow.earn(3);
  EXPECT_EQ(slow.tokens(), 0);
  slow.earn(4);
  EXPECT_EQ(slow.tokens(), 1) << "the time before was not lost";
}

TEST(Section16, ADebtIsPaidByTime) {
  TokenBucket bucket(10, 100, 0, 0);
  bucket.spend(130, 0);
  EXPECT_EQ(bucket.clearAfterMs(), 13);
  for (std::int64_t now : {0, 5, 10, 12}) {
    bucket.earn(now);
    EXPECT_TRUE(bucket.inDebt()) << now;
  }
  bucket.earn(14);
  EXPECT_FALSE(bucket.inDebt());
  EXPECT_EQ(bucket.clearAfterMs(), 0);
}

TEST(Section16, TimeThatGoesBackEarnsNothing) {
  struct Step {
    std::int64_t now;
    double tokens;
    std::int64_t updated;
  };
  TokenBucket bucket(10, 100, 0, 0);
  bucket.spend(130, 0);
  for (const Step& step : {Step{5, -80, 5}, Step{15, 20, 15}, Step{12, 20, 15}, Step{10, 20, 15},
                           Step{20, 70, 20}, Step{30, 100, 30}}) {
    bucket.earn(step.now);
    EXPECT_EQ(bucket.tokens(), step.tokens) << step.now;
    EXPECT_EQ(bucket.updatedMs(), step.updated) << step.now;
  }
}

}  // namespace
}  // namespace maitred::cook
