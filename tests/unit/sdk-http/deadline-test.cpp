// Slow clients, slow handlers, and too many connections, by the simulated clock.
#include "fixture.h"

#include <maitred/async.h>

namespace maitred::http {
namespace {

class DeadlineTest : public ServerTest {
 protected:
  DeadlineTest() {
    router.on("GET", "/", [](Request&) { return Response::text(200, "x"); });
    router.on("POST", "/", [](Request& r) { return Response::text(200, std::string(r.body)); });
    router.on("GET", "/never", [](Request&) { return kj::Promise<Response>(kj::NEVER_DONE); });
    limits.headerTime = 10 * kj::SECONDS;
    limits.bodyTime = 20 * kj::SECONDS;
    limits.idleTime = 60 * kj::SECONDS;
    limits.handlerTime = 30 * kj::SECONDS;
    limits.writeTime = 15 * kj::SECONDS;
  }
  static constexpr const char* get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  Limits limits;
};

TEST_F(DeadlineTest, DrippedHeadersEndWith408) {
  start(limits);
  Peer& peer = connect();
  for (char c : std::string_view("GET / HTT")) {
    peer.send({c});
    pass(1 * kj::SECONDS);
  }
  EXPECT_FALSE(peer.closed);
  pass(1 * kj::SECONDS);   // nine bytes, ten seconds after the first
  EXPECT_THAT(peer.received, StartsWith("HTTP/1.1 408 "));
  EXPECT_TRUE(peer.closed);
  EXPECT_EQ(server->counters().timeouts, 1u);
}

TEST_F(DeadlineTest, DrippedBodiesEndWith408) {
  start(limits);
  Peer& peer = connect();
  peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n");
  for (int i = 0; i < 19; ++i) {
    pass(1 * kj::SECONDS);
    peer.send("a");
  }
  turn();
  EXPECT_EQ(peer.received, "");
  pass(1 * kj::SECONDS);
  EXPECT_THAT(peer.received, StartsWith("HTTP/1.1 408 "));
  EXPECT_TRUE(peer.closed);
}

TEST_F(DeadlineTest, IdleConnectionsAreClosedSilently) {
  start(limits);
  Peer& fresh = connect();
  Peer& used = connect();
  pass(59 * kj::SECONDS);
  used.send(get);
  pass(1 * kj::SECONDS);
  EXPECT_TRUE(fresh.closed);
  EXPECT_EQ(fresh.received, "");
  EXPECT_FALSE(used.closed);
  pass(60 * kj::SECONDS);
  EXPECT_TRUE(used.closed);
  EXPECT_EQ(server->counters().openConnections, 0u);
}

TEST_F(DeadlineTest, SlowHandlersEndWith503) {
  bool dropped = false;
  router.on("GET", "/slow", [&](Request& r) -> Async<Response> {
    EXPECT_TRUE(r.deadline == timer.now() + 30 * kj::SECONDS);
    KJ_DEFER(dropped = true);
    co_await kj::Promise<void>(kj::NEVER_DONE);
    co_return Response::empty();
  });
  start(limits);
  Peer& peer = connect();
  peer.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  pass(29 * kj::SECONDS);
  EXPECT_EQ(peer.received, "");
  EXPECT_EQ(server->counters().inFlight, 1u);
  pass(1 * kj::SECONDS);
  EXPECT_THAT(peer.received, StartsWith("HTTP/1.1 503 "));
  EXPECT_TRUE(dropped);
  EXPECT_FALSE(peer.closed);
  EXPECT_EQ(server->counters().inFlight, 0u);
  EXPECT_EQ(server->counters().latency.back(), 1u);
  EXPECT_DOUBLE_EQ(server->counters().latencySum, 30);
}

TEST_F(DeadlineTest, ARouteMaySetItsOwnDeadline) {
  auto poll = [this](Request&) -> Async<Response> {
    co_await timer.afterDelay(100 * kj::SECONDS);
    co_return Response::text(200, "at last");
  };
  router.on("GET", "/poll", poll, {.handlerTime = 0 * kj::SECONDS});
  router.on("GET", "/short", poll, {.handlerTime = 2 * kj::SECONDS});
  start(limits);
  Peer& polling = connect();
  polling.send("GET /poll HTTP/1.1\r\nHost: h\r\n\r\n");
  Peer& brief = connect();
  brief.send("GET /short HTTP/1.1\r\nHost: h\r\n\r\n");
  pass(2 * kj::SECONDS);
  EXPECT_THAT(brief.received, StartsWith("HTTP/1.1 503 "));
  pass(98 * kj::SECONDS);
  EXPECT_THAT(polling.received, EndsWith("at last"));
}

TEST_F(DeadlineTest, SlowAuthenticationEndsWith503) {
  struct Slow final : Authenticator {
    kj::Promise<Authentication> authenticate(const Request&) override { return kj::NEVER_DONE; }
  };
  start(limits, kj::heap<Slow>());
  Peer& peer = connect();
  peer.send(get);
  pass(30 * kj::SECONDS);
  EXPECT_THAT(peer.received, StartsWith("HTTP/1.1 503 "));
}

TEST_F(DeadlineTest, AClientThatDoesNotReadIsCut) {
  router.on("GET", "/big", [](Request&) { return Response::text(200, std::string(1 << 20, 'x')); });
  start(limits);
  Peer& peer = connect(false);
  peer.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
  pass(14 * kj::SECONDS);
  EXPECT_EQ(server->counters().openConnections, 1u);
  pass(1 * kj::SECONDS);
  EXPECT_EQ(server->counters().openConnections, 0u);
  EXPECT_EQ(server->counters().cut, 1u);
  EXPECT_EQ(server->counters().timeouts, 1u);
  EXPECT_THAT(log.at(0), HasSubstr("status=0"));
}

// Without a turn of the loop in between nobody else would be heard, and no deadline would pass.
TEST_F(DeadlineTest, AFloodOfRequestsLeavesOthersTheirTurn) {
  start(limits);
  Peer& flood = connect();
  std::string all;
  for (int i = 0; i < 100; ++i) all += get;
  flood.send(all);
  wait.poll();
  uint64_t atOnce = server->counters().responses[Counters::get][2];
  EXPECT_GT(atOnce, 0u);
  EXPECT_LT(atOnce, 30u);
  turn();
  EXPECT_EQ(server->counters().responses[Counters::get][2], 100u);
}

TEST_F(DeadlineTest, AFloodBehindARefusalLeavesOthersTheirTurn) {
  start(limits);
  Peer& flood = connect();
  flood.send("GET /\n" + std::string(10 << 20, 'x'));
  wait.poll();
  EXPECT_THAT(flood.received, StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(server->counters().openConnections, 1u) << "all of it was read in one go";
  pass(2 * kj::SECONDS);
  EXPECT_EQ(server->counters().openConnections, 0u);
}

TEST_F(DeadlineTest, ConnectionsBeyondTheCapAreTold) {
  limits.connections = 2;
  start(limits);
  Peer& first = connect();
  connect();
  auto refused = ask(get);
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(refused, HasSubstr("Retry-After"));
  EXPECT_EQ(server->counters().refusedConnections, 1u);
  EXPECT_EQ(server->counters().openConnections, 2u);
  first.finishWriting();
  turn();
  EXPECT_THAT(ask(get), StartsWith("HTTP/1.1 200 "));
}

TEST_F(DeadlineTest, OneAddressHasItsShare) {
  limits.connectionsPerAddress = 1;
  start(limits);
  Peer& first = connect();
  EXPECT_THAT(ask(get), StartsWith("HTTP/1.1 429 "));
  first.finishWriting();
  turn();
  EXPECT_THAT(ask(get), StartsWith("HTTP/1.1 200 "));
}

TEST_F(DeadlineTest, RefusalsThemselvesAreBounded) {
  limits.connections = 1;
  start(limits);
  connect();
  std::vector<Peer*> refused;
  for (int i = 0; i < 70; ++i) refused.push_back(&connect());
  EXPECT_THAT(refused[63]->received, StartsWith("HTTP/1.1 503 "));
  EXPECT_TRUE(refused[64]->closed);
  EXPECT_EQ(refused[64]->received, "");
  pass(5 * kj::SECONDS);
  EXPECT_TRUE(refused[0]->closed);
  EXPECT_THAT(ask(get), StartsWith("HTTP/1.1 503 "));
}

TEST_F(DeadlineTest, LimitsCanChangeWhileItRuns) {
  start(limits);
  limits.body = 1;
  server->setLimits(limits);
  EXPECT_THAT(ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab"),
              StartsWith("HTTP/1.1 413 "));
}

}  // namespace
}  // namespace maitred::http
