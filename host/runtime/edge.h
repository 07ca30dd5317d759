#pragma once
// Edge: one requirement of a consumer, wired to one provider.
//
// The consumer holds one capability for as long as it runs; the provider behind it may come and go.
// Calls while it is away fail at once. All calls over the edge are metered, those on objects
// obtained over it included: an edge is a membrane of its own. Objects obtained through a former
// incarnation of the provider stay broken; the consumer attaches again.
//
// Loop thread only; the capability may outlive the Edge and then answers as it did last.

#include "host/runtime/meter.h"

namespace maitred::host {

class Edge {
 public:
  // `consumer`, `requirement` and `provider` are names for status and errors. Not connected at
  // first.
  Edge(kj::StringPtr consumer, kj::StringPtr requirement, kj::StringPtr provider, EdgeLimits limits,
       const kj::MonotonicClock& monotonic, kj::Timer& timer, const kj::Clock& clock);
  ~Edge() noexcept(false);
  KJ_DISALLOW_COPY(Edge);

  capnp::Capability::Client client();

  // A new incarnation of the provider serves from now on.
  void connect(capnp::Capability::Client target);
  // The provider is away: DISCONNECTED if it is to come back, FAILED if it left for good.
  void disconnect(kj::Exception&& why);

  bool connected() const;
  uint32_t reconnects() const;  // connections after the first
  Meter& meter() { return *books; }

 private:
  class Hook;
  class Policy;
  kj::Own<Meter> books;
  kj::Own<Hook> hook;
};

}  // namespace maitred::host
