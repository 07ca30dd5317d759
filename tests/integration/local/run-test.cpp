// What happens to single tasks: real processes, from launch to the status that tells their end.
#include "world.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sstream>

namespace maitred::local::test {
namespace {

using backend::Reason;
using backend::TaskState;

class RunTest : public testing::Test {
 protected:
  TempFolder temp;
  World world{settingsFor(temp.path + "/work")};
};

TEST_F(RunTest, CommandThatSucceeds_TellsStartEndAndOutput) {
  ASSERT_FALSE(world.launch("t1", "echo hello; echo oops >&2"));
  auto status = world.end("t1");
  EXPECT_EQ(status.state, TaskState::SUCCEEDED);
  EXPECT_EQ(status.reason, Reason::EXITED);
  EXPECT_EQ(status.exitCode, 0);
  EXPECT_TRUE(status.commandStarted);
  EXPECT_EQ(status.sandboxPath, world.sandboxOf("t1"));
  EXPECT_EQ(world.output("t1"), "hello\n");
  EXPECT_EQ(world.output("t1", "stderr"), "oops\n");
}

TEST_F(RunTest, ExitCodeAndSignal_AreToldApart) {
  world.launch("code", "exit 42");
  world.launch("signal", "kill -SEGV $$");
  auto code = world.end("code");
  EXPECT_EQ(code.state, TaskState::FAILED);
  EXPECT_EQ(code.exitCode, 42);
  auto signal = world.end("signal");
  EXPECT_EQ(signal.state, TaskState::FAILED);
  EXPECT_EQ(signal.reason, Reason::SIGNALLED);
  EXPECT_EQ(signal.exitSignal, SIGSEGV);
  EXPECT_FALSE(signal.exitCode);
}

TEST_F(RunTest, Argv_RunsWithoutShellAndMissingProgramIs127) {
  world.launch("argv", "", [](backend::TaskSpec::Builder spec) {
    auto argv = spec.getCommand().initArgv(3);
    argv.set(0, "printf");
    argv.set(1, "%s");
    argv.set(2, "$HOME *");
  });
  EXPECT_EQ(world.end("argv").exitCode, 0);
  EXPECT_EQ(world.output("argv"), "$HOME *");
  world.launch("none", "", [](backend::TaskSpec::Builder spec) {
    spec.getCommand().initArgv(1).set(0, "no-such-program");
  });
  EXPECT_EQ(world.end("none").exitCode, 127);
  EXPECT_NE(world.output("none", "stderr").find("no-such-program"), std::string::npos);
}

TEST_F(RunTest, Environment_HasSandboxPortsAndOwnVariables) {
  world.launch("env", "pwd; env | sort", [](backend::TaskSpec::Builder spec) {
    auto variables = spec.initEnvironment(2);
    variables[0].setName("MINE");
    variables[0].setValue("a b");
    variables[1].setName("HOME");
    variables[1].setValue("/elsewhere");
    auto ports = spec.initPorts(2);
    ports[0].setName("http-api");
  });
  auto status = world.end("env");
  auto text = world.output("env");
  auto sandbox = world.sandboxOf("env");
  EXPECT_EQ(text.substr(0, text.find('\n')), sandbox);
  for (std::string line : {std::string("MINE=a b"), "HOME=" + sandbox, "MESOS_SANDBOX=" + sandbox,
                           "MESOS_DIRECTORY=" + sandbox, "COOK_SANDBOX=" + sandbox}) {
    EXPECT_NE(text.find("\n" + line + "\n"), std::string::npos) << line;
  }
  ASSERT_EQ(status.endpoints.size(), 2u);
  auto first = std::to_string(status.endpoints[0].port);
  EXPECT_EQ(status.endpoints[0].name, "http-api");
  EXPECT_EQ(status.endpoints[0].host, "127.0.0.1");
  EXPECT_NE(text.find("\nPORT0=" + first + "\n"), std::string::npos);
  EXPECT_NE(text.find("\nPORT_HTTP_API=" + first + "\n"), std::string::npos);
  EXPECT_NE(text.find("\nPORT1="), std::string::npos);
}

TEST_F(RunTest, Surroundings_AreClean) {
  world.launch("clean",
               "ls -l /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign)' /proc/self/status; umask; "
               "ps -o pid= -o pgid= -o sid= -p $$ 2>/dev/null || echo $$ $$ $$");
  ASSERT_EQ(world.end("clean").exitCode, 0);
  auto text = world.output("clean");
  EXPECT_EQ(text.substr(0, 2), "5\n") << text;  // total, 0, 1, 2 and the folder itself
  EXPECT_NE(text.find("SigBlk:\t0000000000000000"), std::string::npos) << text;
  EXPECT_NE(text.find("SigIgn:\t0000000000000000"), std::string::npos) << text;
  EXPECT_NE(text.find("0022"), std::string::npos) << text;
}

TEST_F(RunTest, Files_AreWrittenWithTheirModes) {
  auto file = [&](const char* id, const char* path) {
    return world.launch(id, "stat -c %a secret deep/x; cat secret deep/x", [&](auto spec) {
      auto files = spec.initFiles(2);
      files[0].setPath("secret");
      files[0].setContent(kj::StringPtr("s3cret\n").asBytes());
      files[1].setPath(path);
      files[1].setMode(0755);
      files[1].setContent(kj::StringPtr("deep\n").asBytes());
    });
  };
  EXPECT_FALSE(file("good", "deep/x"));
  EXPECT_EQ(world.end("good").exitCode, 0);
  EXPECT_EQ(world.output("good"), "600\n755\ns3cret\ndeep\n");
  for (auto path : {"../x", "/etc/x", "a/../../x", "a//x", "."}) {
    auto refusal = file("bad", path);
    ASSERT_TRUE(refusal) << path;
    EXPECT_EQ(refusal->reason, backend::RefusalReason::INVALID_SPEC) << path;
  }
}

TEST_F(RunTest, KillWithGrace_LetsTheTaskTidyUp) {
  world.launch("t", "trap 'echo tidy; exit 3' TERM; echo up; while :; do sleep 0.05; done");
  world.waitUntil([&]() { return world.output("t") == "up\n"; }, "output");
  world.kill("t", 10'000);
  auto status = world.end("t");
  EXPECT_EQ(status.state, TaskState::KILLED);
  EXPECT_EQ(status.reason, Reason::KILLED_BY_CONSUMER);
  EXPECT_EQ(status.exitCode, 3);
  EXPECT_EQ(world.output("t"), "up\ntidy\n");
}

TEST_F(RunTest, KillThatIsIgnored_EndsByForceAndSmallerGraceEscalates) {
  world.launch("t", "trap '' TERM; echo up; while :; do sleep 0.05; done");
  world.waitUntil([&]() { return world.output("t") == "up\n"; }, "output");
  world.kill("t", 600'000);
  world.kill("t", 50, true);
  auto status = world.end("t");
  EXPECT_EQ(status.state, TaskState::KILLED);
  EXPECT_EQ(status.reason, Reason::KILLED_BY_CONSUMER);  // the first cause stays
  EXPECT_EQ(status.exitSignal, SIGKILL);
}

TEST_F(RunTest, Preemption_IsToldAsSuch) {
  world.launch("t", "exec sleep 600");
  world.waitFor("t", TaskState::RUNNING);
  world.kill("t", 0, true);
  EXPECT_EQ(world.end("t").reason, Reason::PREEMPTED);
}

TEST_F(RunTest, KillRightAfterLaunch_NeverLosesTheTask) {
  for (int i = 0; i < 20; ++i) {
    auto id = "t" + std::to_string(i);
    world.launch(id, "exec sleep 600");
    world.kill(id, 0);
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(world.end("t" + std::to_string(i)).state, TaskState::KILLED) << i;
  }
}

TEST_F(RunTest, Signal_GoesToTheMainProcess) {
  world.launch("t", "trap 'echo int; exit 0' INT; echo up; while :; do sleep 0.05; done");
  world.waitFor("t", TaskState::RUNNING);
  world.waitUntil([&]() { return world.output("t") == "up\n"; }, "output");
  world.signal("t", SIGINT).wait(world.io.waitScope);
  EXPECT_EQ(world.end("t").state, TaskState::SUCCEEDED);
  EXPECT_EQ(world.output("t"), "up\nint\n");
}

TEST_F(RunTest, RunTimeLimit_EndsTheTask) {
  world.launch("t", "exec sleep 600", [](auto spec) { spec.setRunMaxMs(200); });
  auto status = world.end("t");
  EXPECT_EQ(status.state, TaskState::FAILED);
  EXPECT_EQ(status.reason, Reason::RAN_TOO_LONG);
}

TEST_F(RunTest, WhatATaskLeavesBehind_IsEnded) {
  world.launch("t",
               "setsid sleep 600 & echo $!; setsid sh -c 'sleep 601 & echo $!; exec sleep 602' & "
               "echo $!; sleep 603 & echo $!; "
               "while [ $(wc -l < stdout) -lt 4 ]; do sleep 0.02; done; exit 0");
  ASSERT_EQ(world.end("t").exitCode, 0);
  std::stringstream pids(world.output("t"));
  int count = 0;
  for (pid_t pid; pids >> pid; ++count) EXPECT_FALSE(processLives(pid)) << pid;
  EXPECT_EQ(count, 4);
}

TEST_F(RunTest, ForkBomb_IsEndedWithItsTask) {
  world.launch("t",
               "b() { for i in 1 2 3 4 5 6 7 8; do setsid sh -c 'while :; do sleep 5 & wait; done' "
               "& done; }; "
               "b; b; b; b; exec sleep 600");
  world.waitFor("t", TaskState::RUNNING);
  world.kill("t", 0);
  auto status = world.end("t");
  EXPECT_EQ(status.state, TaskState::KILLED);
  EXPECT_EQ(status.message.find("could not be ended"), std::string::npos);
}

TEST_F(RunTest, IdsAreTakenForEver) {
  world.launch("t", "echo one");
  world.end("t");
  EXPECT_FALSE(world.launch("t", "echo one"));  // the same again is harmless
  auto other = world.launch("t", "echo other");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->reason, backend::RefusalReason::ID_TAKEN);
}

TEST_F(RunTest, Unsupported_IsRefused) {
  auto container = world.launch("c", "true", [](auto spec) { spec.initContainer().setImage("x"); });
  ASSERT_TRUE(container);
  EXPECT_EQ(container->reason, backend::RefusalReason::UNSUPPORTED);
  auto uri =
      world.launch("u", "true", [](auto spec) { spec.initUris(1)[0].setLocation("hdfs://a/b"); });
  ASSERT_TRUE(uri);
  EXPECT_EQ(uri->reason, backend::RefusalReason::UNSUPPORTED);
}

Settings withQuickBeats(const std::string& workFolder) {
  auto settings = settingsFor(workFolder);
  settings.beatMs = 50;
  settings.silenceMs = 500;
  return settings;
}

TEST(SilenceTest, ShimThatStandsStill_IsUnreachableUntilItGoesOn) {
  TempFolder temp;
  World world{withQuickBeats(temp.path + "/work")};
  world.launch("t", "echo $PPID; until [ -e end ]; do sleep 0.05; done");
  world.waitFor("t", TaskState::RUNNING);
  world.waitUntil([&] { return world.output("t").ends_with("\n"); }, "its output");
  pid_t shim = pid_t(std::stol(world.output("t")));
  ASSERT_EQ(contents("/proc/" + std::to_string(shim) + "/comm"), "maitred-shim\n");
  // Heard of at least once before: one that never says that it is there is of an older version.
  for (int beats = 0; beats < 3; ++beats) {
    world.io.provider->getTimer().afterDelay(50 * kj::MILLISECONDS).wait(world.io.waitScope);
  }
  ::kill(shim, SIGSTOP);
  auto away = world.waitFor("t", TaskState::UNREACHABLE, 60);
  EXPECT_NE(away.message.find("does not answer"), std::string::npos);
  EXPECT_GT(away.unreachableSince, 0);
  ::kill(shim, SIGCONT);
  world.waitUntil([&] { return world.told["t"].back().state == TaskState::RUNNING; }, "its return");
  EXPECT_TRUE(world.told["t"].back().late);
  std::ofstream(world.sandboxOf("t") + "/end") << "";
  EXPECT_EQ(world.end("t").exitCode, 0);
}

}  // namespace
}  // namespace maitred::local::test
