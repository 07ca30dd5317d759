#include "connection.h"

#include "within.h"

#include <kj/debug.h>

#include <algorithm>

namespace maitred::http {

namespace {

// How long a client that is being refused may go on sending, so that it gets to read why.
constexpr kj::Duration lingerTime = 2 * kj::SECONDS;

Response refusal(const WireError& error) {
  Response response = Response::error(error.status, error.message);
  response.close = true;
  if (error.status == 503 || error.status == 429) response.set("Retry-After", "1");
  return response;
}

}  // namespace

Connection::Connection(Shared& shared, kj::Own<kj::AsyncIoStream> stream, RemoteAddress remote,
                       kj::Maybe<tls::Stream&> secured)
    : shared(shared), stream(kj::mv(stream)), secured(secured), remote(std::move(remote)),
      fair(*this->stream, shared.timer),
      output(*this->stream, shared.timer, shared.limits.writeTime) {}

Connection::~Connection() noexcept(false) {
  if (!counted) return;
  --shared.counters.openConnections;
  shared.connections.erase(this);
  auto share = shared.perAddress.find(remote.host);
  if (--share->second == 0) shared.perAddress.erase(share);
  if (shared.connections.empty()) {
    for (auto& waiting : shared.whenEmpty) waiting->fulfill();
    shared.whenEmpty.clear();
  }
}

kj::Promise<void> Connection::run() {
  counted = true;
  ++shared.counters.openConnections;
  ++shared.perAddress[remote.host];
  shared.connections.insert(this);
  return serve().promise().catch_([this](kj::Exception&& exception) {
    if (output.timedOut()) ++shared.counters.timeouts;
    // A client that hangs up is an everyday event; anything else is a fault of ours.
    if (exception.getType() == kj::Exception::Type::DISCONNECTED) return;
    auto text = exception.getDescription();
    shared.problem("connection from " + remote.host + ": " +
                   std::string(text.begin(), text.size()));
  });
}

kj::Promise<void> Connection::refuse(unsigned status, std::string_view message) {
  Response response = refusal({status, std::string(message)});
  auto text = headOf(response, {shared.date(), shared.makeRequestId(), false, false}) +
              response.body;
  auto writing = stream->write(text.data(), text.size()).attach(kj::mv(text));
  return writing.then([this]() { return discardRest().promise(); })
      .exclusiveJoin(shared.timer.afterDelay(lingerTime))
      .catch_([](kj::Exception&&) {});
}

void Connection::drain() { idle.cancel(KJ_EXCEPTION(DISCONNECTED, "the server drains")); }

Async<void> Connection::serve() {
  bool good = co_await secure();
  if (!good) co_return;
  Next next = Next::request;
  while (next == Next::request) {
    co_await fair.turn();
    next = co_await serveOne();
  }
  stream->shutdownWrite();
  if (next == Next::linger) co_await inTime(shared.timer, lingerTime, discardRest());
  KJ_IF_MAYBE (tls, secured) co_await inTime(shared.timer, lingerTime, tls->goodbyeSent());
}

Async<bool> Connection::secure() {
  KJ_IF_MAYBE (tls, secured) {
    std::string problem;
    auto handshake = idle.wrap(tls->handshake()).catch_([&problem](kj::Exception&& exception) {
      problem = exception.getDescription().cStr();
    });
    bool ended = co_await inTime(shared.timer, shared.limits.handshakeTime, kj::mv(handshake));
    if (!ended) {
      ++shared.counters.timeouts;
      problem = "the TLS handshake took too long";
    }
    if (!problem.empty()) {
      noteFailedHandshake(problem);
      co_return false;
    }
    ++shared.counters.handshakes;
  }
  co_return true;
}

// Strangers who knock with something else are an everyday event: a line of the access log, no
// problem.
void Connection::noteFailedHandshake(std::string_view problem) {
  ++shared.counters.handshakeFailures;
  Access access{};
  access.remote = remote.host;
  access.problem = problem;
  shared.hooks.access(access);
}

Async<Connection::Next> Connection::serveOne() {
  HeadRead read = co_await readHead();
  if (read.size == 0 && !read.refused) co_return Next::close;

  Exchange exchange(shared, remote);
  KJ_IF_MAYBE (tls, secured) {
    exchange.request.secure = true;
    exchange.request.certificate = tls->peerCertificate();
  }
  if (!read.refused) read.refused = exchange.open(input.view().substr(0, read.size));
  input.consume(read.size);

  bool keepAlive = false;
  if (read.refused) {
    exchange.malformed = true;
    exchange.problem = read.refused->message;
    if (exchange.request.id.empty()) exchange.request.id = shared.makeRequestId();
    co_await send(exchange, refusal(*read.refused), false);
  } else {
    Response response = co_await produce(exchange).promise().catch_(
        [&exchange](kj::Exception&& exception) { return exchange.failed(exception); });
    auto failure = kj::runCatchingExceptions(
        [&]() { shared.router.runFinish(exchange.request, response); });
    KJ_IF_MAYBE (exception, failure) response = exchange.failed(*exception);
    exchange.bodyRead = exchange.bodyRead || !exchange.head.hasBody();
    keepAlive = exchange.head.keepAlive && exchange.bodyRead && !response.close && !shared.draining;
    co_await send(exchange, kj::mv(response), keepAlive);
  }
  if (keepAlive) co_return Next::request;
  co_return exchange.bodyRead ? Next::close : Next::linger;
}

// The idle time runs until the first byte of a request, then the header time until the end of its
// head.
Async<Connection::HeadRead> Connection::readHead() {
  if (input.empty()) {
    if (shared.draining) co_return HeadRead{};
    auto filled = co_await within(shared.timer, shared.limits.idleTime,
                                  idle.wrap(input.fill(fair)));
    KJ_IF_MAYBE (more, filled) {
      if (!*more) co_return HeadRead{};
    } else {
      co_return HeadRead{};
    }
  }
  HeadScanner scanner(shared.limits);
  if (size_t size = scanner.scan(input.view())) co_return HeadRead{size, std::nullopt};
  if (scanner.error()) co_return HeadRead{0, scanner.error()};
  auto read = co_await within(shared.timer, shared.limits.headerTime,
                              readRestOfHead(scanner).promise());
  KJ_IF_MAYBE (result, read) co_return kj::mv(*result);
  ++shared.counters.timeouts;
  co_return HeadRead{0, WireError{408, "the head of the request took too long to arrive"}};
}

Async<Connection::HeadRead> Connection::readRestOfHead(HeadScanner& scanner) {
  while (true) {
    if (!co_await input.fill(fair)) co_return HeadRead{};
    if (size_t size = scanner.scan(input.view())) co_return HeadRead{size, std::nullopt};
    if (scanner.error()) co_return HeadRead{0, scanner.error()};
  }
}

// Filters, authentication, route, body, handler: in the order that router.h promises.
Async<Response> Connection::produce(Exchange& exchange) {
  Request& request = exchange.request;
  KJ_IF_MAYBE (response, shared.router.runBeforeAuth(request)) co_return kj::mv(*response);
  auto match = shared.router.find(request);
  if (match.route == nullptr || match.route->options.authenticate) {
    auto refused = co_await authenticate(exchange);
    KJ_IF_MAYBE (response, refused) co_return kj::mv(*response);
  }
  KJ_IF_MAYBE (response, shared.router.runAfterAuth(request)) co_return kj::mv(*response);
  if (match.route == nullptr) {
    co_return match.allow.empty() ? shared.router.makeNotFound(request)
                                  : shared.router.makeMethodNotAllowed(request, match.allow);
  }
  auto& options = match.route->options;
  auto refused = co_await takeBody(exchange, options.maxBody.value_or(shared.limits.body));
  KJ_IF_MAYBE (response, refused) co_return kj::mv(*response);

  kj::Duration time = options.handlerTime.value_or(shared.limits.handlerTime);
  if (time == 0 * kj::SECONDS) {
    request.deadline = kj::maxValue;
    co_return co_await match.route->handler(request);
  }
  request.deadline = shared.timer.now() + time;
  auto handled = co_await within(shared.timer, time, match.route->handler(request));
  KJ_IF_MAYBE (response, handled) co_return kj::mv(*response);
  ++shared.counters.timeouts;
  exchange.problem = "the handler passed its deadline";
  co_return Response::error(503, "the request took too long; it may or may not have had its effect")
      .with("Retry-After", "1");
}

Async<kj::Maybe<Response>> Connection::authenticate(Exchange& exchange) {
  auto authenticator = shared.authenticator;   // which may be replaced meanwhile
  auto outcome = co_await within(shared.timer, shared.limits.handlerTime,
                                 (*authenticator)->authenticate(exchange.request));
  KJ_IF_MAYBE (authentication, outcome) {
    if (auto* rejection = std::get_if<Rejection>(authentication)) {
      exchange.problem = rejection->reason;
      if (!rejection->user.empty()) exchange.problem += " (user " + rejection->user + ")";
      co_return shared.router.makeUnauthenticated(exchange.request, *rejection);
    }
    exchange.request.principal = std::get<Principal>(kj::mv(*authentication));
    co_return nullptr;
  }
  ++shared.counters.timeouts;
  exchange.problem = "authentication passed its deadline";
  co_return Response::error(503, "authentication took too long").with("Retry-After", "1");
}

Async<kj::Maybe<Response>> Connection::takeBody(Exchange& exchange, size_t maxBody) {
  auto& head = exchange.head;
  if (!head.hasBody()) co_return nullptr;
  std::optional<WireError> refused;
  if (head.contentLength.value_or(0) > maxBody) {
    refused = WireError{413, "the body is longer than " + std::to_string(maxBody) + " bytes"};
  } else {
    if (head.expectContinue && input.empty()) {
      static constexpr std::string_view go = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await output.write(go.data(), go.size());
    }
    auto body = co_await within(shared.timer, shared.limits.bodyTime,
                                readBody(fair, input, head, maxBody, shared.limits.headers,
                                         exchange.memory).promise());
    KJ_IF_MAYBE (result, body) {
      refused = kj::mv(*result);
    } else {
      ++shared.counters.timeouts;
      refused = WireError{408, "the body of the request took too long to arrive"};
    }
  }
  if (!refused) {
    exchange.bodyRead = true;
    exchange.request.body = exchange.memory.view();
    co_return nullptr;
  }
  exchange.malformed = refused->status < 500;
  exchange.problem = refused->message;
  co_return refusal(*refused);
}

Async<void> Connection::send(Exchange& exchange, Response response, bool keepAlive) {
  std::string fault = faultIn(response);
  if (!fault.empty()) {
    shared.problem("request " + exchange.request.id + ": " + fault);
    exchange.problem = fault;
    response = Response::error(500, "internal error; the server's log has more under request " +
                                        exchange.request.id);
  }
  Envelope envelope{shared.date(), exchange.request.id, keepAlive,
                    exchange.head.minorVersion == 0};
  std::string head = headOf(response, envelope);
  if (response.stream) {
    co_await output.write(head.data(), head.size());
    if (exchange.request.method != "HEAD") co_await sendStream(exchange, response, envelope);
  } else {
    std::string_view body = exchange.request.method == "HEAD" ? std::string_view() : response.body;
    kj::ArrayPtr<const kj::byte> pieces[2] = {
        kj::arrayPtr(head.data(), head.size()).asBytes(),
        kj::arrayPtr(body.data(), body.size()).asBytes()};
    co_await output.write(kj::arrayPtr(pieces, body.empty() ? 1 : 2));
    exchange.responseBytes = body.size();
  }
  exchange.status = response.status;
}

Async<void> Connection::sendStream(Exchange& exchange, Response& response,
                                   const Envelope& envelope) {
  BodyOutput body(output, framingOf(response, envelope), response.stream->length.value_or(0));
  KJ_DEFER(exchange.responseBytes = body.written());
  try {
    co_await response.stream->write(body);
    co_await body.finish();
  } catch (kj::Exception& exception) {
    auto text = exception.getDescription();
    exchange.problem.assign(text.begin(), text.size());
    throw;
  }
}

Async<void> Connection::discardRest() {
  auto scratch = kj::heapArray<char>(16 << 10);
  while (co_await fair.tryRead(scratch.begin(), 1, scratch.size()) > 0) {
  }
}

}  // namespace maitred::http
