#include "host/runtime/meter.h"

#include <kj/debug.h>

namespace maitred::host {

void LatencyHistogram::add(uint64_t microseconds) {
  size_t bucket = 0;
  while (bucket + 1 < bucketCount && microseconds >= (1ull << bucket)) ++bucket;
  ++counts[bucket];
}

uint64_t LatencyHistogram::upTo(size_t bucket) const {
  return bucket + 1 == bucketCount ? unbounded : 1ull << bucket;
}

// A call on its way; leaves the books when it dies, however the call ended.
class Meter::InFlight {
 public:
  explicit InFlight(Meter& meter) : meter(kj::addRef(meter)), begun(meter.monotonic.now()) {
    ++meter.books.inFlight;
  }
  ~InFlight() noexcept { --meter->books.inFlight; }
  KJ_DISALLOW_COPY(InFlight);

  void answered() {
    meter->books.latency.add(uint64_t((meter->monotonic.now() - begun) / kj::MICROSECONDS));
  }
  void failed(const kj::Exception& why) {
    answered();
    if (why.getType() != kj::Exception::Type::UNIMPLEMENTED) ++meter->books.failures;
  }

 private:
  kj::Own<Meter> meter;
  kj::TimePoint begun;
};

kj::Exception Meter::late() const {
  return KJ_EXCEPTION(OVERLOADED, "no answer before the deadline of this edge", name,
                      limits.deadline / kj::MILLISECONDS);
}

kj::Maybe<kj::Exception> Meter::refusal() {
  books.lastUseAt = (clock.now() - kj::UNIX_EPOCH) / kj::NANOSECONDS;
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
  auto entry = kj::heap<InFlight>(*this);
  auto& books = *entry;
  auto deadline =
      timer.afterDelay(limits.deadline).then([self = kj::addRef(*this)]() -> kj::Promise<T> {
        return self->late();
      });
  auto failed = [&books](kj::Exception&& why) -> kj::Promise<T> {
    books.failed(why);
    return kj::mv(why);
  };
  auto joined = call.exclusiveJoin(kj::mv(deadline));
  if constexpr (std::is_void_v<T>) {
    return joined
        .then(
            [&books]() -> kj::Promise<T> {
              books.answered();
              return kj::READY_NOW;
            },
            kj::mv(failed))
        .attach(kj::mv(entry));
  } else {
    return joined
        .then(
            [&books](T&& value) -> kj::Promise<T> {
              books.answered();
              return kj::mv(value);
            },
            kj::mv(failed))
        .attach(kj::mv(entry));
  }
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

class Meter::Hook final : public capnp::ClientHook, public kj::Refcounted {
 public:
  Hook(kj::Own<Meter> meter, kj::Own<capnp::ClientHook> inner)
      : meter(kj::mv(meter)), inner(kj::mv(inner)) {}

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

  // Never resolves to what lies beneath: that would pass the meter by.
  kj::Maybe<capnp::ClientHook&> getResolved() override { return nullptr; }
  kj::Maybe<kj::Promise<kj::Own<capnp::ClientHook>>> whenMoreResolved() override { return nullptr; }
  kj::Own<capnp::ClientHook> addRef() override { return kj::addRef(*this); }
  const void* getBrand() override { return nullptr; }
  kj::Maybe<int> getFd() override { return nullptr; }

 private:
  kj::Own<Meter> meter;
  kj::Own<capnp::ClientHook> inner;
};

capnp::Capability::Client Meter::metered(capnp::Capability::Client target) {
  kj::Own<capnp::ClientHook> hook =
      kj::refcounted<Hook>(kj::addRef(*this), capnp::ClientHook::from(kj::mv(target)));
  return capnp::Capability::Client(kj::mv(hook));
}

}  // namespace maitred::host
