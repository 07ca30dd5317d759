#pragma once
// Revocable: the membrane around one incarnation of an instance.
//
// Every capability that goes in or comes out is wrapped, so that one revoke() cuts all of them and
// fails the calls on the way: with DISCONNECTED on a restart or reload (come again), FAILED on
// removal (do not). File descriptors never pass: a wrapped capability has none.
//
// Loop thread only. The wrapped capabilities may outlive this object.

#include <capnp/membrane.h>
#include <kj/async.h>

namespace maitred::host {

class Revocable final : public capnp::MembranePolicy, public kj::Refcounted {
 public:
  Revocable() : Revocable(kj::newPromiseAndFulfiller<void>()) {}

  // What lies inside; the result is for everybody outside.
  template <typename Client>
  Client wrap(Client inside) {
    return capnp::membrane(kj::mv(inside), kj::addRef(*this));
  }

  // Once is enough; a second one changes nothing.
  void revoke(kj::Exception&& why) { fulfiller->reject(kj::mv(why)); }

  kj::Maybe<capnp::Capability::Client> inboundCall(uint64_t, uint16_t,
                                                   capnp::Capability::Client) override {
    return nullptr;
  }
  kj::Maybe<capnp::Capability::Client> outboundCall(uint64_t, uint16_t,
                                                    capnp::Capability::Client) override {
    return nullptr;
  }
  kj::Own<MembranePolicy> addRef() override { return kj::addRef(*this); }
  kj::Maybe<kj::Promise<void>> onRevoked() override { return revoked.addBranch(); }

 private:
  explicit Revocable(kj::PromiseFulfillerPair<void>&& pair)
      : fulfiller(kj::mv(pair.fulfiller)), revoked(pair.promise.fork()) {}

  kj::Own<kj::PromiseFulfiller<void>> fulfiller;
  kj::ForkedPromise<void> revoked;
};

}  // namespace maitred::host
