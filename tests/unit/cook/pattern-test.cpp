#include <core/pattern.h>

#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

TEST(PatternTest, IsFoundAnywhereOrMatchesAsAWhole) {
  Pattern pattern("b.t");
  EXPECT_TRUE(pattern.isFoundIn("a batch"));
  EXPECT_FALSE(pattern.matches("a batch"));
  EXPECT_TRUE(pattern.matches("bat"));
  EXPECT_TRUE(Pattern(".*").matches(""));
  EXPECT_EQ(pattern.text(), "b.t");
}

TEST(PatternTest, SaysWhatIsWrong) {
  EXPECT_FALSE(Pattern::faultIn("^batch$"));
  EXPECT_EQ(Pattern::faultIn("a("), "missing ): a(");
  EXPECT_TRUE(Pattern::faultIn("(a)\\1")) << "back references would take for ever";
  EXPECT_FALSE(Pattern("a(").isFoundIn("a("));
}

// Engines that backtrack take longer than anybody waits for the first, and all of the stack for
// the second.
TEST(PatternTest, TakesTimeAndStackInProportion) {
  std::string all(1'000'000, 'a');
  EXPECT_FALSE(Pattern("(a*)*b").matches(all));
  EXPECT_FALSE(Pattern("https?://.*[.]example[.]com").matches("http://" + all));
}

}  // namespace
}  // namespace maitred::cook
