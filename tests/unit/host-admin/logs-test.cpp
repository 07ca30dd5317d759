#include "host/log/logs.h"

#include "host/log/worker-line.h"
#include "temp-folder.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <kj/debug.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace maitred::host {
namespace {

using test::TempFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class LogsTest : public ::testing::Test {
 protected:
  LogOptions options(LogFormat format) { return {LogLevel::info, format, path}; }
  TempFolder folder;
  std::string path = folder / "maitred.log";
};

TEST_F(LogsTest, TextLine_HasTimeLevelAndInstance) {
  Logs logs(options(LogFormat::text));
  logs.instance("cook").info("one job\nplaced");
  EXPECT_THAT(read(path), MatchesRegex("20[0-9-]+T[0-9:.]+Z info +cook +one job\\\\nplaced\n"));
}

TEST_F(LogsTest, JsonLine_IsValidWhateverTheMessage) {
  Logs logs(options(LogFormat::json));
  logs.host().error("quote \" back\\slash \x01 \xff end");
  logs.instance("cook").feed("{\"level\":\"info\",\"msg\":\"hi\",\"thread\":\"store\"}\n");
  std::istringstream lines(read(path));
  std::string first, second;
  std::getline(lines, first);
  std::getline(lines, second);
  auto json = nlohmann::json::parse(first);
  EXPECT_EQ(json["instance"], "host");
  EXPECT_EQ(json["level"], "error");
  EXPECT_EQ(json["msg"], "quote \" back\\slash \\x01 \\xff end");
  EXPECT_EQ(nlohmann::json::parse(second)["thread"], "store");
}

TEST_F(LogsTest, Levels_ArePerInstanceAndChangeable) {
  Logs logs(options(LogFormat::text));
  auto& cook = logs.instance("cook");
  cook.debug("hidden");
  logs.setLevel("cook", LogLevel::debug);
  cook.debug("shown");
  logs.instance("local").debug("also hidden");
  auto text = read(path);
  EXPECT_THAT(text, HasSubstr("shown"));
  EXPECT_THAT(text, Not(HasSubstr("hidden")));
  EXPECT_EQ(logs.level(""), LogLevel::info);
  EXPECT_EQ(logs.written(LogLevel::debug), 1u);
  logs.setDefaultLevel(LogLevel::error);
  EXPECT_EQ(logs.level("cook"), LogLevel::error);
  logs.instance("later").info("also hidden");
  EXPECT_EQ(logs.level("later"), LogLevel::error);
}

TEST_F(LogsTest, RemovedInstance_IsNoLongerKnown) {
  Logs logs(options(LogFormat::text));
  logs.instance("cook");
  logs.remove("cook");
  EXPECT_THROW(logs.level("cook"), kj::Exception);
  logs.instance("cook").info("back");
  EXPECT_EQ(logs.level("cook"), LogLevel::info);
}

TEST_F(LogsTest, Reopen_WritesToTheNewFile) {
  Logs logs(options(LogFormat::text));
  logs.host().info("before");
  rename(path.c_str(), (path + ".1").c_str());
  logs.host().info("between");
  logs.reopen();
  logs.host().info("after");
  EXPECT_THAT(read(path + ".1"), HasSubstr("between"));
  EXPECT_THAT(read(path), HasSubstr("after"));
  EXPECT_THAT(read(path), Not(HasSubstr("between")));
}

TEST_F(LogsTest, FailedReopen_KeepsTheOldFile) {
  std::filesystem::create_directory(folder / "sub");
  auto inner = folder / "sub/log";
  Logs logs({LogLevel::info, LogFormat::text, inner});
  std::filesystem::rename(folder / "sub", folder / "moved");
  EXPECT_THROW(logs.reopen(), kj::Exception);
  logs.host().info("still here");
  EXPECT_THAT(read(folder / "moved/log"), HasSubstr("still here"));
}

TEST_F(LogsTest, UnusableFile_IsRefused) {
  EXPECT_THROW(Logs({LogLevel::info, LogFormat::text, folder / "absent/log"}), kj::Exception);
}

TEST_F(LogsTest, WorkerBytes_ComeInPieces) {
  Logs logs(options(LogFormat::text));
  auto& cook = logs.instance("cook");
  cook.feed("{\"level\":\"error\",\"ms");
  cook.feed("g\":\"burnt\"}\n==1==ERROR: Address");
  cook.feed("Sanitizer\n\nlast words");
  cook.endOfInput();
  EXPECT_THAT(cook.lastLines(), ElementsAre("error: burnt", "warning: ==1==ERROR: AddressSanitizer",
                                            "warning: last words"));
}

TEST_F(LogsTest, LastLines_AreBoundedAndOfEveryLevel) {
  Logs logs(options(LogFormat::text));
  auto& cook = logs.instance("cook");
  for (int i = 0; i < 500; ++i) cook.debug("line " + std::to_string(i));
  auto lines = cook.lastLines();
  ASSERT_EQ(lines.size(), InstanceLog::keptLines);
  EXPECT_EQ(lines.front(), "debug: line 300");
  EXPECT_EQ(lines.back(), "debug: line 499");
  cook.clearLastLines();
  EXPECT_TRUE(cook.lastLines().empty());
}

TEST_F(LogsTest, EndlessLine_IsCut) {
  Logs logs(options(LogFormat::text));
  auto& cook = logs.instance("cook");
  for (int i = 0; i < 100; ++i) cook.feed(std::string(4096, 'x'));
  cook.feed("\nnext\n");
  auto lines = cook.lastLines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_LE(lines[0].size(), InstanceLog::maxLineBytes + 40);
  EXPECT_EQ(lines[1], "warning: next");
}

TEST(WorkerLine, JsonOfOthers_IsText) {
  EXPECT_EQ(parseWorkerLine("{\"a\":1}").level, LogLevel::warning);
  EXPECT_EQ(parseWorkerLine("{\"a\":1}").text, "{\"a\":1}");
  EXPECT_EQ(parseWorkerLine("{ broken").text, "{ broken");
  EXPECT_EQ(parseWorkerLine(std::string(100000, '{')).level, LogLevel::warning);
  auto line = parseWorkerLine(R"({"ts":1700000000.5,"level":"debug","msg":"m"})");
  EXPECT_EQ(line.level, LogLevel::debug);
  EXPECT_EQ(line.time, 1700000000.5);
  EXPECT_EQ(parseWorkerLine(R"({"level":"loud","msg":7})").text, "7");
}

TEST_F(LogsTest, AbsurdTimeOfAWorker_IsNotBelieved) {
  Logs logs(options(LogFormat::text));
  logs.instance("cook").feed("{\"ts\":1e300,\"level\":\"info\",\"msg\":\"m\"}\n");
  logs.instance("cook").feed("{\"ts\":5,\"level\":\"info\",\"msg\":\"m\"}\n");
  EXPECT_THAT(read(path), MatchesRegex("(20[^\n]*\n){2}"));
}

TEST(LogLevel, UnknownWord_NamesTheAllowed) {
  EXPECT_EQ(logLevelOf("warn"), LogLevel::warning);
  EXPECT_THROW(logLevelOf("loud"), kj::Exception);
}

}  // namespace
}  // namespace maitred::host
