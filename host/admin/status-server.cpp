#include "status-server.h"

#include "host/log/logs.h"
#include "report.h"

#include <maitred/async.h>
#include <maitred/http.h>
#include <maitred/http/config.h>

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

// What the host tells of its own endpoint, beside what `ctl metrics` has.
std::string withTls(std::string text, http::Server& server) {
  metrics::Registry registry;
  http::reportTls(server, registry, "maitred_host");
  return text + registry.text();
}

http::Router routes(Control& control, Logs& logs, kj::Own<http::Server>& server) {
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
      [&control, &logs, &server](http::Request&) -> kj::Promise<http::Response> {
        return allMetrics(control, logs).then([&server](std::string text) {
          auto response = http::Response::text(200, withTls(std::move(text), *server));
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
  Impl(kj::Own<kj::ConnectionReceiver> listener, http::HttpTls::Reader tls, Control& control,
       Logs& logs, kj::Timer& timer)
      : server(kj::heap<http::Server>(timer, kj::systemCoarseCalendarClock(), limits(),
                                      routes(control, logs, server), http::oneUser("nobody"),
                                      hooks(logs))) {
    tls::Acceptor::Hooks tlsHooks;
    tlsHooks.info = [&logs](kj::StringPtr text) { logs.host().info(text.cStr()); };
    tlsHooks.warning = [&logs](kj::StringPtr text) { logs.host().warning(text.cStr()); };
    server->setTls(
        http::acceptorFrom(tls, timer, kj::systemCoarseCalendarClock(), kj::mv(tlsHooks)));
    server->listen(kj::mv(listener));
  }
  kj::Own<http::Server> server;
};

StatusServer::StatusServer(kj::Own<kj::ConnectionReceiver> listener, http::HttpTls::Reader tls,
                           Control& control, Logs& logs, kj::Timer& timer)
    : impl(kj::heap<Impl>(kj::mv(listener), tls, control, logs, timer)) {}
StatusServer::~StatusServer() noexcept(false) {}

kj::Promise<void> StatusServer::refresh() { return impl->server->refreshTls(); }

}  // namespace maitred::host
