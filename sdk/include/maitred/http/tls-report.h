#pragma once
// What operators see of a server's TLS: metrics and health.

#include <maitred/http/server.h>
#include <maitred/metrics.h>

#include <string>

namespace maitred::http {

// Sets, with the plugin's prefix in front ("maitred_cook"), `_certificate_expiry_seconds` (when the
// certificate in use expires, in seconds since 1970), `_certificate_ok` (0 while the files are not
// good or it has expired) and the counters `_tls_handshakes_total{outcome}`. Nothing for a server
// without TLS. Call it in Plugin::collect().
void reportTls(Server& server, metrics::Registry& registry, const std::string& prefix);

// For Plugin::health(): what is wrong with the certificate, and whether that keeps clients out. The
// text is empty if nothing is, or without TLS.
struct TlsHealth {
  bool ready = true;
  std::string message;
};
TlsHealth tlsHealth(Server& server);

}  // namespace maitred::http
