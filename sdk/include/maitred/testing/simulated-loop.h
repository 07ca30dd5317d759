#pragma once
// A loop whose clock only moves when told, or jumps to the next timer: a day of one-second ticks
// takes hundredths of a second. There is no I/O on it; connect the parts with kj::newTwoWayPipe().

#include <kj/async.h>
#include <kj/debug.h>
#include <kj/timer.h>

namespace maitred::testing {

class SimulatedLoop {
 public:
  SimulatedLoop() : scope(loop), clock(kj::origin<kj::TimePoint>()) {}
  ~SimulatedLoop() noexcept {}  // so that a GoogleTest fixture can hold one

  kj::WaitScope& waitScope() { return scope; }
  kj::Timer& timer() { return clock; }

  // Runs what is ready without moving the clock.
  void settle() { scope.poll(); }

  // Lets that much time pass, stopping at every timer on the way.
  void advance(kj::Duration duration) {
    auto end = clock.now() + duration;
    settle();
    for (;;) {
      auto next = clock.nextEvent();
      KJ_IF_MAYBE (at, next) {
        if (*at <= end) {
          clock.advanceTo(*at);
          settle();
          continue;
        }
      }
      break;
    }
    clock.advanceTo(end);
    settle();
  }

  // Waits for a promise, jumping from timer to timer; fails when nothing is left that could resolve
  // it or `most` has passed.
  template <typename T>
  T wait(kj::Promise<T>&& promise, kj::Duration most = 1 * kj::HOURS) {
    auto end = clock.now() + most;
    while (!promise.poll(scope)) {
      auto next = clock.nextEvent();
      KJ_IF_MAYBE (at, next) {
        KJ_REQUIRE(*at <= end, "still pending when the simulated time was up");
        clock.advanceTo(*at);
      } else {
        KJ_FAIL_REQUIRE("nothing is left that could resolve this promise");
      }
    }
    return promise.wait(scope);
  }

 private:
  kj::EventLoop loop;
  kj::WaitScope scope;
  kj::TimerImpl clock;
};

}  // namespace maitred::testing
