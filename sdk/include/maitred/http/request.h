#pragma once
// A request as a handler sees it: read, checked, authenticated.
//
// It belongs to the connection and lives until the response has been written (a streamed body
// included) or the handler's promise has been dropped; a coroutine handler may keep the reference
// for that long. All views point into it. Loop thread only.

#include <maitred/http/query.h>
#include <maitred/http/wire.h>
#include <maitred/tls/certificate.h>

#include <kj/array.h>
#include <kj/time.h>
#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace maitred::http {

// Who asks, as the Authenticator found. Both are empty on routes without authentication.
struct Principal {
  std::string name;
  std::string scheme;   // "one-user", "basic", "trusted-header", or the authenticator's own word
};

// Where a request comes from.
struct RemoteAddress {
  enum class Kind { ip, unixSocket, unknown };
  Kind kind = Kind::unknown;
  // "192.0.2.7", "2001:db8::1"; an IPv4-mapped address is shown as IPv4; otherwise "unix",
  // "unknown"
  std::string host;
  uint16_t port = 0;
};

class Request {
 public:
  // "GET"; a HEAD request stays "HEAD" for the GET handler that serves it
  std::string_view method;
  std::string_view target;     // as sent, path and query
  // decoded: for display. Routing works on segments, so that %2F does not split
  std::string path;
  std::vector<std::string> segments;  // decoded path segments; "/" has one, which is empty
  Query query;
  Fields headers;
  // complete, dechunked. Empty in filters: it is read after they have passed
  std::string_view body;
  Principal principal;
  RemoteAddress remote;
  bool secure = false;         // came by TLS
  // what the client's TLS certificate says; null without one
  std::shared_ptr<const tls::PeerCertificate> certificate;
  std::string id;              // the client's X-Request-Id if it is sane, otherwise made here
  kj::TimePoint received;      // loop time at the end of the head
  // when the handler will be dropped and 503 sent; never for unlimited routes
  kj::TimePoint deadline;
  size_t jsonDepth = 64;

  // The path parameter, e.g. "uuid" for the route /jobs/:uuid. A name that the route lacks is a bug
  // of ours: throws.
  std::string_view param(std::string_view name) const;
  std::optional<std::string_view> header(std::string_view name) const { return headers.get(name); }
  // "https" or "http": what the client speaks, as the header X-Forwarded-Proto has it, otherwise
  // what the connection is.
  std::string_view scheme() const {
    return header("X-Forwarded-Proto").value_or(secure ? "https" : "http");
  }
  // The body as JSON; see json.h for what it throws. An empty body is an error too.
  nlohmann::json json() const;
  // The body as application/x-www-form-urlencoded.
  Query form() const { return Query::parse(body); }

  Request() : received(kj::origin<kj::TimePoint>()), deadline(kj::origin<kj::TimePoint>()) {}
  KJ_DISALLOW_COPY(Request);

  // Filled by the server and the router.
  std::vector<std::pair<std::string, std::string>> params;
  kj::Array<char> headBytes;
  kj::Array<char> bodyBytes;
};

}  // namespace maitred::http
