#include <maitred/testing/simulated-loop.h>

#include <gtest/gtest.h>

namespace maitred::testing {
namespace {

TEST(SimulatedLoop, AdvanceStopsAtEachTimerOnTheWay) {
  SimulatedLoop loop;
  int fired = 0;
  auto first =
      loop.timer().afterDelay(1 * kj::SECONDS).then([&]() { ++fired; }).eagerlyEvaluate(nullptr);
  auto second =
      loop.timer().afterDelay(3 * kj::SECONDS).then([&]() { ++fired; }).eagerlyEvaluate(nullptr);
  loop.advance(2 * kj::SECONDS);
  EXPECT_EQ(fired, 1);
  loop.advance(1 * kj::SECONDS);
  EXPECT_EQ(fired, 2);
}

TEST(SimulatedLoop, WaitRefusesAPromiseThatNothingCanResolve) {
  SimulatedLoop loop;
  EXPECT_THROW(loop.wait(kj::Promise<void>(kj::NEVER_DONE)), kj::Exception);
}

TEST(SimulatedLoop, WaitHasAnEnd) {
  SimulatedLoop loop;
  EXPECT_THROW(loop.wait(loop.timer().afterDelay(2 * kj::HOURS), 1 * kj::HOURS), kj::Exception);
}

}  // namespace
}  // namespace maitred::testing
