#pragma once
// A backend for plugins that need one: a single node of 4 cpus whose tasks succeed at once, served
// by the SDK's own session core.

#include <maitred/schema/backend.capnp.h>

#include <kj/timer.h>

namespace maitred::host::conform {

// Lives as long as this capability is held; sessions then fail with DISCONNECTED.
backend::Backend::Client fakeBackend(kj::Timer& timer);

}  // namespace maitred::host::conform
