#include "host/runtime/meter.h"

#include "host/runtime/forwarding-hook.h"

#include <kj/debug.h>
#include <kj/list.h>

#include <algorithm>
#include <bit>

namespace maitred::host {

void LatencyHistogram::add(uint64_t microseconds) {
  ++counts[std::min<size_t>(std::bit_width(microseconds), bucketCount - 1)];
}

uint64_t LatencyHistogram::upTo(size_t bucket) const {
  return bucket + 1 == bucketCount ? unbounded : 1ull << bucket;
}

// A call on its way; leaves the books when it dies, however the call ended.
class Meter::InFlight {
 public:
  explicit InFlight(Meter& meter)
      : meter(kj::addRef(meter)),
        begun(meter.monotonic.now()),
        due(meter.timer.now() + meter.limits.deadline) {
    meter.admit(*this);
  }
  virtual ~InFlight() noexcept(false) { meter->leave(*this); }
  KJ_DISALLOW_COPY(InFlight);

  virtual void expire() = 0;

  kj::Own<Meter> meter;
  const kj::TimePoint begun, due;
  bool expired = false;
  kj::ListLink<InFlight> link;

 protected:
  void answered() {
    meter->books.latency.add(uint64_t((meter->monotonic.now() - begun) / kj::MICROSECONDS));
  }
  void failed(const kj::Exception& why) {
    answered();
    if (why.getType() != kj::Exception::Type::UNIMPLEMENTED) ++meter->books.failures;
  }
};

// Adapter of the promise that the caller gets: one node for the call, its books and its deadline.
template <typename T>
class Meter::Call final : public InFlight {
 public:
  Call(kj::PromiseFulfiller<T>& fulfiller, Meter& meter, kj::Promise<T>&& call)
      : InFlight(meter), fulfiller(fulfiller), running(follow(kj::mv(call))) {}

  void expire() override {
    auto why = meter->late();
    failed(why);
    fulfiller.reject(kj::mv(why));
    running = nullptr;  // drops the call
  }

 private:
  kj::Promise<void> follow(kj::Promise<T>&& call) {
    auto error = [this](kj::Exception&& why) {
      failed(why);
      fulfiller.reject(kj::mv(why));
    };
    if constexpr (std::is_void_v<T>) {
      auto good = [this]() {
        answered();
        fulfiller.fulfill();
      };
      return call.then(kj::mv(good), kj::mv(error)).eagerlyEvaluate(nullptr);
    } else {
      auto good = [this](T&& value) {
        answered();
        fulfiller.fulfill(kj::mv(value));
      };
      return call.then(kj::mv(good), kj::mv(error)).eagerlyEvaluate(nullptr);
    }
  }

  kj::PromiseFulfiller<T>& fulfiller;
  kj::Promise<void> running;
};

struct Meter::Open {
  kj::List<InFlight, &InFlight::link> calls;
};

Meter::Meter(kj::String name, EdgeLimits limits, const kj::MonotonicClock& monotonic,
             kj::Timer& timer, const kj::Clock& clock)
    : name(kj::mv(name)),
      limits(limits),
      monotonic(monotonic),
      timer(timer),
      clock(clock),
      open(kj::heap<Open>()) {}
Meter::~Meter() noexcept(false) {}

int64_t Meter::lastUseAt() const {
  if (books.calls + books.overloads == 0) return 0;
  auto ago = monotonic.now() - lastUse;
  return (clock.now() - ago - kj::UNIX_EPOCH) / kj::NANOSECONDS;
}

kj::Exception Meter::late() const {
  return KJ_EXCEPTION(OVERLOADED, "no answer before the deadline of this edge", name,
                      limits.deadline / kj::MILLISECONDS);
}

kj::Maybe<kj::Exception> Meter::refusal() {
  lastUse = monotonic.now();
  if (books.inFlight >= limits.inFlightMax) {
    ++books.overloads;
    return KJ_EXCEPTION(OVERLOADED, "too many unanswered calls on this edge", name,
                        limits.inFlightMax);
  }
  ++books.calls;
  return nullptr;
}

template <typename T>
kj::Promise<T> Meter::watch(kj::Promise<T>&& call) {
  return kj::newAdaptedPromise<T, Call<T>>(*this, kj::mv(call));
}

void Meter::admit(InFlight& call) {
  ++books.inFlight;
  open->calls.add(call);
  KJ_IF_MAYBE (at, alarmAt) {
    if (*at <= call.due) return;
  }
  alarm = sleepUntil(call.due).eagerlyEvaluate(nullptr);
}

void Meter::leave(InFlight& call) {
  if (call.expired) return;
  --books.inFlight;
  open->calls.remove(call);
}

// One timer for all calls: set for the earliest, and left alone while calls are answered in time.
kj::Promise<void> Meter::sleepUntil(kj::TimePoint due) {
  alarmAt = due;
  return timer.atTime(due).then([this]() -> kj::Promise<void> {
    KJ_IF_MAYBE (next, expireDue()) {
      return sleepUntil(*next);
    }
    alarmAt = nullptr;
    return kj::READY_NOW;
  });
}

// The earliest deadline of those that are left.
kj::Maybe<kj::TimePoint> Meter::expireDue() {
  kj::Maybe<kj::TimePoint> next;
  for (bool again = true; again;) {
    again = false;
    next = nullptr;
    for (auto& call : open->calls) {
      if (call.due > timer.now()) {
        next = kj::min(call.due, next.orDefault(call.due));
        continue;
      }
      leave(call);
      call.expired = true;
      call.expire();
      again = true;  // from the start: what ends with a call may end others too
      break;
    }
  }
  return next;
}

class Meter::RequestHook final : public capnp::RequestHook {
 public:
  RequestHook(kj::Own<Meter> meter, kj::Own<capnp::RequestHook> inner)
      : meter(kj::mv(meter)), inner(kj::mv(inner)) {}

  capnp::RemotePromise<capnp::AnyPointer> send() override {
    KJ_IF_MAYBE (why, meter->refusal()) {
      return capnp::RemotePromise<capnp::AnyPointer>(
          kj::Promise<capnp::Response<capnp::AnyPointer>>(kj::cp(*why)),
          capnp::AnyPointer::Pipeline(capnp::newBrokenPipeline(kj::cp(*why))));
    }
    auto sent = inner->send();
    capnp::AnyPointer::Pipeline pipeline = kj::mv(sent);
    return capnp::RemotePromise<capnp::AnyPointer>(meter->watch(sent.dropPipeline()),
                                                   kj::mv(pipeline));
  }

  kj::Promise<void> sendStreaming() override {
    KJ_IF_MAYBE (why, meter->refusal()) {
      return kj::cp(*why);
    }
    return meter->watch(inner->sendStreaming());
  }

  // Nobody may take this for a request of their own.
  const void* getBrand() override { return nullptr; }

 private:
  kj::Own<Meter> meter;
  kj::Own<capnp::RequestHook> inner;
};

class Meter::Hook final : public ForwardingHook {
 public:
  Hook(kj::Own<Meter> meter, kj::Own<capnp::ClientHook> inner)
      : ForwardingHook(kj::mv(inner)), meter(kj::mv(meter)) {}

  capnp::Request<capnp::AnyPointer, capnp::AnyPointer> newCall(
      uint64_t interfaceId, uint16_t methodId, kj::Maybe<capnp::MessageSize> sizeHint) override {
    auto request = inner->newCall(interfaceId, methodId, sizeHint);
    capnp::AnyPointer::Builder params = request;
    return {params,
            kj::heap<RequestHook>(kj::addRef(*meter), capnp::RequestHook::from(kj::mv(request)))};
  }

  VoidPromiseAndPipeline call(uint64_t interfaceId, uint16_t methodId,
                              kj::Own<capnp::CallContextHook>&& context) override {
    KJ_IF_MAYBE (why, meter->refusal()) {
      return {kj::cp(*why), capnp::newBrokenPipeline(kj::cp(*why))};
    }
    auto result = inner->call(interfaceId, methodId, kj::mv(context));
    return {meter->watch(kj::mv(result.promise)), kj::mv(result.pipeline)};
  }

  const void* getBrand() override { return &brand; }
  kj::Own<capnp::ClientHook> beneath() { return inner->addRef(); }

  static constexpr char brand = 0;  // its address tells a hook of this class
  kj::Own<Meter> meter;
};

capnp::Capability::Client Meter::metered(capnp::Capability::Client target) {
  kj::Own<capnp::ClientHook> hook =
      kj::refcounted<Hook>(kj::addRef(*this), capnp::ClientHook::from(kj::mv(target)));
  return capnp::Capability::Client(kj::mv(hook));
}

kj::Maybe<capnp::Capability::Client> Meter::beneath(capnp::Capability::Client& metered) {
  auto hook = capnp::ClientHook::from(capnp::Capability::Client(metered));
  if (hook->getBrand() != &Hook::brand) return nullptr;
  auto& mine = kj::downcast<Hook>(*hook);
  if (mine.meter.get() != this) return nullptr;
  return capnp::Capability::Client(mine.beneath());
}

}  // namespace maitred::host
