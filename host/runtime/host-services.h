#pragma once
// What a plugin may ask of its host: maitred.plugin.Host, made anew for each incarnation. Loop
// thread only.

#include "host/runtime/key-values.h"

#include <maitred/schema/manifest.capnp.h>

#include <memory>
#include <string>

namespace maitred::host {

// `state()` and `leadership()` answer only if the manifest's `needs` names them; otherwise
// UNIMPLEMENTED. Leadership leads always, with fence 0. It outlives the capabilities.
struct HostServices {
  // Read at the first state(), off the loop; whoever asks meanwhile waits for the same reading, and
  // one that failed is tried again.
  struct Values {
    kj::Own<KeyValues> read;
    kj::Maybe<kj::ForkedPromise<void>> reading;
  };

  bool state = false;
  bool leadership = false;
  std::string stateFolder;
  std::shared_ptr<Values> values = std::make_shared<Values>();

  HostServices(capnp::List<manifest::HostCapability>::Reader needs, std::string stateFolder);
  void grant(capnp::List<manifest::HostCapability>::Reader needs);  // in place of the former ones
};
plugin::Host::Client makeHost(HostServices& services);

}  // namespace maitred::host
