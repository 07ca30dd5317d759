#pragma once
// What a running plugin has: its name, its loop, its listeners, its log and metrics, and the
// capabilities that its config grants — and nothing else.

#include <maitred/log.h>
#include <maitred/metrics.h>
#include <maitred/schema/plugin.capnp.h>

#include <capnp/capability.h>
#include <kj/async-io.h>
#include <kj/async-unix.h>
#include <kj/time.h>

#include <string>
#include <vector>

namespace maitred {

// Handed in by whoever starts the plugin: the worker's serve(), the host's open(), or a test.
struct Surroundings {
  std::string instance;
  std::string stateDirectory;
  std::vector<std::string> policyPath;
  std::vector<std::pair<std::string, int>> listeners;  // borrowed descriptors
  kj::LowLevelAsyncIoProvider& lowLevelIo;
  kj::AsyncIoProvider& io;
  kj::UnixEventPort& events;
  log::Sink sink;
  log::Level logLevel = log::Level::info;
};

// Lives longer than the plugin object. Loop thread only.
class Context {
 public:
  explicit Context(Surroundings surroundings);
  ~Context() noexcept(false);
  KJ_DISALLOW_COPY(Context);

  kj::StringPtr instance() const;                      // the instance's name in the config
  kj::StringPtr stateDirectory() const;                // absolute, exists, of this instance alone
  const std::vector<std::string>& policyPath() const;  // folders with Lua policies

  kj::Timer& timer();
  const kj::Clock& clock();  // wall clock; may jump
  kj::LowLevelAsyncIoProvider& lowLevelIo();
  kj::AsyncIoProvider& io();
  kj::UnixEventPort& events();

  bool hasListener(kj::StringPtr name) const;
  kj::Own<kj::ConnectionReceiver> listener(kj::StringPtr name);
  // A receiver over a duplicate of the host's socket; throws FAILED when the config binds no such
  // listener.
  kj::Maybe<int> listenerFd(kj::StringPtr name) const;  // stays the host's

  log::Logger& log();
  metrics::Registry& metrics();

  plugin::Host::Client host();
  // The host's services that the manifest `needs`; available from start() on.

  template <typename Interface>
  void provide(typename Interface::Client client) {
    provideUntyped(capnp::typeId<Interface>(), kj::mv(client));
  }
  // During start(): what the manifest promises under `provides`.
  void provideUntyped(uint64_t interfaceId, capnp::Capability::Client client);

 private:
  struct Impl;
  kj::Own<Impl> impl;
  friend class PluginServer;
};

template <typename Interface>
struct Granted {
  kj::String instance;  // of the provider
  typename Interface::Client client;
};

// The edges of the wiring, by requirement. A capability survives restarts of its provider: calls in
// between fail with DISCONNECTED, and what was obtained through it before stays broken (see
// <maitred/attachment.h>).
class Grants {
 public:
  explicit Grants(capnp::List<plugin::Grant>::Reader grants) {
    for (auto grant : grants) {
      edges.add(Edge{kj::heapString(grant.getRequirement()), kj::heapString(grant.getInstance()),
                     grant.getCapability()});
    }
  }

  // In the order of the config; empty when nothing is granted under that name.
  template <typename Interface>
  kj::Array<Granted<Interface>> all(kj::StringPtr requirement) {
    kj::Vector<Granted<Interface>> found;
    for (auto& edge : edges) {
      if (edge.requirement == requirement) {
        found.add(
            Granted<Interface>{kj::heapString(edge.instance), edge.capability.castAs<Interface>()});
      }
    }
    return found.releaseAsArray();
  }

  // For a requirement of multiplicity `one`; throws FAILED otherwise.
  template <typename Interface>
  typename Interface::Client one(kj::StringPtr requirement) {
    auto found = all<Interface>(requirement);
    KJ_REQUIRE(found.size() == 1, "exactly one instance must be granted", requirement,
               found.size());
    return kj::mv(found[0].client);
  }

 private:
  struct Edge {
    kj::String requirement;
    kj::String instance;
    capnp::Capability::Client capability;
  };
  kj::Vector<Edge> edges;
};

}  // namespace maitred
