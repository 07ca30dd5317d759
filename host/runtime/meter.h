#pragma once
// Meter: what is counted, bounded and timed on the calls of one edge. Loop thread only.

#include <capnp/capability.h>
#include <kj/async.h>
#include <kj/refcount.h>
#include <kj/timer.h>

#include <array>
#include <cstdint>

namespace maitred::host {

// Latencies in buckets of powers of two: bucket i holds calls of less than 2^i microseconds; the
// last holds the rest. Pure.
class LatencyHistogram {
 public:
  static constexpr size_t bucketCount = 28;  // up to 2^26 us = 67 s, and one for the rest
  static constexpr uint64_t unbounded = ~0ull;

  void add(uint64_t microseconds);
  uint64_t upTo(size_t bucket) const;  // exclusive bound, `unbounded` for the last
  uint64_t count(size_t bucket) const { return counts[bucket]; }

 private:
  std::array<uint64_t, bucketCount> counts{};
};

struct EdgeLimits {
  uint32_t inFlightMax = 1024;
  kj::Duration deadline = 60 * kj::SECONDS;
};

struct EdgeCounters {
  uint64_t calls = 0;      // let through, whatever became of them
  uint64_t failures = 0;   // answered with an error other than UNIMPLEMENTED, or not in time
  uint64_t overloads = 0;  // refused by the limit; not among `calls`
  uint32_t inFlight = 0;
  LatencyHistogram latency;
};

// A call beyond `inFlightMax` fails at once with OVERLOADED. So does one that is unanswered after
// the deadline: the caller should back off, and a session obtained over the edge is not broken by
// it, as DISCONNECTED would suggest. A call that its caller drops leaves the books at once.
class Meter final : public kj::Refcounted {
 public:
  Meter(kj::String name, EdgeLimits limits, const kj::MonotonicClock& monotonic, kj::Timer& timer,
        const kj::Clock& clock);
  ~Meter() noexcept(false);

  // The same capability, with each call on it metered. Capabilities in results are not: that is
  // Edge's part.
  capnp::Capability::Client metered(capnp::Capability::Client target);
  // What metered() was given; null for a capability that is not metered by this meter.
  kj::Maybe<capnp::Capability::Client> beneath(capnp::Capability::Client& metered);

  const EdgeCounters& counters() const { return books; }
  int64_t lastUseAt() const;  // unix ns; 0 = never
  const EdgeLimits& edgeLimits() const { return limits; }
  void setLimits(EdgeLimits next) { limits = next; }

 private:
  class Hook;
  class RequestHook;
  class InFlight;
  template <typename T>
  class Call;
  struct Open;

  kj::Maybe<kj::Exception> refusal();
  kj::Exception late() const;
  template <typename T>
  kj::Promise<T> watch(kj::Promise<T>&& call);
  void admit(InFlight& call);
  void leave(InFlight& call);
  kj::Promise<void> sleepUntil(kj::TimePoint due);
  kj::Maybe<kj::TimePoint> expireDue();

  kj::String name;  // "cook.backends -> local", for messages
  EdgeLimits limits;
  const kj::MonotonicClock& monotonic;
  kj::Timer& timer;
  const kj::Clock& clock;
  EdgeCounters books;
  kj::TimePoint lastUse = kj::origin<kj::TimePoint>();
  kj::Own<Open> open;
  kj::Maybe<kj::TimePoint> alarmAt;
  kj::Promise<void> alarm = nullptr;
};

}  // namespace maitred::host
