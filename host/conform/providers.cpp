#include "providers.h"

#include "fake-backend.h"
#include "fake-queue.h"
#include "host/base/failure.h"
#include "host/runtime/membrane.h"

#include <maitred/schema/backend.capnp.h>

namespace maitred::host::conform {

using capnp::Capability;
using UntypedContext = capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer>;

namespace {

// A provider of a contract that is not ours.
class Mute final : public Capability::Server {
 public:
  DispatchCallResult dispatchCall(uint64_t, uint16_t, UntypedContext) override {
    return {failure(kj::Exception::Type::UNIMPLEMENTED, "this provider is a stand-in"), false};
  }
};

struct Substitute {
  const char* name;
  Capability::Client (*make)(kj::Timer&);  // null: the suite does not know the contract
};
Substitute substituteFor(uint64_t interfaceId) {
  if (interfaceId == capnp::typeId<backend::Backend>()) {
    return {"fake-backend", [](kj::Timer& timer) -> Capability::Client {
              return fakeBackend(timer);
            }};
  }
  if (interfaceId == capnp::typeId<queue::Queue>()) {
    return {"fake-queue", [](kj::Timer& timer) -> Capability::Client { return fakeQueue(timer); }};
  }
  return {"stand-in", nullptr};
}

kj::Exception revoked(kj::Exception::Type type) {
  return failure(type, "the provider was taken away by the check");
}

}  // namespace

// What stands behind one capability handed out. It outlives neither the Providers nor is it held by
// the plugin; that holds a Door.
class Line final : public kj::Refcounted {
 public:
  Line(Trial& trial, std::function<Capability::Client()> make)
      : trial(trial), make(std::move(make)), target(nullptr) {
    connect();
  }

  void connect() {
    membrane = kj::refcounted<Revocable>();
    target = membrane->wrap(make());
  }
  void cut(kj::Exception&& why) {
    target = kj::cp(why);
    membrane->revoke(kj::mv(why));
  }
  kj::Promise<void> delay() {
    if (slowness == 0 * kj::SECONDS) return kj::READY_NOW;
    auto most = slowness / kj::MICROSECONDS;
    return trial.timer().afterDelay(trial.below(most + 1) * kj::MICROSECONDS);
  }

  Trial& trial;
  std::function<Capability::Client()> make;
  Capability::Client target;
  kj::Own<Revocable> membrane;
  kj::Duration slowness = 0 * kj::SECONDS;
  size_t held = 0;
  uint64_t calls = 0;
};

namespace {

// The capability that the plugin holds: passes each call on to what its line leads to.
class Door final : public Capability::Server {
 public:
  explicit Door(kj::Own<Line> line) : line(kj::mv(line)) { ++this->line->held; }
  ~Door() noexcept(false) { --line->held; }

  DispatchCallResult dispatchCall(uint64_t interfaceId, uint16_t methodId,
                                  UntypedContext context) override {
    ++line->calls;
    context.allowCancellation();
    auto passed = line->delay().then([this, interfaceId, methodId, context]() mutable {
      auto params = context.getParams();
      auto request = line->target.typelessRequest(interfaceId, methodId, params.targetSize());
      request.set(params);
      context.releaseParams();
      return context.tailCall(kj::mv(request));
    });
    return {kj::mv(passed), false};
  }

 private:
  kj::Own<Line> line;
};

}  // namespace

Providers::Providers(Trial& trial)
    : trial(trial),
      services(trial.subject.manifest().getNeeds(), trial.subject.instance().stateDirectory) {}

// What the plugin still holds must not reach the services, which go now.
Providers::~Providers() noexcept(false) {
  for (auto& line : lines) line->cut(failure(kj::Exception::Type::FAILED, "the host has ended"));
}

Capability::Client Providers::handOut(std::function<Capability::Client()> make) {
  auto& line = lines.add(kj::refcounted<Line>(trial, std::move(make)));
  line->slowness = slowness;
  return kj::heap<Door>(kj::addRef(*line));
}

plugin::Host::Client Providers::host() {
  return handOut([this]() -> Capability::Client { return makeHost(services); })
      .castAs<plugin::Host>();
}

std::vector<Providers::Edge> Providers::edges() {
  std::vector<Edge> found;
  for (auto requirement : trial.subject.manifest().getRequires()) {
    auto interfaceId = requirement.getInterface().getTypeId();
    auto known = substituteFor(interfaceId);
    whole = whole && known.make != nullptr;
    found.push_back({requirement.getName().cStr(), known.name, interfaceId,
                     handOut([this, known]() -> Capability::Client {
                       if (known.make != nullptr) return known.make(trial.timer());
                       return kj::heap<Mute>();
                     })});
  }
  return found;
}

void Providers::slow(kj::Duration most) {
  slowness = most;
  for (auto& line : lines) line->slowness = most;
}

void Providers::revoke(kj::Exception::Type type) {
  for (auto& line : lines) line->cut(revoked(type));
}

void Providers::restore() {
  for (auto& line : lines) line->connect();
}

size_t Providers::held() const {
  size_t count = 0;
  for (auto& line : lines) count += line->held;
  return count;
}

uint64_t Providers::calls() const {
  uint64_t count = 0;
  for (auto& line : lines) count += line->calls;
  return count;
}

}  // namespace maitred::host::conform
