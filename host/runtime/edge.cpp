#include "host/runtime/edge.h"

#include <capnp/membrane.h>
#include <kj/debug.h>

namespace maitred::host {

using capnp::Capability;

// Two policies of one membrane. The outer one sends each call to a metered capability, which enters
// the provider through the inner one: that lets the call pass and wraps what comes out by the outer
// one again.
class Edge::Policy final : public capnp::MembranePolicy, public kj::Refcounted {
 public:
  explicit Policy(kj::Own<Meter> meter) : meter(kj::mv(meter)) {}

  kj::Maybe<Capability::Client> inboundCall(uint64_t, uint16_t,
                                            Capability::Client target) override {
    return meter->metered(kj::refcounted<Passing>(kj::addRef(*this))->enter(kj::mv(target)));
  }
  kj::Maybe<Capability::Client> outboundCall(uint64_t, uint16_t, Capability::Client) override {
    return nullptr;
  }
  kj::Own<MembranePolicy> addRef() override { return kj::addRef(*this); }
  // A call on a promised capability is metered as it stands; waiting would only delay it.
  bool shouldResolveBeforeRedirecting() override { return false; }

 private:
  class Passing final : public capnp::MembranePolicy, public kj::Refcounted {
   public:
    explicit Passing(kj::Own<Policy> outer) : outer(kj::mv(outer)) {}

    // The target of one call, behind this policy and not, as all that comes out of it, behind the
    // outer.
    Capability::Client enter(Capability::Client target) {
      return MembranePolicy::exportInternal(kj::mv(target));
    }

    kj::Maybe<Capability::Client> inboundCall(uint64_t, uint16_t, Capability::Client) override {
      return nullptr;
    }
    kj::Maybe<Capability::Client> outboundCall(uint64_t, uint16_t, Capability::Client) override {
      return nullptr;
    }
    kj::Own<MembranePolicy> addRef() override { return kj::addRef(*this); }
    MembranePolicy& rootPolicy() override { return *outer; }
    Capability::Client exportInternal(Capability::Client internal) override {
      return outer->exportInternal(kj::mv(internal));
    }
    Capability::Client importExternal(Capability::Client external) override {
      return outer->importExternal(kj::mv(external));
    }

   private:
    kj::Own<Policy> outer;
  };

  kj::Own<Meter> meter;
};

// What the consumer holds: passes each call on to the provider of the moment.
class Edge::Hook final : public capnp::ClientHook, public kj::Refcounted {
 public:
  explicit Hook(kj::Own<capnp::ClientHook> target) : target(kj::mv(target)) {}

  capnp::Request<capnp::AnyPointer, capnp::AnyPointer> newCall(
      uint64_t interfaceId, uint16_t methodId, kj::Maybe<capnp::MessageSize> sizeHint) override {
    return target->newCall(interfaceId, methodId, sizeHint);
  }
  VoidPromiseAndPipeline call(uint64_t interfaceId, uint16_t methodId,
                              kj::Own<capnp::CallContextHook>&& context) override {
    return target->call(interfaceId, methodId, kj::mv(context));
  }
  // Never resolves: whoever replaced it by the target would miss the next incarnation.
  kj::Maybe<capnp::ClientHook&> getResolved() override { return nullptr; }
  kj::Maybe<kj::Promise<kj::Own<capnp::ClientHook>>> whenMoreResolved() override { return nullptr; }
  kj::Own<capnp::ClientHook> addRef() override { return kj::addRef(*this); }
  const void* getBrand() override { return nullptr; }
  kj::Maybe<int> getFd() override { return nullptr; }

  kj::Own<capnp::ClientHook> target;
  bool connected = false;
  uint32_t connections = 0;
};

Edge::Edge(kj::StringPtr consumer, kj::StringPtr requirement, kj::StringPtr provider,
           EdgeLimits limits, const kj::MonotonicClock& monotonic, kj::Timer& timer,
           const kj::Clock& clock)
    : books(kj::refcounted<Meter>(kj::str(consumer, ".", requirement, " -> ", provider), limits,
                                  monotonic, timer, clock)),
      hook(kj::refcounted<Hook>(capnp::newBrokenCap(
          KJ_EXCEPTION(DISCONNECTED, "the provider has not been started yet", provider)))) {}

Edge::~Edge() noexcept(false) = default;

Capability::Client Edge::client() {
  kj::Own<capnp::ClientHook> reference = kj::addRef(*hook);
  return Capability::Client(kj::mv(reference));
}

void Edge::connect(Capability::Client target) {
  auto policy = kj::refcounted<Policy>(kj::addRef(*books));
  hook->target = capnp::ClientHook::from(capnp::membrane(kj::mv(target), kj::mv(policy)));
  hook->connected = true;
  ++hook->connections;
}

void Edge::disconnect(kj::Exception&& why) {
  hook->target = capnp::newBrokenCap(kj::mv(why));
  hook->connected = false;
}

bool Edge::connected() const {
  return hook->connected;
}
uint32_t Edge::reconnects() const {
  return hook->connections > 1 ? hook->connections - 1 : 0;
}

}  // namespace maitred::host
