#pragma once
// The inside of Context, shared with the server that drives a plugin.

#include <maitred/context.h>

namespace maitred {

struct Context::Impl {
  explicit Impl(Surroundings given)
      : surroundings(kj::mv(given)), logger(kj::mv(surroundings.sink), surroundings.logLevel) {}

  struct Provided {
    uint64_t interfaceId;
    capnp::Capability::Client client;
  };

  Surroundings surroundings;
  log::Logger logger;
  metrics::Registry registry;
  kj::Maybe<plugin::Host::Client> host;
  kj::Vector<Provided> provided;
};

}  // namespace maitred
