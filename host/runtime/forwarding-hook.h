#pragma once
// ForwardingHook: a capability that passes each call on, as a base for those that do something
// beside it. It never resolves to what lies beneath, which would pass it by, and has no descriptor.

#include <capnp/capability.h>
#include <kj/refcount.h>

namespace maitred::host {

class ForwardingHook : public capnp::ClientHook, public kj::Refcounted {
 public:
  explicit ForwardingHook(kj::Own<capnp::ClientHook> inner) : inner(kj::mv(inner)) {}

  capnp::Request<capnp::AnyPointer, capnp::AnyPointer> newCall(
      uint64_t interfaceId, uint16_t methodId, kj::Maybe<capnp::MessageSize> sizeHint) override {
    return inner->newCall(interfaceId, methodId, sizeHint);
  }
  VoidPromiseAndPipeline call(uint64_t interfaceId, uint16_t methodId,
                              kj::Own<capnp::CallContextHook>&& context) override {
    return inner->call(interfaceId, methodId, kj::mv(context));
  }
  kj::Maybe<capnp::ClientHook&> getResolved() override { return nullptr; }
  kj::Maybe<kj::Promise<kj::Own<capnp::ClientHook>>> whenMoreResolved() override { return nullptr; }
  kj::Own<capnp::ClientHook> addRef() override { return kj::addRef(*this); }
  const void* getBrand() override { return nullptr; }
  kj::Maybe<int> getFd() override { return nullptr; }

 protected:
  kj::Own<capnp::ClientHook> inner;
};

}  // namespace maitred::host
