#include "host/runtime/edge.h"

#include "host/runtime/membrane.h"
#include "tests/unit/host-runtime/echo.capnp.h"

#include <gtest/gtest.h>
#include <kj/async-io.h>

namespace maitred::host {
namespace {

using Type = kj::Exception::Type;

class SessionServer final : public test::Session::Server {
 public:
  kj::Promise<void> next(NextContext context) override {
    context.getResults().setNumber(++number);
    return kj::READY_NOW;
  }
  kj::Promise<void> never(NeverContext context) override {
    context.allowCancellation();
    return kj::NEVER_DONE;
  }
  kj::Promise<void> callBack(CallBackContext context) override {
    auto request = context.getParams().getTarget().sayRequest();
    request.setText("back");
    return request.send().then(
        [context](auto&& answer) mutable { context.getResults().setText(answer.getText()); });
  }
  kj::Promise<void> keep(KeepContext context) override {
    kept = context.getParams().getTarget();
    return kj::READY_NOW;
  }
  kj::Promise<void> callKept(CallKeptContext context) override {
    auto request = kept.sayRequest();
    request.setText("kept");
    return request.send().then(
        [context](auto&& answer) mutable { context.getResults().setText(answer.getText()); });
  }

 private:
  uint32_t number = 0;
  test::Echo::Client kept = nullptr;
};

class EchoServer final : public test::Echo::Server {
 public:
  explicit EchoServer(kj::StringPtr prefix = "") : prefix(kj::str(prefix)) {}
  kj::Promise<void> say(SayContext context) override {
    KJ_REQUIRE(context.getParams().getText() != "bad", "told so");
    context.getResults().setText(kj::str(prefix, context.getParams().getText()));
    return kj::READY_NOW;
  }
  kj::Promise<void> open(OpenContext context) override {
    context.getResults().setSession(kj::heap<SessionServer>());
    return kj::READY_NOW;
  }
  kj::Promise<void> never(NeverContext context) override {
    context.allowCancellation();
    return kj::NEVER_DONE;
  }

 private:
  kj::String prefix;
};

class EdgeTest : public testing::Test {
 public:
  ~EdgeTest() noexcept override {}

 protected:
  kj::EventLoop loop;
  kj::WaitScope scope{loop};
  kj::TimerImpl timer{kj::origin<kj::TimePoint>()};

  class Monotonic final : public kj::MonotonicClock {
   public:
    explicit Monotonic(kj::Timer& timer) : timer(timer) {}
    kj::TimePoint now() const override { return timer.now(); }
    kj::Timer& timer;
  } monotonic{timer};

  Edge edge{"cook", "backends", "local", {3, 5 * kj::SECONDS}, monotonic, timer, kj::nullClock()};
  test::Echo::Client echo = edge.client().castAs<test::Echo>();

  const EdgeCounters& books() { return edge.meter().counters(); }
  void advance(kj::Duration span) {
    scope.poll();
    timer.advanceTo(timer.now() + span);
    scope.poll();
  }
  std::string say(kj::StringPtr text) {
    auto request = echo.sayRequest();
    request.setText(text);
    return request.send().wait(scope).getText().cStr();
  }
  template <typename T>
  kj::Exception errorOf(kj::Promise<T> promise) {
    KJ_IF_MAYBE (e, kj::runCatchingExceptions([&] { promise.wait(scope); })) {
      return kj::mv(*e);
    }
    ADD_FAILURE() << "the call did not fail";
    return KJ_EXCEPTION(FAILED, "none");
  }
};

TEST_F(EdgeTest, UnconnectedEdgeFailsAtOnceWithDisconnected) {
  EXPECT_EQ(errorOf(echo.neverRequest().send().ignoreResult()).getType(), Type::DISCONNECTED);
  EXPECT_FALSE(edge.connected());
}

TEST_F(EdgeTest, TheSameCapabilityReachesEachIncarnation) {
  edge.connect(kj::heap<EchoServer>("1:"));
  EXPECT_EQ(say("a"), "1:a");
  edge.disconnect(KJ_EXCEPTION(DISCONNECTED, "away"));
  EXPECT_EQ(errorOf(echo.sayRequest().send().ignoreResult()).getType(), Type::DISCONNECTED);
  edge.connect(kj::heap<EchoServer>("2:"));
  EXPECT_EQ(say("b"), "2:b");
  EXPECT_EQ(edge.reconnects(), 1u);
}

TEST_F(EdgeTest, CallsAndFailuresAreCounted) {
  edge.connect(kj::heap<EchoServer>());
  say("good");
  auto request = echo.sayRequest();
  request.setText("bad");
  EXPECT_EQ(errorOf(request.send().ignoreResult()).getType(), Type::FAILED);
  EXPECT_EQ(books().calls, 2u);
  EXPECT_EQ(books().failures, 1u);
  EXPECT_EQ(books().inFlight, 0u);
}

TEST_F(EdgeTest, CallsBeyondTheLimitAreOverloads) {
  edge.connect(kj::heap<EchoServer>());
  std::vector<kj::Promise<void>> open;
  for (int i = 0; i < 3; ++i) open.push_back(echo.neverRequest().send().ignoreResult());
  EXPECT_EQ(books().inFlight, 3u);
  EXPECT_EQ(errorOf(echo.neverRequest().send().ignoreResult()).getType(), Type::OVERLOADED);
  EXPECT_EQ(books().overloads, 1u);
  open.clear();
  EXPECT_EQ(books().inFlight, 0u);
  EXPECT_EQ(say("again"), "again");
}

TEST_F(EdgeTest, UnansweredCallFailsAtItsDeadline) {
  edge.connect(kj::heap<EchoServer>());
  auto call = echo.neverRequest().send().ignoreResult();
  advance(4 * kj::SECONDS);
  EXPECT_FALSE(call.poll(scope));
  advance(1 * kj::SECONDS);
  auto error = errorOf(kj::mv(call));
  EXPECT_EQ(error.getType(), Type::OVERLOADED);
  EXPECT_NE(std::string(error.getDescription().cStr()).find("cook.backends -> local"),
            std::string::npos);
  EXPECT_EQ(books().failures, 1u);
  EXPECT_EQ(books().inFlight, 0u);
}

TEST_F(EdgeTest, ObjectsObtainedOverTheEdgeAreMeteredToo) {
  edge.connect(kj::heap<EchoServer>());
  auto session = echo.openRequest().send().wait(scope).getSession();
  EXPECT_EQ(session.nextRequest().send().wait(scope).getNumber(), 1u);
  EXPECT_EQ(books().calls, 2u);
  std::vector<kj::Promise<void>> open;
  for (int i = 0; i < 3; ++i) open.push_back(session.neverRequest().send().ignoreResult());
  EXPECT_EQ(errorOf(session.nextRequest().send().ignoreResult()).getType(), Type::OVERLOADED);
}

TEST_F(EdgeTest, PipelinedCallsAreMeteredToo) {
  edge.connect(kj::heap<EchoServer>());
  auto number = echo.openRequest().send().getSession().nextRequest().send().wait(scope).getNumber();
  EXPECT_EQ(number, 1u);
  EXPECT_EQ(books().calls, 2u);
}

TEST_F(EdgeTest, CallbacksReachTheConsumer) {
  edge.connect(kj::heap<EchoServer>());
  auto session = echo.openRequest().send().wait(scope).getSession();
  auto request = session.callBackRequest();
  request.setTarget(kj::heap<EchoServer>("mine:"));
  EXPECT_EQ(request.send().wait(scope).getText(), "mine:back");
  EXPECT_EQ(books().calls, 2u);
}

// An object that goes back to its provider is the provider's own again, not a call over the edge.
TEST_F(EdgeTest, AnObjectThatReturnsIsNotMetered) {
  edge.connect(kj::heap<EchoServer>());
  auto session = echo.openRequest().send().wait(scope).getSession();
  auto request = session.callBackRequest();
  request.setTarget(echo);
  EXPECT_EQ(request.send().wait(scope).getText(), "back");
  // The edge's own capability may come to stand for another provider, so that it is metered.
  EXPECT_EQ(books().calls, 3u);

  auto first = echo.openRequest().send().wait(scope).getSession();
  auto keep = session.keepRequest();
  keep.setTarget(capnp::Capability::Client(first).castAs<test::Echo>());
  keep.send().wait(scope);
  auto before = books().calls;
  EXPECT_EQ(errorOf(session.callKeptRequest().send().ignoreResult()).getType(),
            Type::UNIMPLEMENTED);
  EXPECT_EQ(books().calls, before + 1) << "its call of the session was none over the edge";
}

TEST_F(EdgeTest, DeadlinesOfManyCallsPassInTheirOrder) {
  edge.connect(kj::heap<EchoServer>());
  auto first = echo.neverRequest().send().ignoreResult();
  advance(2 * kj::SECONDS);
  auto second = echo.neverRequest().send().ignoreResult();
  edge.meter().setLimits({3, 1 * kj::SECONDS});
  auto third = echo.neverRequest().send().ignoreResult();
  advance(1 * kj::SECONDS);
  EXPECT_TRUE(third.poll(scope)) << "its limit was shorter";
  EXPECT_FALSE(first.poll(scope));
  advance(2 * kj::SECONDS);
  EXPECT_TRUE(first.poll(scope));
  EXPECT_FALSE(second.poll(scope));
  advance(2 * kj::SECONDS);
  EXPECT_EQ(errorOf(kj::mv(second)).getType(), Type::OVERLOADED);
  EXPECT_EQ(books().failures, 3u);
  EXPECT_EQ(books().inFlight, 0u);
  first = nullptr;
  third = nullptr;
  EXPECT_EQ(say("on"), "on");
}

TEST_F(EdgeTest, RevokedIncarnationBreaksItsObjectsAndCallsOnTheWay) {
  auto membrane = kj::refcounted<Revocable>();
  edge.connect(membrane->wrap(test::Echo::Client(kj::heap<EchoServer>())));
  auto session = echo.openRequest().send().wait(scope).getSession();
  auto pending = session.neverRequest().send().ignoreResult();
  EXPECT_FALSE(pending.poll(scope));
  edge.disconnect(KJ_EXCEPTION(DISCONNECTED, "restarted"));
  membrane->revoke(KJ_EXCEPTION(DISCONNECTED, "restarted"));
  EXPECT_EQ(errorOf(kj::mv(pending)).getType(), Type::DISCONNECTED);
  edge.connect(kj::heap<EchoServer>("2:"));
  EXPECT_EQ(errorOf(session.nextRequest().send().ignoreResult()).getType(), Type::DISCONNECTED);
  EXPECT_EQ(say("x"), "2:x");
}

TEST_F(EdgeTest, CapabilityKeptByAProviderDiesWithTheConsumersMembrane) {
  edge.connect(kj::heap<EchoServer>());
  auto consumer = kj::refcounted<Revocable>();
  // The consumer's own object, as it leaves the consumer's membrane.
  auto own = consumer->wrap(test::Echo::Client(kj::heap<EchoServer>("own:")));
  auto session = echo.openRequest().send().wait(scope).getSession();
  auto keep = session.keepRequest();
  keep.setTarget(own);
  keep.send().wait(scope);
  EXPECT_EQ(session.callKeptRequest().send().wait(scope).getText(), "own:kept");
  consumer->revoke(KJ_EXCEPTION(FAILED, "removed"));
  scope.poll();
  EXPECT_EQ(errorOf(session.callKeptRequest().send().ignoreResult()).getType(), Type::FAILED);
}

TEST_F(EdgeTest, WorksOverAConnectionAsWell) {
  edge.connect(kj::heap<EchoServer>());
  auto pipe = kj::newTwoWayPipe();
  capnp::TwoPartyClient server(*pipe.ends[0], edge.client(), capnp::rpc::twoparty::Side::SERVER);
  capnp::TwoPartyClient client(*pipe.ends[1]);
  auto remote = client.bootstrap().castAs<test::Echo>();
  auto session = remote.openRequest().send().wait(scope).getSession();
  EXPECT_EQ(session.nextRequest().send().wait(scope).getNumber(), 1u);
  std::vector<kj::Promise<void>> open;
  for (int i = 0; i < 3; ++i) open.push_back(session.neverRequest().send().ignoreResult());
  EXPECT_EQ(errorOf(session.nextRequest().send().ignoreResult()).getType(), Type::OVERLOADED);
  open.clear();
  scope.poll();
  EXPECT_EQ(books().inFlight, 0u);
}

TEST(LatencyHistogram, BucketsArePowersOfTwo) {
  LatencyHistogram histogram;
  for (uint64_t us : {0ull, 1ull, 2ull, 3ull, 4ull, 1000ull, ~0ull}) histogram.add(us);
  EXPECT_EQ(histogram.count(0), 1u);   // < 1 us
  EXPECT_EQ(histogram.count(1), 1u);   // < 2
  EXPECT_EQ(histogram.count(2), 2u);   // < 4
  EXPECT_EQ(histogram.count(3), 1u);   // < 8
  EXPECT_EQ(histogram.count(10), 1u);  // < 1024
  EXPECT_EQ(histogram.count(LatencyHistogram::bucketCount - 1), 1u);
  EXPECT_EQ(histogram.upTo(10), 1024u);
  EXPECT_EQ(histogram.upTo(LatencyHistogram::bucketCount - 1), LatencyHistogram::unbounded);
}

}  // namespace
}  // namespace maitred::host
