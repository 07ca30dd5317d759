#pragma once
// Attachment: keeps a consumer attached to a provider that may crash, restart or hang up.
//
// A granted capability survives its provider, but objects obtained through it (a Session, a
// Subscription) do not: they stay broken. So every consumer does the same dance — connect, attach,
// expect, begin; when it breaks, wait and do it again — and this class is that dance.
//
// How a consumer learns of the end: the provider drops the callback capability that it was given
// (the Observer, the Watcher), whether it died or ended the session. Let that server object own a
// DropSignal and return the signal's promise from the attach function.

#include <maitred/log.h>

#include <kj/async.h>
#include <kj/function.h>
#include <kj/timer.h>
#include <kj/vector.h>

#include <random>

namespace maitred {

// Fulfilled when the signal object is destroyed.
class DropSignal {
 public:
  explicit DropSignal(kj::Own<kj::PromiseFulfiller<void>> fulfiller)
      : fulfiller(kj::mv(fulfiller)) {}
  DropSignal(DropSignal&&) = default;
  ~DropSignal() noexcept(false) {
    if (fulfiller.get() != nullptr) fulfiller->fulfill();
  }

 private:
  kj::Own<kj::PromiseFulfiller<void>> fulfiller;
};

struct BackOff {
  kj::Duration first = 50 * kj::MILLISECONDS;
  kj::Duration most = 5 * kj::SECONDS;
  kj::Duration healthyAfter =
      10 * kj::SECONDS;  // an attachment that lasted this long resets the pause
};

class Attachment final {
 public:
  // Does connect, attach, expect, begin. Returns the promise of the *end* of this attachment: it
  // resolves when the provider let go and rejects when something broke. Whatever the attachment
  // needs must be attached to the promise; dropping it detaches.
  using Attach = kj::Function<kj::Promise<kj::Promise<void>>()>;

  Attachment(kj::Timer& timer, log::Logger& log, kj::StringPtr name, uint64_t seed, Attach attach,
             BackOff backOff = {});
  // Starts at once. `seed` makes the jitter repeatable.
  ~Attachment() noexcept(false);
  KJ_DISALLOW_COPY(Attachment);

  bool attached() const { return isAttached; }
  kj::StringPtr lastError() const { return error; }  // empty while attached
  kj::Promise<void> whenAttached();                  // at once when attached
  uint32_t attempts() const { return attemptCount; }

 private:
  kj::Promise<void> run();
  kj::Duration nextPause(kj::Duration lasted);
  void ended(kj::StringPtr reason);

  kj::Timer& timer;
  log::Logger& log;
  kj::String name;
  std::minstd_rand random;
  Attach attach;
  BackOff backOff;
  kj::Duration pause;
  bool isAttached = false;
  uint32_t attemptCount = 0;
  kj::String error;
  kj::Vector<kj::Own<kj::PromiseFulfiller<void>>> waiting;
  kj::Promise<void> loop;
};

}  // namespace maitred
