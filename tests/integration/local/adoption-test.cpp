// Tasks outlive the process that hosts the backend: killed with SIGKILL at any moment, its
// successor finds them.
#include "world.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <sys/wait.h>
#include <unistd.h>

namespace maitred::local::test {

// The victim: hosts a backend on the folder, launches what the lines of standard input say, and
// waits.
int hostProcess(const std::string& workFolder) {
  World world(settingsFor(workFolder));
  world.acknowledge = getenv("MAITRED_TEST_SILENT") == nullptr;
  for (std::string line; std::getline(std::cin, line);) {
    auto space = line.find(' ');
    auto id = line.substr(0, space);
    if (world.launch(id, line.substr(space + 1))) return 1;
    world.waitFor(id, backend::TaskState::RUNNING);
  }
  std::cout << "ready" << std::endl;
  kj::NEVER_DONE.operator kj::Promise<void>().wait(world.io.waitScope);
  return 0;
}

namespace {

using backend::Reason;
using backend::TaskState;

class Victim {
 public:
  Victim(const std::string& workFolder, const std::string& tasks) {
    int in[2], out[2];
    KJ_SYSCALL(pipe(in));
    KJ_SYSCALL(pipe(out));
    pid = fork();
    if (pid == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      for (int fd : {in[0], in[1], out[0], out[1]}) close(fd);
      execl("/proc/self/exe", "host", "host-process", workFolder.c_str(), nullptr);
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    KJ_SYSCALL(write(in[1], tasks.data(), tasks.size()));
    close(in[1]);
    char ready[6] = "";
    ready[read(out[0], ready, 5) > 0 ? 5 : 0] = 0;
    close(out[0]);
    EXPECT_STREQ(ready, "ready");
  }
  void kill9() {
    ::kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    pid = 0;
  }
  ~Victim() {
    if (pid != 0) kill9();
  }

 private:
  pid_t pid;
};

TEST(AdoptionTest, RunningTaskIsAdoptedAndTellsItsTrueEnd) {
  TempFolder temp;
  auto folder = temp.path + "/work";
  Victim victim(folder, "t while ! test -e go; do sleep 0.02; done; exit 7\n");
  victim.kill9();
  World world(settingsFor(folder));
  auto running = world.waitFor("t", TaskState::RUNNING);
  EXPECT_EQ(running.state, TaskState::RUNNING);
  EXPECT_TRUE(running.orphan);  // nobody expected it
  EXPECT_EQ(world.room["n1"], (uint64_t(8) << 30) - (64 << 20));
  std::ofstream(world.sandboxOf("t") + "/go") << "";
  auto end = world.end("t");
  EXPECT_EQ(end.state, TaskState::FAILED);
  EXPECT_EQ(end.exitCode, 7);
}

TEST(AdoptionTest, EndWhileNobodyLookedIsToldWithItsTime) {
  TempFolder temp;
  auto folder = temp.path + "/work";
  Victim victim(folder, "t exec sleep 0.3\nu exec sleep 600\n");
  victim.kill9();
  auto ended = folder + "/tasks/queue/t/ended";
  for (int i = 0; i < 1000 && !std::filesystem::exists(ended); ++i) usleep(10'000);
  ASSERT_TRUE(std::filesystem::exists(ended));
  usleep(300'000);  // so that the end lies visibly in the past
  World world(settingsFor(folder));
  auto status = world.end("t");
  EXPECT_EQ(status.state, TaskState::SUCCEEDED);
  auto now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_LT(status.at, std::chrono::nanoseconds(now).count() - 250'000'000);
  world.kill("u", 0);
  EXPECT_EQ(world.end("u").state, TaskState::KILLED);
}

TEST(AdoptionTest, EndThatWasToldButNotRecordedIsToldAgain) {
  TempFolder temp;
  auto folder = temp.path + "/work";
  setenv("MAITRED_TEST_SILENT", "1", 1);
  Victim victim(folder, "t exit 5\n");
  unsetenv("MAITRED_TEST_SILENT");
  victim.kill9();
  {
    World world(settingsFor(folder));
    EXPECT_EQ(world.end("t").exitCode, 5);
    auto reported = folder + "/tasks/queue/t/reported";
    world.waitUntil([&]() { return std::filesystem::exists(reported); }, "the acknowledgement");
  }
  World third(settingsFor(folder));
  third.launch("u", "true");
  third.end("u");
  EXPECT_TRUE(third.told["t"].empty());
}

TEST(AdoptionTest, SignalAndKillReachAdoptedTasks) {
  TempFolder temp;
  auto folder = temp.path + "/work";
  Victim victim(folder,
                "t trap 'echo int' INT; trap 'exit 9' TERM; while :; do sleep 0.02; done\n");
  victim.kill9();
  World world(settingsFor(folder));
  world.waitFor("t", TaskState::RUNNING);
  world.signal("t", SIGINT).wait(world.io.waitScope);
  world.waitUntil([&]() { return world.output("t") == "int\n"; }, "the signal");
  world.kill("t", 10'000);
  auto end = world.end("t");
  EXPECT_EQ(end.state, TaskState::KILLED);
  EXPECT_EQ(end.exitCode, 9);
}

TEST(AdoptionTest, VanishedShimIsTheLossOfItsTask) {
  TempFolder temp;
  auto folder = temp.path + "/work";
  Victim victim(folder, "t echo $$; exec sleep 600\n");
  victim.kill9();
  World world(settingsFor(folder));
  world.waitFor("t", TaskState::RUNNING);
  pid_t task = pid_t(atoi(world.output("t").c_str()));
  ASSERT_GT(task, 0);
  auto status = contents("/proc/" + std::to_string(task) + "/status");
  pid_t shim = pid_t(atoi(status.c_str() + status.find("PPid:") + 5));
  ASSERT_GT(shim, 1);
  ASSERT_EQ(contents("/proc/" + std::to_string(shim) + "/comm"), "maitred-shim\n");
  ::kill(shim, SIGKILL);
  auto end = world.end("t");
  EXPECT_EQ(end.state, TaskState::LOST);
  EXPECT_EQ(end.reason, Reason::RESULT_LOST);
  world.waitUntil([&]() { return !processLives(task); }, "the task to go with its shim");
}

TEST(AdoptionTest, SpawnerThatDiesIsReplacedAndItsTasksGoOn) {
  TempFolder temp;
  World world(settingsFor(temp.path + "/work"));
  world.launch("t", "while ! test -e go; do sleep 0.02; done; exit 7");
  world.waitFor("t", TaskState::RUNNING);
  auto self = std::to_string(getpid());
  std::stringstream children(contents("/proc/self/task/" + self + "/children"));
  pid_t spawner = 0;
  for (pid_t pid; children >> pid;) {
    if (contents("/proc/" + std::to_string(pid) + "/comm") == "maitred-spawn\n") spawner = pid;
  }
  ASSERT_GT(spawner, 0);
  ::kill(spawner, SIGKILL);
  world.waitUntil([&]() { return !processLives(spawner); }, "the spawner's end");
  int attempts = 0;
  auto launched = [&]() {
    try {
      return !world.launch("u" + std::to_string(++attempts), "true");
    } catch (const kj::Exception& e) {
      // The dead spawner's pipe was not known to be broken yet: nobody can say what became of it.
      if (e.getType() != kj::Exception::Type::DISCONNECTED) throw;
      return false;
    }
  };
  world.waitUntil(launched, "a spawner");
  world.end("u" + std::to_string(attempts));
  std::ofstream(world.sandboxOf("t") + "/go") << "";
  EXPECT_EQ(world.end("t").exitCode, 7);
}

TEST(AdoptionTest, SecondInstanceOnTheFolderIsRefused) {
  TempFolder temp;
  World world(settingsFor(temp.path + "/work"));
  EXPECT_THROW(WorkFolder(temp.path + "/work"), kj::Exception);
}

}  // namespace
}  // namespace maitred::local::test

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "host-process") {
    return maitred::local::test::hostProcess(argv[2]);
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
