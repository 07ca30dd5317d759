#include <maitred/offload.h>

#include <kj/async-io.h>
#include <kj/debug.h>

#include <gtest/gtest.h>

#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace maitred {
namespace {

TEST(Offload, RunsElsewhereAndResolvesHere) {
  auto io = kj::setupAsyncIo();
  auto here = std::this_thread::get_id();
  auto there = offload([]() { return std::this_thread::get_id(); }).wait(io.waitScope);
  EXPECT_NE(here, there);
}

TEST(Offload, CarriesVoidAndExceptions) {
  auto io = kj::setupAsyncIo();
  bool ran = false;
  offload([&]() { ran = true; }).wait(io.waitScope);
  EXPECT_TRUE(ran);
  EXPECT_THROW(offload([]() -> int { KJ_FAIL_REQUIRE("disk on fire"); }).wait(io.waitScope),
               kj::Exception);
}

TEST(Offload, ManyCallsAllAnswer) {
  auto io = kj::setupAsyncIo();
  auto promises = kj::heapArrayBuilder<kj::Promise<int>>(500);
  for (int i = 0; i < 500; ++i) promises.add(offload([i]() { return i; }));
  int sum = 0;
  for (int value : kj::joinPromises(promises.finish()).wait(io.waitScope)) sum += value;
  EXPECT_EQ(sum, 499 * 500 / 2);
}

// A child has its parent's pool in memory, but none of its threads.
TEST(Offload, WorksInAForkedChildOfAProcessThatUsedIt) {
  {
    auto io = kj::setupAsyncIo();
    offload([]() {}).wait(io.waitScope);
  }
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(20);  // instead of waiting for ever
    auto io = kj::setupAsyncIo();
    _exit(offload([]() { return 7; }).wait(io.waitScope));
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

}  // namespace
}  // namespace maitred
