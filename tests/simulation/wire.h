#pragma once
// Wire: the connection between a queue and a backend, by RPC as between two processes, on simulated
// time. It takes time, and it can be cut at any byte.

#include <maitred/schema/backend.capnp.h>

#include <kj/async-io.h>
#include <kj/timer.h>

#include <memory>
#include <random>

namespace maitred::simulation {

class Wire {
 public:
  Wire(kj::Timer& timer, std::uint64_t seed);
  ~Wire() noexcept(false);
  KJ_DISALLOW_COPY(Wire);

  // The granted capability: outlives every cut; calls fail as DISCONNECTED meanwhile.
  backend::Backend::Client client() { return grant; }
  // A new connection to this provider; the former one must be cut.
  void connect(backend::Backend::Client provider);
  void cut();
  bool connected() const { return current != nullptr; }
  // How long each piece of the conversation takes at most, milliseconds.
  void setDelay(std::uint64_t mostMs) { delayMs = mostMs; }

 private:
  class Grant;
  struct Connection;
  kj::Timer& timer;
  std::mt19937_64 random;
  std::uint64_t delayMs = 0;
  std::unique_ptr<Connection> current, former;
  backend::Backend::Client grant;

  kj::Promise<void> carry(kj::AsyncIoStream& from, kj::AsyncIoStream& to, kj::ArrayPtr<kj::byte>);
};

}  // namespace maitred::simulation
