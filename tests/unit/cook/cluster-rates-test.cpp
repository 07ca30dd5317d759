// How many jobs each cluster may start.

#include <core/cluster-rates.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ClusterRates, ADebtIsPaidInTime) {
  ClusterRates rates;
  rates.configure({{"east", {2, 60}}}, 60'000);
  EXPECT_THAT(rates.inDebt(0), IsEmpty());
  rates.spend("east", 2, 0);
  rates.spend("west", 1000, 0);
  EXPECT_THAT(rates.inDebt(0), IsEmpty()) << "what was saved up may be used up";
  rates.spend("east", 3, 0);
  EXPECT_THAT(rates.inDebt(0), ElementsAre("east"));
  EXPECT_EQ(rates.nextMs(0), 3000) << "one each second";
  EXPECT_THAT(rates.inDebt(2999), ElementsAre("east"));
  EXPECT_THAT(rates.inDebt(3000), IsEmpty());
  EXPECT_EQ(rates.nextMs(3000), std::nullopt);
}

TEST(ClusterRates, AnotherRateBeginsAnew) {
  ClusterRates rates;
  rates.configure({{"east", {1, 1}}, {"west", {1, 1}}}, 60'000);
  rates.spend("east", 5, 0);
  rates.spend("west", 5, 0);
  rates.configure({{"east", {1, 1}}, {"west", {2, 1}}}, 60'000);
  EXPECT_THAT(rates.inDebt(0), ElementsAre("east"));
  rates.configure({}, 60'000);
  EXPECT_THAT(rates.inDebt(0), IsEmpty());
  rates.configure({{"east", {1, 1}}}, 60'000);
  EXPECT_THAT(rates.inDebt(0), IsEmpty()) << "what was not counted does not count";
}

}  // namespace
}  // namespace maitred::cook
