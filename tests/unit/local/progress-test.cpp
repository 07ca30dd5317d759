// Progress in the output of tasks: no processes, no files.
#include "core/progress-scanner.h"

#include <gtest/gtest.h>

namespace maitred::local {
namespace {

constexpr const char* COOKS = R"(progress:\s+([0-9]*\.?[0-9]+)($|\s+.*))";

std::optional<ProgressReport> found(const char* line, const char* pattern = COOKS,
                                    size_t bytesMax = 512) {
  return ProgressPattern(pattern, bytesMax).match(line);
}

TEST(ProgressPatternTest, CooksPattern_FindsPercentAndMessage) {
  EXPECT_EQ(found("progress: 50 half way"), (ProgressReport{50, "half way"}));
  EXPECT_EQ(found("12:00 INFO progress:   7"), (ProgressReport{7, std::nullopt}));
  EXPECT_EQ(found("progress: .4 begun"), (ProgressReport{0, "begun"}));
  EXPECT_EQ(found("progress: 99.5   done  "), (ProgressReport{100, "done"}));
  EXPECT_EQ(found("progress: 100"), (ProgressReport{100, std::nullopt}));
}

TEST(ProgressPatternTest, OtherLines_SayNothing) {
  for (const char* line :
       {"", "progress", "progress:50", "progress: fifty", "progress: 50%", "progress: 101 too far",
        "progress: 1000000000000000000000000000000000000"}) {
    EXPECT_EQ(found(line), std::nullopt) << line;
  }
}

TEST(ProgressPatternTest, OwnPatterns_MayLackAMessage) {
  EXPECT_EQ(found("at 30%", "([0-9]+)%"), (ProgressReport{30, std::nullopt}));
  EXPECT_EQ(found("at nan", "at ([a-z0-9]+)"), std::nullopt);
  EXPECT_EQ(found("30 of all", "^([0-9]+) (of|in) (all)$"), (ProgressReport{30, "of"}));
}

TEST(ProgressPatternTest, PatternsThatCannotBeUsed_SayWhy) {
  for (const char* pattern : {"(", "progress", R"((\d+)(?=x))", R"((\d)\1)", "((a{1000}){1000})"}) {
    ProgressPattern one(pattern, 512);
    EXPECT_NE(one.fault(), "") << pattern;
    EXPECT_EQ(one.match("progress: 1"), std::nullopt);
  }
  EXPECT_EQ(ProgressPattern(COOKS, 512).fault(), "");
}

// What takes exponential time elsewhere: it must come to an end at all.
TEST(ProgressPatternTest, PathologicalPatterns_AreOrdinaryHere) {
  std::string line(4000, 'a');
  EXPECT_EQ(found(line.c_str(), "^((a+)+)+$"), std::nullopt);
  EXPECT_EQ(found(line.c_str(), "(a|aa)+b"), std::nullopt);
}

TEST(ProgressPatternTest, Messages_AreCutAtACharactersBorder) {
  EXPECT_EQ(*found("progress: 1 abcdef", COOKS, 3)->message, "abc");
  EXPECT_EQ(*found("progress: 1 aäöü", COOKS, 4)->message, "aä");
  EXPECT_EQ(*found("progress: 1 äöü", COOKS, 4)->message, "äö");
  EXPECT_EQ(cleanMessage("a\xff\xfez", 10), "a??z");
  EXPECT_EQ(cleanMessage("\xed\xa0\x80", 10), "???") << "a surrogate";
  EXPECT_EQ(cleanMessage(std::string_view("a\0b", 3), 10), "a?b");
  EXPECT_EQ(cleanMessage("\xe2\x82", 10), "??") << "cut in two";
  EXPECT_EQ(cleanMessage("  ", 10), "");
}

TEST(ProgressScannerTest, Pieces_AreTheSameAsTheWhole) {
  const std::string text = "noise\nprogress: 10 a\r\nprogress: 20 b\rprogress: 3";
  ProgressPattern pattern(COOKS, 512);
  ProgressScanner whole;
  EXPECT_EQ(whole.feed(text, pattern), (ProgressReport{20, "b"}));
  EXPECT_EQ(whole.finish(pattern), (ProgressReport{3, std::nullopt}));
  for (size_t step = 1; step < text.size(); ++step) {
    ProgressScanner scanner;
    std::optional<ProgressReport> last;
    for (size_t at = 0; at < text.size(); at += step) {
      if (auto report = scanner.feed(text.substr(at, step), pattern)) last = report;
    }
    EXPECT_EQ(last, (ProgressReport{20, "b"})) << step;
    EXPECT_EQ(scanner.finish(pattern), (ProgressReport{3, std::nullopt})) << step;
    EXPECT_EQ(scanner.finish(pattern), std::nullopt);
  }
}

TEST(ProgressScannerTest, LinesWithoutEnd_AreCut) {
  ProgressPattern pattern(COOKS, 512);
  ProgressScanner scanner;
  EXPECT_EQ(scanner.feed(std::string(1 << 20, 'x') + " progress: 5", pattern), std::nullopt);
  EXPECT_EQ(scanner.feed("\nprogress: 6\n", pattern), (ProgressReport{6, std::nullopt}));
  auto report = scanner.feed("progress: 7 " + std::string(1 << 20, 'y') + "\n", pattern);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->message->size(), 512u);
}

TEST(ProgressScannerTest, WhatWasLeftOut_BreaksTheLine) {
  ProgressPattern pattern(COOKS, 512);
  ProgressScanner scanner;
  scanner.feed("progress: 1", pattern);
  scanner.skip();
  EXPECT_EQ(scanner.feed("progress: 2 of another line\nprogress: 3\n", pattern),
            (ProgressReport{3, std::nullopt}));
}

}  // namespace
}  // namespace maitred::local
