#include "wire.h"

#include <capnp/rpc-twoparty.h>

namespace maitred::simulation {
namespace {

constexpr std::size_t PIECE = 16 * 1024;

}  // namespace

// Two pipes with us between them, who carry the bytes from one to the other.
struct Wire::Connection {
  Connection(Wire& wire, backend::Backend::Client provider)
      : near(kj::newTwoWayPipe()),
        far(kj::newTwoWayPipe()),
        buffers(kj::heapArray<kj::byte>(2 * PIECE)),
        consumer(*near.ends[0]),
        provider(*far.ends[1], kj::mv(provider), capnp::rpc::twoparty::Side::SERVER),
        backend(consumer.bootstrap().castAs<backend::Backend>()) {
    auto there = wire.carry(*near.ends[1], *far.ends[0], buffers.slice(0, PIECE));
    auto back = wire.carry(*far.ends[0], *near.ends[1], buffers.slice(PIECE, 2 * PIECE));
    carrying = there.exclusiveJoin(kj::mv(back)).eagerlyEvaluate([](kj::Exception&&) {});
  }

  // Both sides see the end of their stream.
  void cut() {
    carrying = nullptr;
    near.ends[1] = nullptr;
    far.ends[0] = nullptr;
  }

  kj::TwoWayPipe near, far;
  kj::Array<kj::byte> buffers;
  capnp::TwoPartyClient consumer, provider;
  backend::Backend::Client backend;
  kj::Promise<void> carrying = nullptr;
};

class Wire::Grant final : public backend::Backend::Server {
 public:
  explicit Grant(Wire& wire) : wire(wire) {}

  kj::Promise<void> info(InfoContext context) override {
    return context.tailCall(use().infoRequest());
  }
  kj::Promise<void> attach(AttachContext context) override {
    auto params = context.getParams();
    auto request = use().attachRequest();
    request.setConsumer(params.getConsumer());
    request.setObserver(params.getObserver());
    return context.tailCall(kj::mv(request));
  }

 private:
  Wire& wire;
  backend::Backend::Client& use() {
    if (wire.current == nullptr) {
      kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "the wire is cut"));
    }
    return wire.current->backend;
  }
};

Wire::Wire(kj::Timer& timer, std::uint64_t seed)
    : timer(timer), random(seed), grant(kj::heap<Grant>(*this)) {}

Wire::~Wire() noexcept(false) {}

void Wire::connect(backend::Backend::Client provider) {
  former = nullptr;
  current = std::make_unique<Connection>(*this, kj::mv(provider));
}

void Wire::cut() {
  if (current == nullptr) return;
  current->cut();
  // Its objects hear of it in the next turns of the loop.
  former = std::move(current);
}

kj::Promise<void> Wire::carry(kj::AsyncIoStream& from, kj::AsyncIoStream& to,
                              kj::ArrayPtr<kj::byte> buffer) {
  return from.tryRead(buffer.begin(), 1, buffer.size())
      .then([this, &from, &to, buffer](std::size_t count) -> kj::Promise<void> {
        if (count == 0) return KJ_EXCEPTION(DISCONNECTED, "the other side has hung up");
        auto pause = delayMs == 0 ? 0 : random() % (delayMs * 1000 + 1);
        return timer.afterDelay(pause * kj::MICROSECONDS)
            .then([&to, buffer, count] { return to.write(buffer.begin(), count); })
            .then([this, &from, &to, buffer] { return carry(from, to, buffer); });
      });
}

}  // namespace maitred::simulation
