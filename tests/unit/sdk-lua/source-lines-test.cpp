// Where a policy's fields stand in its text.

#include "source-lines.h"

#include <gtest/gtest.h>

namespace maitred::lua {
namespace {

TEST(SourceLines, FindsFieldsInWhatIsReturned) {
  SourceLines lines(R"(local kind = "not this one"
-- scor = 1
local text = [==[ scor = 2 ]==] .. 'scor = 3'
local function helper(kind)
  return { kind = 1 }
end
return {
  kind = "fairness",
  ["version"] = 1,
  scor = function(a)
    if a == 1 then return 1 end
  end,
}
)");
  EXPECT_EQ(lines.result(), 7);
  EXPECT_EQ(lines.field("kind"), 8);
  EXPECT_EQ(lines.field("version"), 9);
  EXPECT_EQ(lines.field("scor"), 10);
  EXPECT_EQ(lines.field("score"), 0);
}

TEST(SourceLines, FindsFieldsThatAreSetBefore) {
  SourceLines lines(R"(local policy = {}
policy.kind = "fairness"
function policy.score(mem)
  for i = 1, 2 do mem = i end
  repeat until true
  return mem == 1
end
return policy
)");
  EXPECT_EQ(lines.result(), 8);
  EXPECT_EQ(lines.field("kind"), 2);
  EXPECT_EQ(lines.field("score"), 3);
}

TEST(SourceLines, OfAFileWithoutAReturnIsItsLastLine) {
  EXPECT_EQ(SourceLines("local a = 1\n\nlocal b = 2\n\n-- end\n").result(), 3);
  EXPECT_EQ(SourceLines("").result(), 0);
  EXPECT_EQ(SourceLines("-- only this").result(), 0);
}

TEST(SourceLines, SurvivesTextThatEndsAnywhere) {
  std::string text = "return { a = [[ x ]], b = 'y\\'', --[[ c ]] d = \"\\\\\" }";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    SourceLines lines(std::string_view(text).substr(0, size));
    EXPECT_LE(lines.result(), 1);
  }
}

}  // namespace
}  // namespace maitred::lua
