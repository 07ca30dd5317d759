#pragma once
// The receiving side of a connection that leaves everybody else their turn.
//
// KJ looks for I/O and timers only when nothing is left to do. A client that sends faster than it
// is served always leaves something to do: without a pause nobody else would be heard, no deadline
// would pass, and the plugin would miss its heartbeat.

#include <kj/async-io.h>
#include <kj/timer.h>

namespace maitred::http {

class FairInput final : public kj::AsyncInputStream {
 public:
  // Both must outlive it.
  FairInput(kj::AsyncInputStream& inner, kj::Timer& timer) : inner(inner), timer(timer) {}

  kj::Promise<size_t> tryRead(void* buffer, size_t least, size_t most) override {
    if (!isDue()) return inner.tryRead(buffer, least, most);
    return pause().then(
        [this, buffer, least, most]() { return inner.tryRead(buffer, least, most); });
  }

  // Before each request: many of them may lie in one buffer.
  kj::Promise<void> turn() {
    if (!isDue()) return kj::READY_NOW;
    return pause();
  }

 private:
  static constexpr unsigned inARow = 16;   // reads and requests

  bool isDue() { return ++count % inARow == 0; }
  // A timer, because timers are looked at together with I/O.
  kj::Promise<void> pause() { return timer.afterDelay(0 * kj::SECONDS); }

  kj::AsyncInputStream& inner;
  kj::Timer& timer;
  unsigned count = 0;
};

}  // namespace maitred::http
