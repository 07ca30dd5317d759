#include <maitred/log.h>

#include <gtest/gtest.h>

#include <string>

#include <unistd.h>

namespace maitred::log {
namespace {

TEST(Logger, BuildsNothingBelowItsLevel) {
  std::string lines;
  Logger logger([&](Level level, kj::StringPtr text) {
    lines += std::string(levelName(level)) + ":" + text.cStr() + ";";
  }, Level::info);
  logger.debug("hidden ", 1);
  logger.info("jobs: ", 2);
  logger.setLevel(Level::error);
  logger.warning("hidden too");
  logger.error("bad");
  EXPECT_EQ(lines, "info:jobs: 2;error:bad;");
}

TEST(Level, ReadsItsOwnNames) {
  for (auto level : {Level::debug, Level::info, Level::warning, Level::error}) {
    EXPECT_EQ(parseLevel(levelName(level)), level);
  }
  EXPECT_FALSE(parseLevel("loud").has_value());
}

TEST(JsonLines, EscapesWhatWouldBreakTheLine) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  int saved = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  jsonLinesToStderr()(Level::warning, "a \"quote\"\nand \x01");
  dup2(saved, STDERR_FILENO);
  char buffer[256] = {};
  ssize_t n = read(ends[0], buffer, sizeof(buffer));
  close(ends[0]);
  close(ends[1]);
  close(saved);
  std::string line(buffer, n);
  EXPECT_EQ(line.substr(line.find("\"level\"")),
            "\"level\":\"warning\",\"msg\":\"a \\\"quote\\\"\\nand \\u0001\"}\n");
}

}  // namespace
}  // namespace maitred::log
