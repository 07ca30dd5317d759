// A place where a policy decides: last good version, fallback, reports, bench.

#include "lua-testing.h"

#include <gmock/gmock.h>

namespace maitred::lua {
namespace {

using testing::HasSubstr;

class Slot : public testing::Test {
 protected:
  Slot() : slot(options()), score(slot.function("score")) {}

  PolicySlot::Options options() {
    PolicySlot::Options given;
    given.kind = "fairness";
    given.search.path = {folder.path};
    given.onReport = [this](const Report& report) { reports.push_back(report); };
    return given;
  }

  PolicySlot::LoadResult loadBody(const std::string& body) {
    folder.write("p.lua", fairness(body));
    return slot.load("p.lua");
  }

  double decide(double mem = 1) {
    std::vector<double> inputs = ones();
    inputs[0] = mem;
    return slot.decide(score, inputs, [] { return -1.0; });
  }

  TemporaryFolder folder;
  std::vector<Report> reports;
  PolicySlot slot;
  Function score;
};

TEST_F(Slot, FallsBackWithoutAPolicy) {
  EXPECT_EQ(decide(), -1);
  EXPECT_EQ(slot.stats().fallbacks, 1u);
  EXPECT_EQ(slot.stats().calls, 0u);
  EXPECT_TRUE(reports.empty());
}

TEST_F(Slot, ReloadKeepsTheLastGoodVersion) {
  ASSERT_TRUE(loadBody("return 10"));
  std::string good = slot.stats().version;
  EXPECT_EQ(decide(), 10);
  for (const char* bad :
       {"return nil", "return 0/0", "while true do end", "return = 5", "x = 1 return 1"}) {
    auto result = loadBody(bad);
    EXPECT_FALSE(result) << bad;
    EXPECT_EQ(decide(), 10) << bad;
    EXPECT_EQ(slot.stats().version, good);
    ASSERT_FALSE(reports.empty());
    EXPECT_THAT(reports.back().text(),
                HasSubstr("version " + good + " (last good) decided instead"));
  }
  EXPECT_EQ(slot.stats().loadFailures, 5u);
  ASSERT_TRUE(loadBody("return 20"));
  EXPECT_EQ(decide(), 20);
  EXPECT_NE(slot.stats().version, good);
  EXPECT_EQ(slot.stats().loads, 2u);
  slot.clear();
  EXPECT_EQ(decide(), -1);
}

TEST_F(Slot, ReloadOfTheSameTextChangesNothing) {
  ASSERT_TRUE(loadBody("return 10"));
  const Policy* before = slot.active();
  auto again = slot.load("p.lua");
  EXPECT_TRUE(again.active && again.unchanged);
  EXPECT_EQ(slot.active(), before);
}

TEST_F(Slot, FallsBackAndReportsEachPlaceRarely) {
  auto given = options();
  given.benchAfter = 1000;
  PolicySlot patient(given);
  folder.write("p.lua", fairness(later("if mem == 1 then return nil end\nerror('odd')")));
  ASSERT_TRUE(patient.load("p.lua"));
  std::vector<double> other = ones();
  other[0] = 3;
  for (int i = 0; i < 150; ++i) EXPECT_EQ(patient.decide(score, ones(), [] { return -1.0; }), -1);
  EXPECT_EQ(patient.decide(score, other, [] { return -2.0; }), -2);
  ASSERT_EQ(reports.size(), 4u);  // the 1st, 10th and 100th, and the other place's first
  EXPECT_EQ(reports[0].message, "score() returned nil");
  EXPECT_EQ(reports[1].repeated, 9u);
  EXPECT_EQ(reports[2].repeated, 99u);
  EXPECT_EQ(reports[3].message, "score(): odd");
  EXPECT_THAT(reports[3].text(), HasSubstr("the built-in default decided instead"));
  SlotStats stats = patient.stats();
  EXPECT_EQ(stats.calls, 151u);
  EXPECT_EQ(stats.fallbacks, 151u);
  EXPECT_EQ(stats.failures[static_cast<int>(Cause::result)], 150u);
  EXPECT_EQ(stats.failures[static_cast<int>(Cause::error)], 1u);
}

TEST_F(Slot, BenchesAPolicyThatKeepsLooping) {
  ASSERT_TRUE(loadBody(later("while true do pcall(function() while true do end end) end")));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(decide(), -1);
  SlotStats stats = slot.stats();
  EXPECT_TRUE(stats.benched);
  EXPECT_EQ(stats.calls, 8u);
  EXPECT_EQ(stats.fallbacks, 1000u);
  EXPECT_THAT(reports.back().text(), HasSubstr("benched until it is loaded anew"));
  EXPECT_GE(stats.instructionsHighWater, stats.instructionLimit);
  slot.retry();
  EXPECT_FALSE(slot.benched());
  EXPECT_EQ(decide(), -1);
  EXPECT_EQ(slot.stats().calls, 9u);
  ASSERT_TRUE(loadBody("return 3"));
  EXPECT_EQ(decide(), 3);
}

TEST_F(Slot, ForgivesRareFailures) {
  ASSERT_TRUE(loadBody(later("if mem == 5 then return nil end return 1")));
  for (int failure = 0; failure < 30; ++failure) {
    EXPECT_EQ(decide(5), -1);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(decide(1), 1);
  }
  EXPECT_FALSE(slot.benched());
}

TEST_F(Slot, TakesAPolicyThatWasLoadedElsewhere) {
  folder.write("p.lua", fairness("return 4"));
  EXPECT_TRUE(slot.install(Policy::load("p.lua", slot.policyOptions())));
  EXPECT_EQ(decide(), 4);
  Loaded other = Policy::loadText(
      "q.lua", "return {kind='placement', version=1, fitness=function(...) return 1 end}", {});
  ASSERT_TRUE(other);
  EXPECT_THROW(slot.install(std::move(other)), std::invalid_argument);
  EXPECT_EQ(decide(), 4);
}

TEST_F(Slot, DecidesWithValues) {
  PolicySlot admission({.kind = "admission"});
  Function admit = admission.function("admit");
  auto builtin = [] { return Value(Table().set("accept", false)); };
  Value job = Table().set("user", "ana");
  EXPECT_EQ(admission.decideValue(admit, std::vector<Value>{job}, builtin).literal(),
            "{accept = false}");
  ASSERT_TRUE(
      admission.install(Policy::loadText("a.lua",
                                         "return {kind='admission', version=1, admit=function(job) "
                                         "return {accept = job.user ~= 'bo'} end}",
                                         {})));
  EXPECT_EQ(admission.decideValue(admit, std::vector<Value>{job}, builtin).literal(),
            "{accept = true}");
}

TEST_F(Slot, RefusesUnknownKindsAndFunctions) {
  EXPECT_THROW(PolicySlot({.kind = "fair"}), std::invalid_argument);
  EXPECT_THROW(slot.function("fitness"), std::invalid_argument);
}

TEST_F(Slot, NumbersStayExact) {
  ASSERT_TRUE(loadBody("return mem / share_mem"));
  std::vector<double> inputs = ones();
  inputs[3] = std::numeric_limits<double>::max();
  double expected = 1 / std::numeric_limits<double>::max();
  EXPECT_LT(expected, std::numeric_limits<double>::min());  // subnormal
  EXPECT_EQ(slot.decide(score, inputs, [] { return -1.0; }), expected);
}

}  // namespace
}  // namespace maitred::lua
