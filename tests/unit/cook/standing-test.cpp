// How users stand: starved, hungry, satisfied, by the definitions of Cook's monitor.
#include <core/standing.h>

#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

constexpr Share SHARE{1000, 10, 2};

Standing standing(Usage running, Usage waiting, Quota quota = {}) {
  return standingOf(running, waiting, SHARE, quota, false);
}

TEST(Standing, SatisfiedIsWhoRunsAndDoesNotWait) {
  EXPECT_EQ(standing({}, {}).satisfaction, Satisfaction::none);
  Standing runs = standing({100, 1, 0, 1}, {});
  EXPECT_EQ(runs.satisfaction, Satisfaction::satisfied);
  EXPECT_TRUE(runs.running);
  EXPECT_FALSE(runs.waiting);
  EXPECT_FALSE(runs.waitsUnderQuota);
}

TEST(Standing, StarvedIsWhoRunsLessThanTheirShareOfEverything) {
  Standing starved = standing({400, 4, 0, 4}, {5000, 3, 1, 3});
  EXPECT_EQ(starved.satisfaction, Satisfaction::starved);
  EXPECT_EQ(starved.starvedOf, (Usage{600, 3, 1, 3})) << "what waits, up to the share";
  // As much as the share of one resource is enough not to be.
  for (Usage running : {Usage{1000, 1, 0, 1}, Usage{1, 10, 0, 1}, Usage{1, 1, 2, 1}}) {
    Standing hungry = standing(running, {1, 1, 0, 1});
    EXPECT_EQ(hungry.satisfaction, Satisfaction::hungry);
    EXPECT_EQ(hungry.starvedOf, Usage{});
  }
  EXPECT_EQ(standing({}, {1, 1, 0, 1}).satisfaction, Satisfaction::starved);
}

TEST(Standing, WhoIsAtAQuotaWaitsForThat) {
  Quota quota;
  quota.cpus = 8;
  quota.count = 5;
  Standing below = standing({400, 4, 0, 4}, {5000, 30, 0, 30}, quota);
  EXPECT_TRUE(below.waitsUnderQuota);
  EXPECT_EQ(below.underQuota, (Usage{5000, 4, 0, 1}));
  EXPECT_FALSE(standing({400, 8, 0, 4}, {1, 1, 0, 1}, quota).waitsUnderQuota);
  EXPECT_FALSE(standing({400, 4, 0, 5}, {1, 1, 0, 1}, quota).waitsUnderQuota);
}

TEST(Standing, ScoresWhatRunsByTheLargerPartOfTheShare) {
  EXPECT_EQ(standing({500, 2, 0, 1}, {}).score, 0.5);
  EXPECT_EQ(standing({500, 20, 0, 1}, {}).score, 2);
  EXPECT_EQ(standingOf({500, 20, 1, 1}, {}, SHARE, {}, true).score, 0.5) << "gpus alone";
}

}  // namespace
}  // namespace maitred::cook
