// The matcher against what the manual says of Lua's patterns.

#include "pattern.h"

#include "lua-testing.h"

#include <gmock/gmock.h>

namespace maitred::lua {
namespace {

using testing::HasSubstr;

// string.match through the engine; several results joined by "|".
std::string matched(const std::string& call) {
  Loaded loaded = load("local r = table.pack(" + call +
                       ") for i = 1, r.n do r[i] = tostring(r[i]) end "
                       "error(table.concat(r, '|'), 0)");
  return loaded.problems.at(0).message;
}

TEST(Pattern, ClassesSetsAndRepetition) {
  EXPECT_EQ(matched("('key = value'):match('^(%w+)%s*=%s*(%w+)$')"), "key|value");
  EXPECT_EQ(matched("('x=[1]'):match('%[(%d)%]')"), "1");
  EXPECT_EQ(matched("('a-b_c'):match('[%w_-]+')"), "a-b_c");
  EXPECT_EQ(matched("(']x'):match('[]]x')"), "]x");
  EXPECT_EQ(matched("('^x'):match('[x^]+')"), "^x");
  EXPECT_EQ(matched("('hello'):match('[^a-k]+')"), "llo");
  EXPECT_EQ(matched("('<a><b>'):match('<.->')"), "<a>");
  EXPECT_EQ(matched("('<a><b>'):match('<.*>')"), "<a><b>");
  EXPECT_EQ(matched("('colour'):match('colou?r'), ('color'):match('colou?r')"), "colour|color");
  EXPECT_EQ(matched("('ab12'):match('%a+%D?%d+')"), "ab12");
  EXPECT_EQ(matched("('abc'):match('b+d')"), "nil");
  EXPECT_EQ(matched("('$5'):match('$%d')"), "$5");
}

TEST(Pattern, Captures) {
  EXPECT_EQ(matched("('hello world'):find('(o)( )')"), "5|6|o| ");
  EXPECT_EQ(matched("('hello'):match('()ll()')"), "3|5");
  EXPECT_EQ(matched("('\"quoted\" and'):match('([\"\\'])(.-)%1')"), "\"|quoted");
  EXPECT_EQ(matched("('((a)b)c'):match('%b()')"), "((a)b)");
  EXPECT_EQ(matched("('THE (quick) fox'):find('%f[%a]%a+%f[%A]')"), "1|3");
  EXPECT_EQ(matched("('abc'):match('((a)(b)c)')"), "abc|a|b");
  EXPECT_EQ(matched("('aaab'):match('(a*)(a)b')"), "aa|a");
}

TEST(Pattern, FindStartsWhereItIsTold) {
  EXPECT_EQ(matched("('banana'):find('an', 3)"), "4|5");
  EXPECT_EQ(matched("('banana'):find('an', -3)"), "4|5");
  EXPECT_EQ(matched("('a.b'):find('.', 1, true)"), "2|2");
  EXPECT_EQ(matched("('abc'):find('', 4)"), "4|3");
  EXPECT_EQ(matched("('abc'):find('', 5)"), "nil");
  EXPECT_EQ(matched("('abc'):find('^b', 2)"), "2|2");
  EXPECT_EQ(matched("('abc'):find('b', -100)"), "2|2");
}

TEST(Pattern, Gsub) {
  EXPECT_EQ(matched("('hello world'):gsub('o', '0')"), "hell0 w0rld|2");
  EXPECT_EQ(matched("('hello world'):gsub('o', '0', 1)"), "hell0 world|1");
  EXPECT_EQ(matched("('hello'):gsub('', '-')"), "-h-e-l-l-o-|6");
  EXPECT_EQ(matched("('abc'):gsub('%w', '%0%0')"), "aabbcc|3");
  EXPECT_EQ(matched("('a b'):gsub('(%w) (%w)', '%2 %1 %%')"), "b a %|1");
  EXPECT_EQ(matched("('$x $y'):gsub('%$(%w)', {x = 'one'})"), "one $y|2");
  EXPECT_EQ(matched("('abc'):gsub('%w', function(c) if c ~= 'b' then return c:upper() end end)"),
            "AbC|3");
  EXPECT_EQ(matched("('aaa'):gsub('^a', 'b')"), "baa|1");
  EXPECT_EQ(matched("('abc'):gsub('()', '%1')"), "1a2b3c4|4");
  EXPECT_THAT(matched("('abc'):gsub('a', '%9')"), HasSubstr("invalid use of '%'"));
  EXPECT_THAT(matched("('abc'):gsub('a', function() return {} end)"),
              HasSubstr("invalid replacement value (a table)"));
}

TEST(Pattern, Gmatch) {
  EXPECT_EQ(matched("(function() local s = '' for k, v in ('a=1, b=2'):gmatch('(%w)=(%w)') do s = "
                    "s .. v .. k end return s end)()"),
            "1a2b");
  EXPECT_EQ(
      matched(
          "(function() local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n end)()"),
      "4");
  EXPECT_EQ(matched("(function() local n = 0 for _ in ('abc'):gmatch('%a*') do n = n + 1 end "
                    "return n end)()"),
            "1");
}

TEST(Pattern, FaultsAreNamed) {
  Pattern pattern;
  EXPECT_STREQ(pattern.compile("a%", true), "malformed pattern (ends with '%')");
  EXPECT_STREQ(pattern.compile("[a", true), "malformed pattern (missing ']')");
  EXPECT_STREQ(pattern.compile("[a%", true), "malformed pattern (missing ']')");
  EXPECT_STREQ(pattern.compile("(a", true), "unfinished capture");
  EXPECT_STREQ(pattern.compile("a)", true), "invalid pattern capture");
  EXPECT_STREQ(pattern.compile("%1", true), "invalid capture index in pattern");
  EXPECT_STREQ(pattern.compile("(a%1)", true), "invalid capture index in pattern");
  EXPECT_STREQ(pattern.compile("%b(", true), "malformed pattern (missing arguments to '%b')");
  EXPECT_STREQ(pattern.compile("%fa", true), "missing '[' after '%f' in pattern");
  EXPECT_STREQ(pattern.compile(std::string(257, 'a'), true), "pattern longer than 256 bytes");
  std::string many;
  for (int i = 0; i <= maxCaptures; ++i) many += "()";
  EXPECT_STREQ(pattern.compile(many, true), "too many captures");
  EXPECT_EQ(pattern.compile(std::string(256, 'a'), true), nullptr);
}

TEST(Pattern, GivesUpWhenTheStepsAreUsedUp) {
  Pattern pattern;
  ASSERT_EQ(pattern.compile("a*a*a*a*a*b", true), nullptr);
  std::string subject(5000, 'a');
  Matcher matcher(pattern, subject);
  matcher.steps = 100'000;
  std::size_t begin = 0, end = 0;
  EXPECT_FALSE(matcher.search(0, begin, end));
  EXPECT_LT(matcher.steps, 0);
  EXPECT_GT(matcher.steps, -10'000);
}

}  // namespace
}  // namespace maitred::lua
