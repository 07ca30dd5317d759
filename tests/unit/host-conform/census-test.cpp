#include "host/conform/census.h"

#include <kj/io.h>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace maitred::host::conform {
namespace {

TEST(Census, CountsWhatIsOpen) {
  auto before = takeCensus();
  kj::AutoCloseFd fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(takeCensus().descriptors, before.descriptors + 1);
  EXPECT_EQ(takeCensus(getpid()).descriptors, before.descriptors + 1);
  EXPECT_GE(before.threads, 1u);
}

TEST(Census, CountsProcesses_UntilTheyHaveEnded) {
  auto before = takeCensus().processes;
  pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  EXPECT_EQ(takeCensus().processes, before + 1);
  kill(child, SIGKILL);
  siginfo_t ended;
  waitid(P_PID, child, &ended, WEXITED | WNOWAIT);
  EXPECT_EQ(takeCensus().processes, before) << "nobody has read its exit status yet";
  waitpid(child, nullptr, 0);
}

TEST(Growth, IsTheUsualStepOfTheSecondHalf) {
  EXPECT_EQ(growth({}), 0);
  EXPECT_EQ(growth({5}), 0);
  EXPECT_EQ(growth({1, 9, 17, 25, 25, 25, 25, 25}), 0) << "a beginning is no leak";
  EXPECT_EQ(growth({7, 7, 7, 7, 7, 90, 90, 90}), 0) << "once is no leak";
  EXPECT_EQ(growth({0, 2, 4, 6, 8, 10, 12}), 2);
  EXPECT_LT(growth({9, 8, 7, 6, 5, 4}), 0);
}

}  // namespace
}  // namespace maitred::host::conform
