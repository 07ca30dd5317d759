#pragma once
// Every bound that the server keeps against its clients. The defaults suit a REST API; the same
// fields, with ranges, stand in sdk/schema/http.capnp as configuration (see config.h).

#include <kj/time.h>

#include <cstddef>
#include <cstdint>

namespace maitred::http {

struct Limits {
  // Sizes, in bytes.
  size_t requestLine = 8 << 10;   // method, target and version; longer: 414
  size_t headers = 32 << 10;      // request line and all header lines together; longer: 431
  size_t headerCount = 100;       // header lines; more: 431
  size_t body = 8 << 20;          // after chunked decoding; longer: 413. A route may set its own
  // all request bodies held at one time; beyond: 503 with Retry-After
  size_t bodies = 256 << 20;
  size_t jsonDepth = 64;          // nesting of arrays and objects in Request::json(); deeper: 400

  // Connections. A connection beyond the total is answered 503 and closed, one beyond its address'
  // share 429.
  size_t connections = 2000;
  size_t connectionsPerAddress = 0;  // 0: no limit of its own. Unix sockets count as one address.

  // Times.
  // from the acceptance of a connection to the end of its TLS handshake: closed
  kj::Duration handshakeTime = 10 * kj::SECONDS;
  // first byte of a request to the end of its head: 408
  kj::Duration headerTime = 10 * kj::SECONDS;
  kj::Duration bodyTime = 60 * kj::SECONDS;     // end of the head to the end of the body: 408
  // until the first byte of the (next) request: closed
  kj::Duration idleTime = 75 * kj::SECONDS;
  // until the handler has its response: 503. A route may set its own
  kj::Duration handlerTime = 60 * kj::SECONDS;
  // for each 64 KiB of a response to be taken by the client: closed
  kj::Duration writeTime = 30 * kj::SECONDS;
};

}  // namespace maitred::http
