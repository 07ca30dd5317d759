#pragma once
// StatusServer: GET /metrics (Prometheus), /healthz (the loop answers) and /readyz (503 with
// reasons while an instance is not active or reports itself degraded) over HTTP, with TLS or
// without. Read-only and without secrets; bind it to loopback or a network of the monitoring.

#include "control.h"

#include <maitred/schema/http.capnp.h>

#include <kj/async-io.h>
#include <kj/memory.h>

namespace maitred::host {

class Logs;

class StatusServer {
 public:
  // Serves on `listener` at once until destroyed. Throws if TLS is configured and its files are
  // not good.
  StatusServer(kj::Own<kj::ConnectionReceiver> listener, http::HttpTls::Reader tls,
               Control& control, Logs& logs, kj::Timer& timer);
  ~StatusServer() noexcept(false);
  KJ_DISALLOW_COPY(StatusServer);

  // Reads the TLS files again.
  kj::Promise<void> refresh();

 private:
  struct Impl;
  kj::Own<Impl> impl;
};

}  // namespace maitred::host
