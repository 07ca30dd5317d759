#pragma once
// StatusServer: GET /metrics (Prometheus), /healthz (the loop answers) and /readyz (503 with
// reasons while an instance is not active or reports itself degraded) over plain HTTP. Read-only
// and without secrets; bind it to loopback or a network of the monitoring.

#include "control.h"

#include <kj/async-io.h>
#include <kj/memory.h>

namespace maitred::host {

class Logs;

class StatusServer {
 public:
  // Serves on `listener` at once until destroyed.
  StatusServer(kj::Own<kj::ConnectionReceiver> listener, Control& control, Logs& logs,
               kj::Timer& timer);
  ~StatusServer() noexcept(false);
  KJ_DISALLOW_COPY(StatusServer);

 private:
  struct Impl;
  kj::Own<Impl> impl;
};

}  // namespace maitred::host
