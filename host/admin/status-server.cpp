#include "status-server.h"

#include "host/log/logs.h"
#include "report.h"

#include <maitred/async.h>
#include <maitred/http.h>

#include <capnp/message.h>

namespace maitred::host {

namespace {

http::Limits limits() {
  http::Limits limits;
  limits.body = 0;
  limits.connections = 100;
  // Scrapers and probes are near, and say little.
  limits.headerTime = 5 * kj::SECONDS;
  limits.writeTime = 5 * kj::SECONDS;
  limits.handlerTime = 15 * kj::SECONDS;
  return limits;
}

http::Response readiness(Control& control) {
  capnp::MallocMessageBuilder message;
  auto status = message.initRoot<admin::HostStatus>();
  control.status(status);
  auto reasons = reasonsNotReady(status.asReader());
  if (reasons.empty()) return http::Response::text(200, "ready\n");
  std::string body = "not ready\n";
  for (const auto& reason : reasons) body += reason + "\n";
  return http::Response::text(503, body);
}

http::Router routes(Control& control, Logs& logs) {
  http::Router router;
  http::RouteOptions open;
  open.authenticate = false;
  router.on(
      "GET", "/healthz",
      [](http::Request&) -> kj::Promise<http::Response> {
        return http::Response::text(200, "ok\n");
      },
      open);
  router.on(
      "GET", "/readyz",
      [&control](http::Request&) -> kj::Promise<http::Response> { return readiness(control); },
      open);
  router.on(
      "GET", "/metrics",
      [&control, &logs](http::Request&) -> kj::Promise<http::Response> {
        return allMetrics(control, logs).then([](std::string text) {
          auto response = http::Response::text(200, text);
          response.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
          return response;
        });
      },
      open);
  return router;
}

http::ServerHooks hooks(Logs& logs) {
  http::ServerHooks hooks;
  hooks.problem = [&logs](kj::StringPtr text) {
    logs.host().error(kj::str("status endpoint: ", text).cStr());
  };
  return hooks;
}

}  // namespace

struct StatusServer::Impl {
  Impl(kj::Own<kj::ConnectionReceiver> listener, Control& control, Logs& logs, kj::Timer& timer)
      : server(timer, kj::systemCoarseCalendarClock(), limits(), routes(control, logs),
               http::oneUser("nobody"), hooks(logs)) {
    server.listen(kj::mv(listener));
  }
  http::Server server;
};

StatusServer::StatusServer(kj::Own<kj::ConnectionReceiver> listener, Control& control, Logs& logs,
                           kj::Timer& timer)
    : impl(kj::heap<Impl>(kj::mv(listener), control, logs, timer)) {}
StatusServer::~StatusServer() noexcept(false) {}

}  // namespace maitred::host
