#pragma once
// The HTTP/1.1 server: connections, limits, deadlines, drain, access log, counters. See
// maitred/http.h for use.

#include <maitred/http/auth.h>
#include <maitred/http/limits.h>
#include <maitred/http/router.h>
#include <maitred/tls/acceptor.h>

#include <kj/async-io.h>
#include <kj/function.h>
#include <kj/timer.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace maitred::http {

// One line of the access log, one per response. Views are valid during the call only. `target` is
// visible ASCII; nothing of authentication is in it but the principal's name, which may be any
// UTF-8 without control characters.
struct Access {
  std::string_view requestId, remote, principal, method, target;
  unsigned status;             // 0: the connection was lost before a response was sent
  uint64_t requestBytes;       // of the body
  uint64_t responseBytes;      // of the body
  kj::Duration duration;       // from the end of the head to the end of the response
  std::string_view problem;    // why the request was refused or the response cut; otherwise empty
};
// remote=10.0.0.1 user=ana "GET /jobs?uuid=…" status=200 in=0 out=512 ms=1.234 id=…
std::string formatAccess(const Access& access);

// How many, and how fast. Plain numbers, growing; read them at any time on the loop thread.
struct Counters {
  enum Method { get, head, post, put, patch, del, options, other, methodCount };
  static constexpr size_t buckets = 14;
  // upper bounds of the histogram, in seconds
  static constexpr std::array<double, buckets> bounds = {
      .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

  uint64_t accepted = 0;           // connections
  uint64_t refusedConnections = 0; // beyond the caps
  uint64_t openConnections = 0;    // now
  uint64_t handshakes = 0;         // of TLS, done
  uint64_t handshakeFailures = 0;  // refused, broken off or too slow
  // requests between the end of the head and the end of the response, now
  uint64_t inFlight = 0;
  uint64_t bodyBytesHeld = 0;      // request bodies in memory, now
  std::array<std::array<uint64_t, 6>, methodCount> responses{};  // [method][status / 100]
  // requests refused at the HTTP level (4xx and 505), also in `responses`
  uint64_t malformed = 0;
  uint64_t timeouts = 0;           // header, body, handler and write deadlines that passed
  uint64_t cut = 0;                // responses not sent to their end
  std::array<uint64_t, buckets + 1> latency{};  // not cumulative; the last is "longer"
  double latencySum = 0;           // seconds
  static const char* methodName(size_t method);
};

struct ServerHooks {
  // Called at the end of each request; may be empty.
  kj::Function<void(const Access&)> access = [](const Access&) {};
  // Called for faults of ours (exceptions that became 500, listeners that fail) with one line of
  // text.
  kj::Function<void(kj::StringPtr)> problem = [](kj::StringPtr) {};
};

class Server {
 public:
  // All by loop thread. timer and clock must outlive the server. The clock gives Date and request
  // ids.
  Server(kj::Timer& timer, const kj::Clock& clock, Limits limits, Router router,
         kj::Own<Authenticator> authenticator, ServerHooks hooks = {});
  // Cuts every connection.
  ~Server() noexcept(false);
  KJ_DISALLOW_COPY(Server);

  // Serves the receiver in the background until drain() or destruction. May be called several
  // times. A failing accept (out of descriptors) is reported and tried again after a while.
  void listen(kj::Own<kj::ConnectionReceiver> receiver);
  // Serves one connection that is there already. `remote` is asked of the socket.
  void serve(kj::Own<kj::AsyncIoStream> connection);

  // Stops accepting, closes idle connections, lets running requests finish (their responses say
  // `Connection: close`); what is left after `deadline` is cut. Resolves when no connection is
  // left.
  // Final: a drained server serves no more. Dropping the promise does not stop the drain.
  kj::Promise<void> drain(kj::Duration deadline);

  // For requests from now on. Connections stay.
  void setLimits(const Limits& limits);
  void setAuthenticator(kj::Own<Authenticator> authenticator);
  // Connections from now on are TLS, and what is not is closed: there is no falling back. nullptr:
  // they are plain. Connections that are there stay as they are. Beyond the caps a connection is
  // closed without an answer, since an answer would cost a handshake.
  void setTls(kj::Maybe<kj::Own<tls::Acceptor>> acceptor);
  // Reads the TLS files again; for Plugin::refresh(). Nothing to do without TLS.
  kj::Promise<void> refreshTls();
  // What setTls() was given last.
  kj::Maybe<tls::Acceptor&> tls();

  const Counters& counters() const;
  // Router::list() of what is served, for `maitred ctl ask INSTANCE routes`: a JSON array.
  std::string routes() const;

 private:
  class Impl;
  kj::Own<Impl> impl;
};

}  // namespace maitred::http
