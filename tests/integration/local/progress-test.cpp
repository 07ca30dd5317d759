// Progress that real processes write, from their files to the statuses.
#include "world.h"

#include <gtest/gtest.h>

#include <fstream>

namespace maitred::local::test {
namespace {

class ProgressTest : public testing::Test {
 protected:
  static World::Fill watched(const char* file = "", uint32_t intervalMs = 50,
                             const char* pattern = R"(progress:\s+([0-9]*\.?[0-9]+)($|\s+.*))") {
    return [=](backend::TaskSpec::Builder spec) {
      auto rule = spec.initProgress();
      rule.setPattern(pattern);
      rule.setFile(file);
      rule.setIntervalMs(intervalMs);
    };
  }
  // The latest that was told.
  backend::ProgressFacts latest(const std::string& id) {
    auto& all = world.told[id];
    if (all.empty()) return {};
    return all.back().progress.value_or(backend::ProgressFacts{});
  }
  void untilPercent(const std::string& id, int16_t percent) {
    world.waitUntil([&] { return latest(id).percent == percent; }, "the percentage");
  }
  void touch(const std::string& path) { std::ofstream(path) << ""; }

  TempFolder temp;
  World world{settingsFor(temp.path + "/work")};
};

TEST_F(ProgressTest, Reports_AreToldWhileItRunsAndWithTheEnd) {
  world.launch("t",
               "echo progress: 25 a quarter; until [ -e go ]; do sleep 0.05; done; "
               "echo 'progress: 80.4 nearly' >&2; until [ -e end ]; do sleep 0.05; done; "
               "echo progress: 100 all",
               watched());
  untilPercent("t", 25);
  EXPECT_EQ(world.told["t"].back().state, backend::TaskState::RUNNING);
  EXPECT_EQ(latest("t").message, "a quarter");
  touch(world.sandboxOf("t") + "/go");
  untilPercent("t", 80);
  touch(world.sandboxOf("t") + "/end");
  auto end = world.end("t");
  ASSERT_TRUE(end.progress);
  EXPECT_EQ(end.progress->percent, 100);
  EXPECT_EQ(end.progress->message, "all");
  EXPECT_EQ(end.progress->sequence, 3u);
}

TEST_F(ProgressTest, OwnFile_IsReadByItsNameOrItsPath) {
  world.launch("name", "mkdir out; echo progress: 10 > out/p", watched("out/p"));
  EXPECT_EQ(world.end("name").progress->percent, 10);
  auto path = world.sandboxOf("path") + "/p";
  world.launch("path", "echo progress: 20 > p", watched(path.c_str()));
  EXPECT_EQ(world.end("path").progress->percent, 20);
}

TEST_F(ProgressTest, FilesElsewhere_AreNotRead) {
  auto outside = temp.path + "/outside";
  std::ofstream(outside) << "progress: 66 a secret\n";
  world.launch("path", "true", watched(outside.c_str()));
  auto end = world.end("path");
  EXPECT_EQ(end.progress->percent, std::nullopt);
  EXPECT_NE(end.progress->message->find("not in the sandbox"), std::string::npos);
  world.launch("link", "ln -s " + outside + " p; ln -s " + temp.path + " d", watched("p"));
  EXPECT_EQ(world.end("link").progress, std::nullopt);
  world.launch("folder", "ln -s " + temp.path + " d", watched("d/outside"));
  EXPECT_EQ(world.end("folder").progress, std::nullopt);
  world.launch("fifo", "mkfifo p; echo progress: 1", watched("p"));
  EXPECT_EQ(world.end("fifo").progress->percent, 1) << "who opens a fifo may wait for ever";
}

TEST_F(ProgressTest, FileThatIsWrittenAnew_IsReadAnew) {
  world.launch("t",
               "echo progress: 40 with many words > p; until [ -e go ]; do sleep 0.05; done; "
               "echo progress: 41 > p; until [ -e end ]; do sleep 0.05; done; "
               "echo progress: 42 > q; mv q p",
               watched("p"));
  untilPercent("t", 40);
  touch(world.sandboxOf("t") + "/go");
  untilPercent("t", 41);
  touch(world.sandboxOf("t") + "/end");
  EXPECT_EQ(world.end("t").progress->percent, 42);
}

TEST_F(ProgressTest, NothingIsLookedForUnasked) {
  world.launch("t", "echo progress: 5");
  EXPECT_EQ(world.end("t").progress, std::nullopt);
}

TEST_F(ProgressTest, PatternThatIsNone_IsToldAndTheTaskRuns) {
  world.launch("t", "echo progress: 5", watched("", 50, "([0-9]+"));
  auto end = world.end("t");
  EXPECT_EQ(end.exitCode, 0);
  EXPECT_EQ(end.progress->percent, std::nullopt);
  EXPECT_NE(end.progress->message->find("not understood"), std::string::npos);
}

TEST_F(ProgressTest, FloodOfOutput_IsReadFromItsEnd) {
  world.launch("t", "head -c 30000000 /dev/zero | tr '\\0' x; echo; echo progress: 77", watched());
  EXPECT_EQ(world.end("t").progress->percent, 77);
}

TEST_F(ProgressTest, Interval_HoldsBackAllButTheFirstAndTheLast) {
  world.launch("t",
               "echo progress: 1; until [ -e go ]; do sleep 0.05; done; "
               "for i in 2 3 4; do echo progress: $i; sleep 0.1; done",
               watched("", 3'600'000));
  untilPercent("t", 1);
  touch(world.sandboxOf("t") + "/go");
  EXPECT_EQ(world.end("t").progress->percent, 4);
  for (auto& status : world.told["t"]) {
    if (!status.progress || backend::isTerminal(status.state)) continue;
    EXPECT_EQ(status.progress->percent, 1);
  }
}

}  // namespace
}  // namespace maitred::local::test
