#pragma once
#include <maitred/schema/backend.capnp.h>

namespace maitred::sim {

// What a simulated task left behind: its files, and `stdout` with the text of SIM_STDOUT.
backend::Sandbox::Client makeSandbox(backend::TaskSpec::Reader spec);

}  // namespace maitred::sim
