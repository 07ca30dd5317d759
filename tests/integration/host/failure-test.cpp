// Crashes, hangs and leaks of a worker: only `process` can survive them.
#include "host-process.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

namespace maitred::host::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Failure : public ::testing::Test {
 protected:
  HostProcess host{"process"};
  InstanceText trial{"trial", "test-trial", "    listen: { greet: \"127.0.0.1:0\" }\n"};
  InstanceText relay{"relay", "test-relay", "    uses: { echo: [trial] }\n"};

  void start() {
    host.write({trial, relay});
    host.startAndSettle();
  }
  // Does the thing and waits until the instance has been started anew.
  void survives(std::function<void()> deed) {
    auto before = host.restarts("trial");
    deed();
    host.eventually("the worker was started again", [&]() {
      return host.restarts("trial") > before && host.state("trial") == admin::InstanceState::ACTIVE;
    });
    EXPECT_EQ(host.ask("relay", "say", "again"), "hello again");
    EXPECT_EQ(host.state("relay"), admin::InstanceState::ACTIVE);
    EXPECT_EQ(host.restarts("relay"), 0u);
  }
};

TEST_F(Failure, KilledWorkerIsStartedAgain) {
  start();
  survives([&]() { kill(static_cast<pid_t>(host.pidOf("trial")), SIGKILL); });
  EXPECT_EQ(host.lastFailure("trial"), "killed by signal 9 (SIGKILL)");
}

TEST_F(Failure, StoppedWorkerIsFoundByItsHeartbeat) {
  start();
  survives([&]() { kill(static_cast<pid_t>(host.pidOf("trial")), SIGSTOP); });
  EXPECT_THAT(host.lastFailure("trial"), AllOf(StartsWith("heartbeat"), HasSubstr("signal")));
}

TEST_F(Failure, BusyLoopIsFoundByItsHeartbeat) {
  start();
  survives([&]() { EXPECT_THAT(host.ask("trial", "hang"), StartsWith("disconnected")); });
  EXPECT_THAT(host.lastFailure("trial"), AllOf(StartsWith("heartbeat"), HasSubstr("SIGABRT")));
}

TEST_F(Failure, LeakEndsAtTheMemoryLimit) {
  trial.rest += "    memory: 256MiB\n";
  start();
  survives([&]() { host.ask("trial", "leak", "300"); });
  EXPECT_THAT(host.lastFailure("trial"),
              AllOf(StartsWith("memory limit"), HasSubstr("256 MiB allowed")));
}

TEST_F(Failure, ExitCodeIsNamed) {
  start();
  survives([&]() { EXPECT_THAT(host.ask("trial", "exit"), StartsWith("disconnected")); });
  EXPECT_EQ(host.lastFailure("trial"), "exit code 3");
}

TEST_F(Failure, LastLinesAreKeptForThePostMortem) {
  start();
  host.ask("trial", "print", "about to fall");
  survives([&]() { host.ask("trial", "abort"); });
  EXPECT_THAT(host.lastFailure("trial"), StartsWith("killed by signal 6 (SIGABRT)"));
  auto lines = host.postMortem("trial");
  EXPECT_THAT(lines, Contains(HasSubstr("about to fall")));
  EXPECT_THAT(lines, Contains(HasSubstr("raw about to fall")));
}

TEST_F(Failure, ConnectionDuringARestartIsAnswered) {
  start();
  auto address = host.address("trial", "greet");
  kill(static_cast<pid_t>(host.pidOf("trial")), SIGKILL);
  // The socket is the host's: the connection waits there for the next worker.
  EXPECT_EQ(host.readFrom(address), "hello\n");
  EXPECT_EQ(host.address("trial", "greet"), address);
}

TEST_F(Failure, TooManyCrashesMeanFailedUntilRestart) {
  host.worker += ", crash_limit: 3";
  host.write({{"trial", "test-trial", "    config: { crash_at_start: true }\n"}, relay});
  host.start();
  host.eventually("it has failed",
                  [&]() { return host.state("trial") == admin::InstanceState::FAILED; });
  EXPECT_EQ(host.restarts("trial"), 2u);
  EXPECT_THAT(host.postMortem("trial"), Contains(HasSubstr("last words before the crash")));
  // Its consumer runs nevertheless, and sees the provider as away.
  host.eventuallyActive("relay");
  EXPECT_THAT(host.ask("relay", "say", "x"), StartsWith("disconnected"));
  host.write({{"trial", "test-trial", "    config: { crash_at_start: false }\n"}, relay});
  EXPECT_TRUE(host.reload().getAccepted());
  EXPECT_EQ(host.state("trial"), admin::InstanceState::ACTIVE);
  EXPECT_EQ(host.ask("relay", "say", "x"), "hello x");
}

TEST_F(Failure, RestartBringsBackAFailedInstance) {
  host.worker += ", crash_limit: 1";
  start();
  kill(static_cast<pid_t>(host.pidOf("trial")), SIGKILL);
  host.eventually("it has failed",
                  [&]() { return host.state("trial") == admin::InstanceState::FAILED; });
  auto restart = host.admin().restartRequest();
  restart.setInstance("trial");
  restart.send().wait(host.scope());
  EXPECT_EQ(host.state("trial"), admin::InstanceState::ACTIVE);
}

TEST_F(Failure, StartThatNeverEndsIsKilled) {
  host.worker += ", start_timeout: 300ms, crash_limit: 1";
  host.write({{"trial", "test-trial", "    config: { start_delay: 1h }\n"}});
  host.start();
  host.eventually("it has failed",
                  [&]() { return host.state("trial") == admin::InstanceState::FAILED; });
  EXPECT_THAT(host.lastFailure("trial"), StartsWith("start timeout"));
}

TEST_F(Failure, WorkersDieWithTheHost) {
  start();
  auto trialPid = static_cast<pid_t>(host.pidOf("trial")),
       relayPid = static_cast<pid_t>(host.pidOf("relay"));
  ASSERT_TRUE(processExists(trialPid));
  host.signal(SIGKILL);
  EXPECT_EQ(host.join(), -SIGKILL);
  host.eventually("no worker is left",
                  [&]() { return !processExists(trialPid) && !processExists(relayPid); });
}

TEST_F(Failure, WorkerInheritsOnlyWhatIsItsOwn) {
  start();
  auto pid = std::to_string(host.pidOf("relay"));
  size_t open = 0;
  std::string names;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + pid + "/fd")) {
    std::error_code gone;
    auto target = std::filesystem::read_symlink(entry.path(), gone).string();
    names += target + "\n";
    // Its own loop makes epoll and event descriptors; the sockets and files of the host must not be
    // there.
    if (target.rfind("anon_inode:", 0) != 0) ++open;
  }
  EXPECT_EQ(open, 4u) << names;  // stdin, stdout, stderr and the connection
  EXPECT_EQ(getpgid(static_cast<pid_t>(std::stoi(pid))), std::stoi(pid));
}

}  // namespace
}  // namespace maitred::host::test
