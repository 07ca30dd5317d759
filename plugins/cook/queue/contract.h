#pragma once
// The Queue contract, served from a BatchQueue.

#include "batch-queue.h"
#include "limits.h"

#include <maitred/schema/queue.capnp.h>

namespace maitred::cook {

// The queue and the limits outlive every client's calls, not the clients: after the returned guard
// is dropped calls fail with DISCONNECTED.
class QueueContract {
 public:
  QueueContract(BatchQueue& queue, const JobLimits& limits, log::Logger& log);
  ~QueueContract() noexcept(false);
  queue::Queue::Client client();

 private:
  struct Shared;
  class Server;
  class Subscription;
  kj::Own<Shared> shared;
};

}  // namespace maitred::cook
