// Malformed and oversized requests, sent as raw bytes.
#include "fixture.h"

namespace maitred::http {
namespace {

class FramingTest : public ServerTest {
 protected:
  FramingTest() {
    router.on("POST", "/", [this](Request& r) {
      bodies.emplace_back(r.body);
      return Response::text(200, std::to_string(r.body.size()));
    });
    router.on("POST", "/big", [](Request& r) {
      return Response::text(200, std::to_string(r.body.size()));
    }, {.maxBody = 3000000});
  }
  std::vector<std::string> bodies;
};

TEST_F(FramingTest, RefusesSmugglingAndClosesWithoutTouchingTheRest) {
  start();
  Peer& peer = connect();
  peer.send(
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\nPOST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  turn();
  EXPECT_THAT(peer.received, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(peer.received, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_EQ(peer.received.find("HTTP/1.1", 8), std::string::npos);
  EXPECT_TRUE(peer.closed);
  EXPECT_TRUE(bodies.empty());
  EXPECT_EQ(server->counters().malformed, 1u);
  EXPECT_THAT(log.at(0), HasSubstr("problem=Content-Length\\x20and\\x20Transfer-Encoding"));
}

TEST_F(FramingTest, OneClientsNonsenseLeavesOthersAlone) {
  start();
  Peer& good = connect();
  good.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nfir");
  turn();
  for (std::string bad : {"\x16\x03\x01\r\n", "GET / HTTP/1.1\r\nX : y\r\n\r\n", "\r\n\r\n"}) {
    EXPECT_THAT(ask(bad), StartsWith("HTTP/1.1 400 "));
  }
  good.send("stPOST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nsecond");
  turn();
  EXPECT_THAT(bodies, ::testing::ElementsAre("first", "second"));
}

TEST_F(FramingTest, TakesBodiesOfAnyFramingInAnyPieces) {
  start();
  std::string requests =
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
      "POST / HTTP/1.1\r\nHost: h\r\n\r\n";
  for (size_t step : {size_t(1), size_t(7), requests.size()}) {
    bodies.clear();
    Peer& peer = connect();
    for (size_t at = 0; at < requests.size(); at += step) {
      peer.send(requests.substr(at, step));
      turn();
    }
    EXPECT_THAT(bodies, ::testing::ElementsAre("hello", "abcde", "")) << step;
  }
  EXPECT_EQ(server->counters().bodyBytesHeld, 0u);
}

TEST_F(FramingTest, HoldsTheCaps) {
  Limits limits;
  limits.requestLine = 300;
  limits.headers = 1000;
  limits.headerCount = 10;
  limits.body = 100;
  start(limits);
  EXPECT_THAT(ask("GET /" + std::string(400, 'a')), StartsWith("HTTP/1.1 414 "));
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nX: " + std::string(1200, 'a')), StartsWith("HTTP/1.1 431 "));
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 11; ++i) many += "A: b\r\n";
  EXPECT_THAT(ask(many), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(ask("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n" +
                  std::string(100, 'b')),
              StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask("POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n" +
                  std::string(2000000, 'b')),
              EndsWith("\r\n\r\n2000000"));
  EXPECT_THAT(ask("POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: 3000001\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
}

TEST_F(FramingTest, BoundsTheMemoryOfAllBodies) {
  Limits limits;
  limits.bodies = 100000;
  start(limits);
  Peer& first = connect();
  first.send("POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: 90000\r\n\r\n" +
             std::string(70000, 'x'));
  turn();
  EXPECT_THAT(ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20000\r\n\r\n" +
                  std::string(20000, 'y')),
              ::testing::AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After")));
  first.send(std::string(20000, 'x'));
  turn();
  EXPECT_THAT(first.received, EndsWith("90000"));
  EXPECT_EQ(server->counters().bodyBytesHeld, 0u);
}

TEST_F(FramingTest, Says100ContinueOnlyWhenItWantsTheBody) {
  Limits limits;
  limits.body = 100;
  start(limits);
  Peer& peer = connect();
  peer.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  turn();
  EXPECT_EQ(peer.received, "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("ab");
  turn();
  EXPECT_THAT(peer.received, StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
  for (auto request :
       {"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n",
        "POST /none HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"}) {
    auto response = ask(request);
    EXPECT_THAT(response, StartsWith("HTTP/1.1 4"));
    EXPECT_THAT(response, HasSubstr("Connection: close"));
  }
}

TEST_F(FramingTest, ABodyThatNobodyReadEndsTheConnection) {
  start({}, basic({}, "r"));
  Peer& peer = connect();
  peer.send(
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  turn();
  EXPECT_THAT(peer.received, StartsWith("HTTP/1.1 401 "));
  EXPECT_TRUE(peer.closed);
  EXPECT_EQ(peer.received.find("HTTP/1.1", 8), std::string::npos);
}

TEST_F(FramingTest, RefusesPathsThatClimb) {
  router.on("GET", "/files/*path", [](Request& r) {
    return Response::text(200, std::string(r.param("path")));
  });
  start();
  auto get = [&](std::string target) {
    return ask("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
  };
  for (auto target : {"/files/../etc", "/files/a/..", "/files/%2e%2E/x", "/files/a%2f..%2fb",
                      "/files/.", "/files/%", "/files/%zz", "/files/%00", "/files/%ff",
                      "/files/a?x=%zz"}) {
    EXPECT_THAT(get(target), StartsWith("HTTP/1.1 400 ")) << target;
  }
  EXPECT_EQ(bodyOf(get("/files/a%2Fb/..c/d.")), "a/b/..c/d.");
}

TEST_F(FramingTest, AHungUpClientIsNoProblem) {
  start();
  Peer& peer = connect();
  peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  peer.finishWriting();
  turn();
  Peer& early = connect();
  early.send("POST / HT");
  early.finishWriting();
  turn();
  EXPECT_TRUE(early.closed);
  EXPECT_EQ(early.received, "");
  EXPECT_TRUE(bodies.empty());
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(server->counters().openConnections, 0u);
}

TEST_F(FramingTest, AHalfClosedClientGetsItsAnswer) {
  start();
  Peer& peer = connect();
  peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab");
  peer.finishWriting();
  turn();
  EXPECT_THAT(peer.received, EndsWith("\r\n\r\n2"));
  EXPECT_TRUE(peer.closed);
}

}  // namespace
}  // namespace maitred::http
