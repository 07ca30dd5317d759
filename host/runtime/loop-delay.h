#pragma once
// LoopDelay: how late the host's loop is. A timer that fires late was held up by other work on the
// loop: by an inline plugin, mostly.

#include <kj/async.h>
#include <kj/timer.h>

#include <cstdint>

namespace maitred::host {

class LoopDelay {
 public:
  explicit LoopDelay(kj::Timer& timer, const kj::MonotonicClock& monotonic)
      : timer(timer), monotonic(monotonic), watching(watch().eagerlyEvaluate(nullptr)) {}

  // The worst of the last one to two seconds, in microseconds.
  uint32_t worst() const {
    return static_cast<uint32_t>(kj::max(current, former) / kj::MICROSECONDS);
  }

 private:
  static constexpr kj::Duration interval = 100 * kj::MILLISECONDS;

  kj::Promise<void> watch() {
    auto due = monotonic.now() + interval;
    return timer.afterDelay(interval).then([this, due]() {
      current = kj::max(current, monotonic.now() - due);
      if (++rounds % 10 == 0) {
        former = current;
        current = 0 * kj::SECONDS;
      }
      return watch();
    });
  }

  kj::Timer& timer;
  const kj::MonotonicClock& monotonic;
  uint32_t rounds = 0;
  kj::Duration current = 0 * kj::SECONDS, former = 0 * kj::SECONDS;
  kj::Promise<void> watching;
};

}  // namespace maitred::host
