// The configuration of pools, shares and quotas: what it comes to, and the faults that are named.

#include <pool-settings.h>

#include <capnp/message.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::HasSubstr;

class PoolConfiguration : public ::testing::Test {
 protected:
  ~PoolConfiguration() noexcept override {}
  capnp::MallocMessageBuilder message;
  CookConfig::Builder config = message.initRoot<CookConfig>();

  void pools(std::initializer_list<const char*> names) {
    auto list = config.initPools(names.size());
    uint i = 0;
    for (const char* name : names) list[i++].setName(name);
  }
  // "default_pool: text" of each fault.
  std::vector<std::string> faults() {
    std::vector<ConfigFault> found;
    checkPools(config, found);
    std::vector<std::string> texts;
    for (const ConfigFault& one : found) {
      std::string place;
      for (const std::string& key : one.path) place += (place.empty() ? "" : ".") + key;
      texts.push_back(place + ": " + one.message);
    }
    return texts;
  }
};

TEST_F(PoolConfiguration, NoPoolsAreOnePartition) {
  EXPECT_TRUE(faults().empty());
  Pools table = poolsOf(config);
  EXPECT_FALSE(table.named());
  EXPECT_EQ(table.all().size(), 1u);
}

TEST_F(PoolConfiguration, SchedulersAreThoseOfTheFirstExpressionFound) {
  pools({"batch", "batch-night", "gpu"});
  config.setDefaultPool("batch");
  auto rules = config.initSchedulers(2);
  rules[0].setPoolRegex("night");
  rules[0].setMaxJobsConsidered(7);
  rules[0].setScaleback(0.5);
  rules[0].setFloorIterationsBeforeWarn(2);
  rules[0].setFloorIterationsBeforeReset(3);
  rules[1].setPoolRegex("^batch");
  auto found = schedulersOf(config);
  ASSERT_EQ(found.size(), 2u) << "gpu has none of its own";
  EXPECT_EQ(found["batch-night"].considerable, 7u);
  EXPECT_EQ(found["batch-night"].head, (HeadRule::Pace{0.5, 2, 3}));
  EXPECT_EQ(found["batch"].considerable, 1000u);
  EXPECT_EQ(found["batch"].goodEnough, 0.8);
  EXPECT_EQ(found["batch"].head, (HeadRule::Pace{0.95, 10, 1000})) << "Cook's";
  rules[1].setPoolRegex("[");
  EXPECT_THAT(faults(), ::testing::ElementsAre(HasSubstr("schedulers.1.pool_regex: is not a")));
}

TEST_F(PoolConfiguration, AQueueWithoutPoolsHasASchedulerToo) {
  config.initSchedulers(1)[0].setPoolRegex("^no-pool$");
  EXPECT_TRUE(schedulersOf(config).contains(""));
}

TEST_F(PoolConfiguration, QuotasHaveLaunchRates) {
  auto quotas = config.initQuotas(2);
  quotas[0].setUser("ana");
  quotas[0].setLaunchRateSaved(5);
  quotas[0].setLaunchRatePerMinute(0);
  quotas[1].setUser("ben");
  auto rows = quotasOf(config);
  EXPECT_EQ(rows[0].launchRateSaved, 5.0);
  EXPECT_EQ(rows[0].launchRatePerMinute, 0.0);
  EXPECT_EQ(rows[1].launchRateSaved, std::nullopt);
  EXPECT_EQ(rows[1].launchRatePerMinute, std::nullopt);
}

TEST_F(PoolConfiguration, TheDefaultPoolIsOneOfThem) {
  config.setDefaultPool("a");
  EXPECT_THAT(faults(), ::testing::ElementsAre(HasSubstr("default_pool: there are no pools")));
  pools({"b", "c"});
  EXPECT_THAT(faults(), ::testing::ElementsAre(HasSubstr("default_pool: a is not among `pools`")));
  config.setDefaultPool("");
  EXPECT_THAT(faults(), ::testing::ElementsAre(HasSubstr("default_pool: must be one of")));
  config.setDefaultPool("b");
  EXPECT_TRUE(faults().empty());
}

TEST_F(PoolConfiguration, EachFaultAtItsPlace) {
  pools({"a", "a", "no-pool"});
  config.setDefaultPool("a");
  config.initPoolQuotas(1)[0].setPoolRegex("(");
  auto grouping = config.initQuotaGrouping(1)[0];
  grouping.setPool("z");
  grouping.setGroup("g");
  EXPECT_THAT(faults(), ::testing::UnorderedElementsAre(
                            HasSubstr("pools.1.name: pool a is given twice"),
                            HasSubstr("pools.2.name: no-pool"),
                            HasSubstr("pool_quotas.0.pool_regex: is not a regular expression"),
                            HasSubstr("quota_grouping.0.pool: z is not among `pools`")));
}

TEST_F(PoolConfiguration, TheFirstExpressionThatIsFoundCounts) {
  pools({"batch-1", "gpu", "other"});
  config.setDefaultPool("gpu");
  config.getPools()[1].setDruMode(Comparison::GPU);
  config.getPools()[2].setState(PoolState::INACTIVE);
  auto rules = config.initPoolQuotas(3);
  rules[0].setPoolRegex("batch");
  rules[0].setCpus(2000);
  rules[1].setPoolRegex("^(batch|gpu|all)");
  rules[1].setCount(5);
  rules[2].setPoolRegex("nothing");
  auto grouping = config.initQuotaGrouping(2);
  grouping[0].setPool("gpu");
  grouping[0].setGroup("all");
  grouping[1].setPool("other");
  grouping[1].setGroup("all");
  Pools table = poolsOf(config);
  EXPECT_EQ(table.find("batch-1")->quota->cpus, 2.0);
  EXPECT_EQ(table.find("batch-1")->quota->count, Quota::UNLIMITED_COUNT);
  EXPECT_EQ(table.find("gpu")->quota->count, 5);
  EXPECT_EQ(table.find("gpu")->druMode, DruMode::gpu);
  EXPECT_FALSE(table.find("other")->quota);
  EXPECT_FALSE(table.find("other")->active);
  EXPECT_EQ(table.groupQuota(*table.find("other"))->count, 5);
}

TEST_F(PoolConfiguration, SharesAndQuotasOfUsers) {
  pools({"a", "b"});
  config.setDefaultPool("a");
  auto share = config.initShares(1)[0];
  share.setUser("ana");
  share.setCpus(1500);
  auto quota = config.getPools()[1].initQuotas(1)[0];
  quota.setUser("default");
  quota.setMem(0);
  quota.setCount(3);
  auto shares = sharesOf(config);
  ASSERT_EQ(shares.size(), 1u);
  EXPECT_EQ(shares[0].key, (LimitKey{"ana", ""}));
  EXPECT_EQ(shares[0].cpus, 1.5);
  EXPECT_FALSE(shares[0].mem);
  auto quotas = quotasOf(config);
  ASSERT_EQ(quotas.size(), 1u);
  EXPECT_EQ(quotas[0].key, (LimitKey{"default", "b"}));
  EXPECT_EQ(quotas[0].mem, 0.0) << "nothing is a quota too";
  EXPECT_FALSE(quotas[0].cpus);
  EXPECT_EQ(quotas[0].count, 3);
}

TEST(LimitTables, WhatWasSetHoldsBeforeTheConfig) {
  LimitTable<ShareRow> table;
  table.configure(
      {{{"ana", ""}, 1.0, 1.0, {}}, {{"ana", "a"}, 2.0, {}, {}}, {{"default", "a"}, 9.0, 9.0, 9.0}},
      "a");
  EXPECT_EQ(table.of("ana", "a").mem, 2.0) << "the one that names the pool";
  EXPECT_EQ(table.of("ana", "a").cpus, 9.0) << "of the default user";
  EXPECT_FALSE(table.of("ana", "b").mem);
  table.set({{"ana", "a"}, {}, 3.0, {}});
  EXPECT_EQ(table.of("ana", "a").mem, 9.0) << "what was set holds as a whole";
  EXPECT_EQ(table.of("ana", "a").cpus, 3.0);
  EXPECT_EQ(table.users("a"), (std::vector<std::string>{"ana", "default"}));
  EXPECT_TRUE(table.users("b").empty());
  table.unset({"ana", "a"});
  EXPECT_EQ(table.of("ana", "a").mem, 2.0);
}

}  // namespace
}  // namespace maitred::cook
