#include <maitred/attachment.h>

#include <kj/debug.h>

namespace maitred {

Attachment::Attachment(kj::Timer& timer, log::Logger& log, kj::StringPtr name, uint64_t seed,
                       Attach attach, BackOff backOff)
    : timer(timer),
      log(log),
      name(kj::heapString(name)),
      random(seed),
      attach(kj::mv(attach)),
      backOff(backOff),
      pause(backOff.first),
      error(kj::heapString("not attached yet")),
      loop(run().eagerlyEvaluate(
          [this](kj::Exception&& e) { this->log.error("attachment: ", e); })) {}

Attachment::~Attachment() noexcept(false) = default;

kj::Promise<void> Attachment::whenAttached() {
  if (isAttached) return kj::READY_NOW;
  auto pair = kj::newPromiseAndFulfiller<void>();
  waiting.add(kj::mv(pair.fulfiller));
  return kj::mv(pair.promise);
}

// Doubles the pause, up to the most; an attachment that had been healthy starts anew. Half of it is
// jitter.
kj::Duration Attachment::nextPause(kj::Duration lasted) {
  if (lasted >= backOff.healthyAfter) pause = backOff.first;
  auto base = pause;
  pause = kj::min(pause * 2, backOff.most);
  uint64_t half = base / kj::MICROSECONDS / 2;
  std::uniform_int_distribution<uint64_t> jitter(0, half);
  return (half + jitter(random)) * kj::MICROSECONDS;
}

void Attachment::ended(kj::StringPtr reason) {
  if (isAttached) {
    log.warning(name, ": the attachment ended: ", reason);
  } else if (error != reason) {
    log.warning(name, ": cannot attach: ", reason);  // the same reason again is not worth a line
  }
  isAttached = false;
  error = kj::heapString(reason);
}

kj::Promise<void> Attachment::run() {
  ++attemptCount;
  auto began = timer.now();
  return kj::evalLater([this]() { return attach(); })
      .then([this](kj::Promise<void>&& end) {
        isAttached = true;
        error = nullptr;
        log.info(name, ": attached");
        auto released = kj::mv(waiting);
        for (auto& fulfiller : released) fulfiller->fulfill();
        return kj::mv(end);
      })
      .then([this]() { ended("the other side let go"); },
            [this](kj::Exception&& e) { ended(e.getDescription()); })
      .then([this, began]() { return timer.afterDelay(nextPause(timer.now() - began)); })
      .then([this]() { return run(); });
}

}  // namespace maitred
