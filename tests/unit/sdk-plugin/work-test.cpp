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

TEST(OwnedWork, DiesWithItsOwnerThoughSomebodyWaits) {
  testing::SimulatedLoop loop;
  bool done = false;
  auto begin = [&](OwnedWork& work) {
    return work.run(loop.timer().afterDelay(1 * kj::SECONDS).then([&]() { done = true; }));
  };
  auto work = kj::heap<OwnedWork>();
  auto waiting = begin(*work);
  work = nullptr;
  loop.advance(2 * kj::SECONDS);
  EXPECT_FALSE(done);
  EXPECT_THROW(loop.wait(kj::mv(waiting)), kj::Exception);
}

}  // namespace
}  // namespace maitred
