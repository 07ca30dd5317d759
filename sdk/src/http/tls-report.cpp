#include <maitred/http/tls-report.h>

namespace maitred::http {

namespace {

void raise(metrics::Counter& counter, uint64_t to) {
  counter.add(static_cast<double>(to) - counter.value());
}

}  // namespace

void reportTls(Server& server, metrics::Registry& registry, const std::string& prefix) {
  KJ_IF_MAYBE (acceptor, server.tls()) {
    registry
        .gauge(prefix + "_certificate_expiry_seconds",
               "When the TLS certificate in use expires, in seconds since 1970.")
        .set(static_cast<double>(acceptor->expires()));
    registry
        .gauge(prefix + "_certificate_ok",
               "0 while the TLS files are not good or the certificate has expired.")
        .set(acceptor->trouble().empty() ? 1 : 0);
    auto name = prefix + "_tls_handshakes_total";
    const char* help = "TLS handshakes, by their outcome.";
    raise(registry.counter(name, help, {{"outcome", "done"}}), server.counters().handshakes);
    raise(registry.counter(name, help, {{"outcome", "failed"}}),
          server.counters().handshakeFailures);
  }
}

TlsHealth tlsHealth(Server& server) {
  KJ_IF_MAYBE (acceptor, server.tls()) return {!acceptor->expired(), acceptor->trouble()};
  return {};
}

}  // namespace maitred::http
