#pragma once
// Providers: the host's side of one life of the plugin: the services of the host, and somebody to
// answer for each of its requirements. All of it can be made slow, and taken away.

#include "trial.h"

#include "host/runtime/host-services.h"

#include <kj/refcount.h>

#include <memory>
#include <vector>

namespace maitred::host::conform {

class Line;  // one capability that is handed out

class Providers {
 public:
  explicit Providers(Trial& trial);
  ~Providers() noexcept(false);
  KJ_DISALLOW_COPY(Providers);

  // A fresh capability for each; filled into start()'s parameters.
  plugin::Host::Client host();
  struct Edge {
    std::string requirement, provider;
    uint64_t interfaceId;
    capnp::Capability::Client capability;
  };
  std::vector<Edge> edges();

  // From now on every call is passed on only after a random time up to this.
  void slow(kj::Duration most);
  // Fails the calls under way, and those to come: DISCONNECTED (come again) or FAILED (do not).
  // What was obtained through it stays broken.
  void revoke(kj::Exception::Type type);
  void restore();  // serves again, with a provider that remembers nothing

  // Capabilities which were handed out and are still held by anybody.
  size_t held() const;
  uint64_t calls() const;  // that came over them
  // Whether every requirement is met by a provider that works. Of a contract that the suite does
  // not know the provider answers UNIMPLEMENTED to everything.
  bool allWork() const { return whole; }

 private:
  capnp::Capability::Client handOut(std::function<capnp::Capability::Client()> make);

  Trial& trial;
  HostServices services;
  kj::Vector<kj::Own<Line>> lines;
  kj::Duration slowness = 0 * kj::SECONDS;
  bool whole = true;
};

}  // namespace maitred::host::conform
