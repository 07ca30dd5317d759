// The shipped policies: each loads, and its own tests pass in the engine.

#include "lua-testing.h"

#include <maitred/lua/spec.h>

#include <gmock/gmock.h>

namespace maitred::lua {
namespace {

std::string shipped() {
  return std::string(std::getenv("MAITRED_SOURCE_DIR")) + "/lua-policies";
}

TEST(ShippedPolicies, AllPassTheirChecks) {
  Policy::Options options;
  options.search.path = {shipped()};
  int count = 0;
  for (const auto& kind : kindNames()) {
    std::filesystem::path folder = std::filesystem::path(shipped()) / kind;
    if (!std::filesystem::exists(folder)) continue;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      options.kind = kind;
      Loaded loaded = Policy::load(kind + "/" + file.path().filename().string(), options);
      EXPECT_TRUE(loaded) << loaded.text();
      if (!loaded) continue;
      EXPECT_EQ(loaded.policy->name() + ".lua", file.path().filename());
      ++count;
    }
  }
  EXPECT_GE(count, 5);
}

TEST(ShippedPolicies, PassTheirOwnTests) {
  Search search{{shipped()}, ""};
  int count = 0;
  for (const auto& file : std::filesystem::directory_iterator(shipped() + "/spec")) {
    SpecRun run = runSpec(file.path(), search);
    EXPECT_TRUE(run.passed()) << file.path();
    for (const auto& result : run.results)
      EXPECT_TRUE(result.passed) << result.name << ": " << result.message;
    count += static_cast<int>(run.results.size());
  }
  EXPECT_GE(count, 15);
}

class Specs : public testing::Test {
 protected:
  SpecRun run(const std::string& text) {
    return runSpec(folder.write("x_spec.lua", text), Search{{shipped()}, ""});
  }
  TemporaryFolder folder;
};

TEST_F(Specs, TellFailuresFromSuccesses) {
  SpecRun result = run(R"(describe("outer", function()
    it("equal", function() expect.equal({1, {a = 2}}, {1, {a = 2}}) end)
    it("unequal", function() expect.equal({1, {a = 2}}, {1, {a = 3}}) end)
    it("near", function() expect.near(0.1 + 0.2, 0.3) end)
    it("far", function() expect.near(1, 1.1) end)
    it("less", function() expect.less(2, 2) end)
    it("error", function() expect.error(function() error("bad thing") end, "bad") end)
    it("no error", function() expect.error(function() end) end)
    it("other error", function() expect.error(function() error("bad thing") end, "good") end)
    it("loops", function() while true do pcall(function() while true do end end) end end)
    it("after", function() expect.equal(1, 1) end)
    error("outside")
  end))");
  std::string passed;
  for (const auto& r : result.results) passed += r.passed ? '+' : '-';
  EXPECT_EQ(passed, "+-+--+---+-");
  EXPECT_FALSE(result.passed());
  EXPECT_EQ(result.results[1].name, "outer: unequal");
  EXPECT_THAT(result.results[1].message,
              testing::HasSubstr("x_spec.lua:3: expected {1, {a = 2}} to equal {1, {a = 3}}"));
  EXPECT_THAT(result.results[8].message, testing::HasSubstr("instructions in one call"));
  EXPECT_THAT(result.results[10].message, testing::HasSubstr("outside"));
}

TEST_F(Specs, CallPoliciesThroughTheEngine) {
  SpecRun result = run(R"(local drf = policy "fairness/drf.lua"
    it("refuses NaN", function() drf.score(0, 0, 0, 0, 0, 0, 0, 0) end)
    it("knows its functions", function() return drf.scor end)
    it("refuses other policies", function() policy "fairness/none.lua" end))");
  ASSERT_EQ(result.results.size(), 3u);
  EXPECT_THAT(result.results[0].message, testing::HasSubstr("score() returned (0/0)"));
  EXPECT_THAT(result.results[1].message, testing::HasSubstr("did you mean \"score\"?"));
  EXPECT_THAT(result.results[2].message, testing::HasSubstr("not found; looked for"));
}

TEST_F(Specs, ThatAreBrokenOrEmptyDoNotPass) {
  EXPECT_FALSE(run("").passed());
  EXPECT_FALSE(run("local = 1").passed());
  EXPECT_FALSE(runSpec("/nonexistent/x_spec.lua", {}).passed());
}

}  // namespace
}  // namespace maitred::lua
