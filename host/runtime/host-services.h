#pragma once
// What a plugin may ask of its host: maitred.plugin.Host, made anew for each incarnation. Loop
// thread only.

#include "host/runtime/key-values.h"

#include <maitred/schema/manifest.capnp.h>

#include <string>

namespace maitred::host {

// `state()` and `leadership()` answer only if the manifest's `needs` names them; otherwise
// UNIMPLEMENTED. `values` is opened at the first state() and outlives the capability. Leadership
// leads always, with fence 0.
struct HostServices {
  bool state = false;
  bool leadership = false;
  std::string stateFolder;
  kj::Own<KeyValues> values;

  HostServices(capnp::List<manifest::HostCapability>::Reader needs, std::string stateFolder);
  void grant(capnp::List<manifest::HostCapability>::Reader needs);  // in place of the former ones
};
plugin::Host::Client makeHost(HostServices& services);

}  // namespace maitred::host
