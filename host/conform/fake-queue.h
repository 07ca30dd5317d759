#pragma once
// A queue for plugins that need one: it has a few jobs from the start, one of which ends soon, and
// whatever is submitted to it succeeds at once.

#include <maitred/schema/queue.capnp.h>

#include <kj/timer.h>

namespace maitred::host::conform {

// Forgets everything once this capability and all subscriptions are dropped.
queue::Queue::Client fakeQueue(kj::Timer& timer);

}  // namespace maitred::host::conform
