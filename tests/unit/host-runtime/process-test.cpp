// Child processes: their end in words, and nobody left behind.
#include "host/runtime/spawn.h"

#include <kj/async-io.h>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace maitred::host {
namespace {

class Process : public ::testing::Test {
 public:
  ~Process() noexcept override { close(null); }

 protected:
  ProcessOptions shell(const char* script) { return {"/bin/sh", {"sh", "-c", script}, null, {}}; }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
};

TEST_F(Process, TellsHowItEnded) {
  ChildProcess child(shell("exit 3"), io.unixEventPort);
  EXPECT_EQ(child.whenEnded().wait(io.waitScope), "exit code 3");
  child.signal(SIGKILL);  // of no consequence
  EXPECT_EQ(child.residentBytes(), 0u);
  ChildProcess killed(shell("kill -9 $$"), io.unixEventPort);
  EXPECT_EQ(killed.whenEnded().wait(io.waitScope), "killed by signal 9 (SIGKILL)");
}

TEST_F(Process, IsKilledAndReapedWithItsOwner) {
  pid_t pid;
  {
    ChildProcess child(shell("sleep 1000"), io.unixEventPort);
    pid = child.pid();
  }
  auto& timer = io.provider->getTimer();
  auto deadline = timer.now() + 20 * kj::SECONDS;
  while (kill(pid, 0) == 0 && timer.now() < deadline) {
    timer.afterDelay(5 * kj::MILLISECONDS).wait(io.waitScope);
  }
  EXPECT_NE(kill(pid, 0), 0) << "not even a zombie is left";
}

}  // namespace
}  // namespace maitred::host
