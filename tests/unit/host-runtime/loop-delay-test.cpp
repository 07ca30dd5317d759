// How late the loop is, on a clock that the test turns.
#include "host/runtime/loop-delay.h"

#include <kj/async.h>

#include <gtest/gtest.h>

namespace maitred::host {
namespace {

class FakeMonotonic final : public kj::MonotonicClock {
 public:
  kj::TimePoint now() const override { return time; }
  kj::TimePoint time = kj::origin<kj::TimePoint>();
};

class LoopDelayTest : public ::testing::Test {
 public:
  ~LoopDelayTest() noexcept override {}

 protected:
  // The loop sees that much time pass at once, and then does what is due.
  void pass(kj::Duration span) {
    clock.time = clock.time + span;
    timer.advanceTo(clock.time);
    scope.poll();
  }
  void passEvenly(int rounds) {
    for (int i = 0; i < rounds; ++i) pass(100 * kj::MILLISECONDS);
  }

  kj::EventLoop loop;
  kj::WaitScope scope{loop};
  FakeMonotonic clock;
  kj::TimerImpl timer{kj::origin<kj::TimePoint>()};
  LoopDelay delay{timer, clock};
};

TEST_F(LoopDelayTest, IsNothingOnTime) {
  passEvenly(25);
  EXPECT_EQ(delay.worst(), 0u);
}

TEST_F(LoopDelayTest, IsTheTimeBeyondTheInterval) {
  passEvenly(3);
  pass(450 * kj::MILLISECONDS);
  EXPECT_EQ(delay.worst(), 350'000u);
  pass(110 * kj::MILLISECONDS);
  EXPECT_EQ(delay.worst(), 350'000u) << "the worst one counts";
}

TEST_F(LoopDelayTest, IsForgottenAfterTwoSeconds) {
  pass(450 * kj::MILLISECONDS);
  passEvenly(10);
  EXPECT_EQ(delay.worst(), 350'000u);
  passEvenly(10);
  EXPECT_EQ(delay.worst(), 0u);
}

}  // namespace
}  // namespace maitred::host
