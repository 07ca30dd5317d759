#include "fixture.h"

namespace maitred::http {
namespace {

// Hands out a connection when the test says so.
struct Listener final : public kj::ConnectionReceiver {
  kj::Promise<kj::Own<kj::AsyncIoStream>> accept() override {
    ++accepts;
    auto paf = kj::newPromiseAndFulfiller<kj::Own<kj::AsyncIoStream>>();
    next = kj::mv(paf.fulfiller);
    return kj::mv(paf.promise);
  }
  kj::uint getPort() override { return 0; }
  kj::Own<kj::PromiseFulfiller<kj::Own<kj::AsyncIoStream>>> next;
  int accepts = 0;
};

class DrainTest : public ServerTest {
 protected:
  ~DrainTest() noexcept override {}
  DrainTest() {
    router.on("GET", "/", [](Request&) { return Response::text(200, "x"); });
    router.on("GET", "/wait", [this](Request&) {
      auto paf = kj::newPromiseAndFulfiller<Response>();
      waiting = kj::mv(paf.fulfiller);
      return kj::mv(paf.promise);
    });
  }
  void drain(kj::Duration deadline) {
    promise = server->drain(deadline).then([this]() { drained = true; }).eagerlyEvaluate(nullptr);
    turn();
  }
  kj::Own<kj::PromiseFulfiller<Response>> waiting;
  kj::Promise<void> promise = nullptr;
  bool drained = false;
};

TEST_F(DrainTest, EndsAtOnceWithoutConnections) {
  start();
  drain(10 * kj::SECONDS);
  EXPECT_TRUE(drained);
}

TEST_F(DrainTest, ClosesTheIdleAndFinishesTheRunning) {
  start();
  Peer& idle = connect();
  idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  Peer& running = connect();
  running.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  Peer& halfway = connect();
  halfway.send("GET / HTTP/1.1\r\nHo");
  turn();
  drain(10 * kj::SECONDS);
  EXPECT_TRUE(idle.closed);
  EXPECT_FALSE(running.closed);
  EXPECT_FALSE(halfway.closed);
  EXPECT_FALSE(drained);

  halfway.send("st: h\r\n\r\n");
  turn();
  EXPECT_THAT(halfway.received, HasSubstr("Connection: close"));
  EXPECT_TRUE(halfway.closed);
  waiting->fulfill(Response::text(200, "done"));
  turn();
  EXPECT_THAT(running.received, EndsWith("done"));
  EXPECT_THAT(running.received, HasSubstr("Connection: close"));
  EXPECT_TRUE(running.closed);
  EXPECT_TRUE(drained);
}

TEST_F(DrainTest, CutsWhatIsLeftAtTheDeadline) {
  start();
  Peer& running = connect();
  running.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  turn();
  drain(10 * kj::SECONDS);
  pass(9 * kj::SECONDS);
  EXPECT_FALSE(drained);
  pass(1 * kj::SECONDS);
  EXPECT_TRUE(drained);
  EXPECT_TRUE(running.closed);
  EXPECT_EQ(running.received, "");
  EXPECT_EQ(server->counters().openConnections, 0u);
  EXPECT_EQ(server->counters().inFlight, 0u);
  EXPECT_THAT(log.at(0), HasSubstr("status=0"));
}

TEST_F(DrainTest, TwoDrainsAgree) {
  start();
  Peer& running = connect();
  running.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  turn();
  bool second = false;
  drain(10 * kj::SECONDS);
  auto other = server->drain(20 * kj::SECONDS).then([&]() { second = true; });
  waiting->fulfill(Response::empty());
  turn();
  EXPECT_TRUE(drained);
  other.wait(wait);
  EXPECT_TRUE(second);
}

TEST_F(DrainTest, StopsAccepting) {
  start();
  auto owned = kj::heap<Listener>();
  Listener& listener = *owned;
  auto gone = kj::newPromiseAndFulfiller<void>();
  server->listen(owned.attach(kj::defer([&]() { gone.fulfiller->fulfill(); })));
  turn();
  auto pipe = kj::newTwoWayPipe();
  listener.next->fulfill(kj::mv(pipe.ends[0]));
  turn();
  EXPECT_EQ(listener.accepts, 2);
  EXPECT_EQ(server->counters().openConnections, 1u);
  drain(10 * kj::SECONDS);
  EXPECT_TRUE(drained);
  EXPECT_TRUE(gone.promise.poll(wait));   // the listener is closed
}

TEST_F(DrainTest, AFailingListenerIsTriedAgain) {
  start();
  auto owned = kj::heap<Listener>();
  Listener& listener = *owned;
  server->listen(kj::mv(owned));
  turn();
  listener.next->reject(KJ_EXCEPTION(FAILED, "too many open files"));
  turn();
  EXPECT_EQ(listener.accepts, 1);
  EXPECT_THAT(problems.at(0), HasSubstr("too many open files"));
  pass(1 * kj::SECONDS);
  EXPECT_EQ(listener.accepts, 2);
}

TEST_F(DrainTest, DestructionCutsEverything) {
  start();
  Peer& running = connect();
  running.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  turn();
  server = nullptr;
  turn();
  EXPECT_TRUE(running.closed);
  EXPECT_THAT(log.at(0), HasSubstr("status=0"));
}

}  // namespace
}  // namespace maitred::http
