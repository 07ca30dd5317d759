#include "host/runtime/edge.h"

#include "host/runtime/forwarding-hook.h"

#include <capnp/membrane.h>
#include <kj/debug.h>

namespace maitred::host {

using capnp::Capability;

// Every capability that comes out over the edge is metered, on top of the membrane that wraps what
// goes through it.
class Edge::Policy final : public capnp::MembranePolicy, public kj::Refcounted {
 public:
  explicit Policy(kj::Own<Meter> meter) : meter(kj::mv(meter)) {}

  kj::Maybe<Capability::Client> inboundCall(uint64_t, uint16_t, Capability::Client) override {
    return nullptr;
  }
  kj::Maybe<Capability::Client> outboundCall(uint64_t, uint16_t, Capability::Client) override {
    return nullptr;
  }
  kj::Own<MembranePolicy> addRef() override { return kj::addRef(*this); }

  Capability::Client exportInternal(Capability::Client internal) override {
    return meter->metered(MembranePolicy::exportInternal(kj::mv(internal)));
  }
  // What came out is known on its way back by the meter that was put around it.
  Capability::Client importExternal(Capability::Client external) override {
    KJ_IF_MAYBE (membraned, meter->beneath(external)) {
      return capnp::reverseMembrane(kj::mv(*membraned), addRef());
    }
    return MembranePolicy::importExternal(kj::mv(external));
  }

 private:
  kj::Own<Meter> meter;
};

// What the consumer holds: passes each call on to the provider of the moment.
class Edge::Hook final : public ForwardingHook {
 public:
  using ForwardingHook::ForwardingHook;
  void target(kj::Own<capnp::ClientHook> next) { inner = kj::mv(next); }

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
  hook->target(capnp::ClientHook::from(capnp::membrane(kj::mv(target), kj::mv(policy))));
  hook->connected = true;
  ++hook->connections;
}

void Edge::disconnect(kj::Exception&& why) {
  hook->target(capnp::newBrokenCap(kj::mv(why)));
  hook->connected = false;
}

bool Edge::connected() const {
  return hook->connected;
}
uint32_t Edge::reconnects() const {
  return hook->connections > 1 ? hook->connections - 1 : 0;
}

}  // namespace maitred::host
