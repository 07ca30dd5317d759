#include <maitred/http/server.h>

#include "connection.h"
#include "source-address.h"

#include <kj/debug.h>
#include <nlohmann/json.hpp>

#include <cstdio>

namespace maitred::http {

namespace {

// Connections beyond the caps that may linger to read why; further ones are closed at once.
constexpr size_t refusalsAtOnce = 64;
constexpr kj::Duration acceptPause = 200 * kj::MILLISECONDS;

// For a value between quotes or a bare word of the access log: no blanks of its own, no quotes, no
// controls.
void appendWord(std::string& line, std::string_view word) {
  if (word.empty()) line += '-';
  for (unsigned char c : word) {
    if (c <= ' ' || c == '"' || c == '\\' || c == 0x7f) {
      char escaped[5];
      snprintf(escaped, sizeof(escaped), "\\x%02x", c);
      line += escaped;
    } else {
      line += static_cast<char>(c);
    }
  }
}

}  // namespace

std::string formatAccess(const Access& access) {
  std::string line = "remote=";
  appendWord(line, access.remote);
  line += " user=";
  appendWord(line, access.principal);
  line += " \"";
  appendWord(line, access.method);
  line += ' ';
  appendWord(line, access.target);
  char numbers[120];
  snprintf(numbers, sizeof(numbers), "\" status=%u in=%llu out=%llu ms=%.3f id=", access.status,
           static_cast<unsigned long long>(access.requestBytes),
           static_cast<unsigned long long>(access.responseBytes),
           static_cast<double>(access.duration / kj::MICROSECONDS) / 1000);
  line += numbers;
  appendWord(line, access.requestId);
  if (!access.problem.empty()) {
    line += " problem=";
    appendWord(line, access.problem);
  }
  return line;
}

const char* Counters::methodName(size_t method) {
  static const char* const names[] = {"GET",   "HEAD",   "POST",    "PUT",
                                      "PATCH", "DELETE", "OPTIONS", "other"};
  return names[method];
}

Shared::Shared(kj::Timer& timer, const kj::Clock& clock, Limits limits, Router router,
               kj::Own<Authenticator> authenticator, ServerHooks hooks)
    : timer(timer), clock(clock), limits(limits), router(kj::mv(router)),
      authenticator(std::make_shared<kj::Own<Authenticator>>(kj::mv(authenticator))),
      hooks(kj::mv(hooks)) {
  // Tells the ids of this server from those of others and of its former lives.
  auto started = static_cast<uint64_t>((clock.now() - kj::UNIX_EPOCH) / kj::NANOSECONDS);
  for (; started > 0; started /= 36) {
    idPrefix += "0123456789abcdefghijklmnopqrstuvwxyz"[started % 36];
  }
  idPrefix += '-';
}

std::string_view Shared::date() {
  int64_t second = (clock.now() - kj::UNIX_EPOCH) / kj::SECONDS;
  if (second != dateSecond) {
    dateSecond = second;
    dateText = httpDate(second);
  }
  return dateText;
}

std::string Shared::makeRequestId() { return idPrefix + std::to_string(nextId++); }

void Shared::problem(std::string_view text) {
  hooks.problem(kj::str(kj::arrayPtr(text.data(), text.size())));
}

class Server::Impl final : public kj::TaskSet::ErrorHandler {
 public:
  Impl(kj::Timer& timer, const kj::Clock& clock, Limits limits, Router router,
       kj::Own<Authenticator> authenticator, ServerHooks hooks)
      : shared(timer, clock, limits, kj::mv(router), kj::mv(authenticator), kj::mv(hooks)),
        running(kj::heap<kj::TaskSet>(*this)), background(*this) {}

  Shared shared;

  void listen(kj::Own<kj::ConnectionReceiver> receiver) {
    background.add(accepting.wrap(acceptAll(kj::mv(receiver)).promise()).catch_(
        [](kj::Exception&&) {}));   // cancelled by drain()
  }

  void serve(kj::Own<kj::AsyncIoStream> stream) {
    ++shared.counters.accepted;
    auto remote = remoteOf(*stream);
    auto share = shared.perAddress.find(remote.host);
    size_t ofAddress = share == shared.perAddress.end() ? 0 : share->second;
    size_t cap = shared.limits.connectionsPerAddress;
    bool full = shared.connections.size() >= shared.limits.connections;
    bool greedy = cap > 0 && ofAddress >= cap;
    kj::Maybe<tls::Stream&> secured;
    KJ_IF_MAYBE (acceptor, shared.acceptor) {
      if (full || greedy) {
        ++shared.counters.refusedConnections;
        return;
      }
      auto wrapped = (*acceptor)->accept(kj::mv(stream));
      secured = *wrapped;
      stream = kj::mv(wrapped);
    }
    auto connection = kj::heap<Connection>(shared, kj::mv(stream), std::move(remote), secured);
    if (!full && !greedy) {
      auto done = connection->run();
      running->add(done.attach(kj::mv(connection)));
      return;
    }
    ++shared.counters.refusedConnections;
    if (refusals >= refusalsAtOnce) return;
    ++refusals;
    auto done = full ? connection->refuse(503, "too many connections; try again later")
                     : connection->refuse(429, "too many connections from this address");
    running->add(done.attach(kj::mv(connection), kj::defer([this]() { --refusals; })));
  }

  kj::Promise<void> drain(kj::Duration deadline) {
    shared.draining = true;
    accepting.cancel("the server drains");
    // Cancelling an idle wait ends a connection in a later turn, so that the set stays as it is
    // here.
    for (auto* connection : shared.connections) connection->drain();
    auto paf = kj::newPromiseAndFulfiller<void>();
    background.add(finish(deadline).promise().then(
        [fulfiller = kj::mv(paf.fulfiller)]() mutable { fulfiller->fulfill(); }));
    return kj::mv(paf.promise);
  }

 private:
  size_t refusals = 0;
  kj::Canceler accepting;
  kj::Own<kj::TaskSet> running;    // connections; replaced as a whole when a drain cuts them
  kj::TaskSet background;

  void taskFailed(kj::Exception&& exception) override {
    auto text = exception.getDescription();
    shared.problem("HTTP server: " + std::string(text.begin(), text.size()));
  }

  Async<void> acceptAll(kj::Own<kj::ConnectionReceiver> receiver) {
    while (true) {
      kj::Maybe<kj::Own<kj::AsyncIoStream>> accepted =
          co_await receiver->accept()
              .then([](kj::Own<kj::AsyncIoStream>&& stream) {
                return kj::Maybe<kj::Own<kj::AsyncIoStream>>(kj::mv(stream));
              })
              .catch_([this](kj::Exception&& exception) {
                auto text = exception.getDescription();
                shared.problem("accepting a connection failed, trying again: " +
                               std::string(text.begin(), text.size()));
                return kj::Maybe<kj::Own<kj::AsyncIoStream>>(nullptr);
              });
      KJ_IF_MAYBE (stream, accepted) {
        serve(kj::mv(*stream));
      } else {
        co_await shared.timer.afterDelay(acceptPause);
      }
    }
  }

  Async<void> finish(kj::Duration deadline) {
    if (!shared.connections.empty()) {
      auto paf = kj::newPromiseAndFulfiller<void>();
      shared.whenEmpty.push_back(kj::mv(paf.fulfiller));
      co_await paf.promise.exclusiveJoin(shared.timer.afterDelay(deadline));
    }
    running = kj::heap<kj::TaskSet>(*this);
  }
};

Server::Server(kj::Timer& timer, const kj::Clock& clock, Limits limits, Router router,
               kj::Own<Authenticator> authenticator, ServerHooks hooks)
    : impl(kj::heap<Impl>(timer, clock, limits, kj::mv(router), kj::mv(authenticator),
                          kj::mv(hooks))) {}
Server::~Server() noexcept(false) = default;

void Server::listen(kj::Own<kj::ConnectionReceiver> receiver) { impl->listen(kj::mv(receiver)); }
void Server::serve(kj::Own<kj::AsyncIoStream> connection) { impl->serve(kj::mv(connection)); }
kj::Promise<void> Server::drain(kj::Duration deadline) { return impl->drain(deadline); }
void Server::setLimits(const Limits& limits) { impl->shared.limits = limits; }
void Server::setAuthenticator(kj::Own<Authenticator> authenticator) {
  impl->shared.authenticator = std::make_shared<kj::Own<Authenticator>>(kj::mv(authenticator));
}
void Server::setTls(kj::Maybe<kj::Own<tls::Acceptor>> acceptor) {
  impl->shared.acceptor = kj::mv(acceptor);
}
kj::Promise<void> Server::refreshTls() {
  KJ_IF_MAYBE (acceptor, impl->shared.acceptor) return (*acceptor)->reload();
  return kj::READY_NOW;
}
kj::Maybe<tls::Acceptor&> Server::tls() {
  KJ_IF_MAYBE (acceptor, impl->shared.acceptor) return **acceptor;
  return nullptr;
}
std::string Server::routes() const {
  return nlohmann::json(impl->shared.router.list()).dump();
}
const Counters& Server::counters() const { return impl->shared.counters; }

}  // namespace maitred::http
