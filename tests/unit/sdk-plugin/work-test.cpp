#include <maitred/testing/simulated-loop.h>
#include <maitred/work.h>

#include <gtest/gtest.h>

namespace maitred {
namespace {

TEST(OwnedWork, GoesOnWhenItsCallerHangsUp) {
  testing::SimulatedLoop loop;
  OwnedWork work;
  bool done = false;
  {
    auto dropped = work.run(loop.timer().afterDelay(1 * kj::SECONDS).then([&]() { done = true; }));
  }
  loop.advance(2 * kj::SECONDS);
  EXPECT_TRUE(done);
}

TEST(OwnedWork, HandsOverValuesAndFailures) {
  testing::SimulatedLoop loop;
  OwnedWork work;
  EXPECT_EQ(loop.wait(work.run(kj::Promise<int>(5))), 5);
  EXPECT_THROW(loop.wait(work.run(kj::Promise<int>(KJ_EXCEPTION(FAILED, "no")))), kj::Exception);
  EXPECT_THROW(loop.wait(work.run(kj::Promise<void>(KJ_EXCEPTION(FAILED, "no")))), kj::Exception);
}

TEST(OwnedWork, DiesWithItsOwner) {
  testing::SimulatedLoop loop;
  bool done = false;
  {
    OwnedWork work;
    auto promise = work.run(loop.timer().afterDelay(1 * kj::SECONDS).then([&]() { done = true; }));
  }
  loop.advance(2 * kj::SECONDS);
  EXPECT_FALSE(done);
}

}  // namespace
}  // namespace maitred
