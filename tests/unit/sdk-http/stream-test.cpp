// Bodies that are written piece by piece.
#include "fixture.h"

#include <maitred/async.h>

namespace maitred::http {
namespace {

class StreamTest : public ServerTest {
 protected:
  // A route whose body is these pieces, with the length that it claims.
  void stream(std::vector<std::string> pieces, std::optional<uint64_t> length) {
    router.on("GET", "/", [pieces, length](Request&) {
      return Response::streamed(200, "text/plain", length, [pieces](kj::AsyncOutputStream& out) {
        return write(out, pieces).promise();
      });
    });
    start();
  }
  static Async<void> write(kj::AsyncOutputStream& out, std::vector<std::string> pieces) {
    for (auto& piece : pieces) co_await out.write(piece.data(), piece.size());
  }
  Async<void> tick(kj::AsyncOutputStream& out) {
    co_await out.write("one", 3);
    co_await timer.afterDelay(1000 * kj::SECONDS);
    co_await out.write("two", 3);
  }
  static constexpr const char* get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
};

TEST_F(StreamTest, WithALength) {
  stream({"hello, ", "world"}, 12);
  auto response = ask(std::string(get) + get);
  EXPECT_THAT(response, HasSubstr("Content-Length: 12\r\n"));
  EXPECT_THAT(response, HasSubstr("\r\n\r\nhello, worldHTTP/1.1 200 OK"));
  EXPECT_THAT(log.at(0), HasSubstr("out=12"));
}

TEST_F(StreamTest, WithoutALengthIsChunked) {
  stream({"hello, ", "", "world, this is more"}, std::nullopt);
  auto response = ask(get);
  EXPECT_THAT(response, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(response, EndsWith("\r\n\r\n7\r\nhello, \r\n13\r\nworld, this is more\r\n0\r\n\r\n"));
}

TEST_F(StreamTest, WithoutALengthForAnOldClientEndsWithTheConnection) {
  stream({"hello"}, std::nullopt);
  Peer& peer = connect();
  peer.send("GET / HTTP/1.0\r\n\r\n");
  turn();
  EXPECT_THAT(peer.received, EndsWith("\r\n\r\nhello"));
  EXPECT_THAT(peer.received, Not(HasSubstr("Transfer-Encoding")));
  EXPECT_TRUE(peer.closed);
}

TEST_F(StreamTest, HeadDoesNotWrite) {
  stream({"hello"}, 5);
  auto response = ask("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(response, EndsWith("Content-Length: 5\r\n\r\n"));
}

TEST_F(StreamTest, TooShortOrTooLongCutsTheConnection) {
  stream({"hello"}, 6);
  Peer& peer = connect();
  peer.send(get);
  turn();
  EXPECT_TRUE(peer.closed);
  EXPECT_THAT(problems.at(0), HasSubstr("shorter than its length"));
  EXPECT_EQ(server->counters().cut, 1u);
}

TEST_F(StreamTest, LongerThanSaidIsNotSent) {
  stream({"hello", "more"}, 5);
  Peer& peer = connect();
  peer.send(get);
  turn();
  EXPECT_TRUE(peer.closed);
  EXPECT_THAT(peer.received, EndsWith("\r\n\r\nhello"));
}

TEST_F(StreamTest, AFailureCutsAChunkedBodyBeforeItsEnd) {
  router.on("GET", "/", [](Request&) {
    return Response::streamed(200, "text/plain", std::nullopt, [](kj::AsyncOutputStream& out) {
      return out.write("part", 4).then([]() { KJ_FAIL_REQUIRE("disk on fire"); });
    });
  });
  start();
  Peer& peer = connect();
  peer.send(get);
  turn();
  EXPECT_TRUE(peer.closed);
  EXPECT_THAT(peer.received, EndsWith("4\r\npart\r\n"));
  EXPECT_THAT(log.at(0), HasSubstr("disk\\x20on\\x20fire"));
}

TEST_F(StreamTest, LargeBodiesArriveWhole) {
  std::string piece(300000, 'p');
  stream({piece, piece}, 600000);
  auto response = ask(get);
  EXPECT_EQ(bodyOf(response), piece + piece);
  router = Router();
  router.on("GET", "/", [piece](Request&) { return Response::text(200, piece); });
  start();
  EXPECT_EQ(bodyOf(ask(get)), piece);
}

TEST_F(StreamTest, EventsGoOutAsTheyHappen) {
  router.on("GET", "/", [this](Request&) {
    return Response::streamed(200, "text/event-stream", std::nullopt,
                              [this](kj::AsyncOutputStream& out) { return tick(out).promise(); });
  });
  start();
  Peer& peer = connect();
  peer.send(get);
  pass(500 * kj::SECONDS);   // beyond every deadline: the stream waits, no write does
  EXPECT_THAT(peer.received, EndsWith("3\r\none\r\n"));
  pass(500 * kj::SECONDS);
  EXPECT_THAT(peer.received, EndsWith("3\r\ntwo\r\n0\r\n\r\n"));
}

}  // namespace
}  // namespace maitred::http
