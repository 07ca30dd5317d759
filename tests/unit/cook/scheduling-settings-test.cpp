// The configuration of the rebalancer, runtimes and placement, and the faults that are named.

#include <scheduling-settings.h>

#include <capnp/message.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Scheduling : public ::testing::Test {
 protected:
  ~Scheduling() noexcept override {}
  capnp::MallocMessageBuilder message;
  CookConfig::Builder config = message.initRoot<CookConfig>();

  std::vector<std::string> faults() {
    std::vector<ConfigFault> found;
    checkScheduling(config, found);
    std::vector<std::string> texts;
    for (const ConfigFault& one : found) {
      std::string place;
      for (const std::string& key : one.path) place += (place.empty() ? "" : ".") + key;
      texts.push_back(place + ": " + one.message);
    }
    return texts;
  }
};

TEST_F(Scheduling, TheRebalancerIsOffUntilAllThreeAreGiven) {
  EXPECT_THAT(faults(), IsEmpty());
  EXPECT_FALSE(rebalancerOf(config.getRebalancer()).isOn());
  auto rebalancer = config.getRebalancer();
  rebalancer.setMaxPreemption(128);
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("rebalancer: max_preemption (above 0)")));
  rebalancer.setMinDruDiff(0);
  rebalancer.setSafeDruThreshold(1);
  EXPECT_THAT(faults(), IsEmpty());
  RebalancerSettings settings = rebalancerOf(rebalancer);
  EXPECT_TRUE(settings.isOn());
  EXPECT_EQ(settings.preemptionMost, 128u);
  EXPECT_EQ(settings.scoreGainLeast, 0);
  EXPECT_EQ(settings.safeScore, 1);
  EXPECT_EQ(settings.intervalMs, 300'000);
}

TEST_F(Scheduling, FaultsAreNamed) {
  config.getRebalancer().setPoolRegex("(");
  config.getEstimatedCompletion().setHostLifetime(1000);
  EXPECT_THAT(faults(),
              ElementsAre(HasSubstr("rebalancer.pool_regex: is not a regular expression"),
                          HasSubstr("estimated_completion: host_lifetime and")));
}

TEST_F(Scheduling, RuntimesFallBackToTheTimeout) {
  auto constraints = config.getTaskConstraints();
  constraints.setTimeout(5000);
  EXPECT_EQ(runtimesOf(constraints), (RuntimeLimits{5000, 5000}));
  constraints.setMaxTimeout(9000);
  EXPECT_EQ(runtimesOf(constraints), (RuntimeLimits{5000, 9000}));
  constraints.setDefaultTimeout(1000);
  EXPECT_EQ(runtimesOf(constraints), (RuntimeLimits{1000, 9000}));
}

TEST_F(Scheduling, PlacementRules) {
  EXPECT_EQ(placementOf(config), PlacementRules{});
  config.setNovelHost(NovelHost::ALWAYS);
  auto location = config.initClusterLocations(1)[0];
  location.setBackend("local");
  location.setLocation("east");
  PlacementRules rules = placementOf(config);
  EXPECT_TRUE(rules.novelHostAlways);
  EXPECT_EQ(rules.locations.at("local"), "east");
}

}  // namespace
}  // namespace maitred::cook
