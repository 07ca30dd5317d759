#include <maitred/async.h>
#include <maitred/testing/simulated-loop.h>

#include <gtest/gtest.h>

namespace maitred {
namespace {

struct Flag {
  bool& flag;
  ~Flag() { flag = true; }
};

Async<int> plusOne(kj::Promise<int> promise) { co_return co_await promise + 1; }
Async<void> failing() {
  co_await kj::Promise<void>(kj::READY_NOW);
  KJ_FAIL_REQUIRE("boom");
}
Async<int> catching(kj::Promise<int> promise) {
  int value = co_await plusOne(kj::mv(promise));
  try {
    co_await failing();
  } catch (const kj::Exception&) {
    value += 100;
  }
  co_return value;
}
Async<void> forever(bool* destroyed) {
  Flag guard{*destroyed};
  co_await kj::Promise<void>(kj::NEVER_DONE);
}
Async<int> seconds(kj::Timer& timer, int count) {
  for (int i = 0; i < count; ++i) co_await timer.afterDelay(1 * kj::SECONDS);
  co_return count;
}
// The awaited promise replaces itself by another one when the first is there.
Async<int> chained(kj::Promise<void> first, kj::Promise<int> second) {
  auto both = first.then([second = kj::mv(second)]() mutable { return kj::mv(second); });
  co_return co_await both;
}
Async<kj::Own<int>> owned() { co_return kj::heap<int>(7); }

class AsyncTest : public ::testing::Test {
 protected:
  testing::SimulatedLoop loop;
};

TEST_F(AsyncTest, IsPendingUntilItsPromiseResolves) {
  auto pair = kj::newPromiseAndFulfiller<int>();
  kj::Promise<int> result = catching(kj::mv(pair.promise));
  EXPECT_FALSE(result.poll(loop.waitScope()));
  pair.fulfiller->fulfill(4);
  EXPECT_EQ(loop.wait(kj::mv(result)), 105);
}

TEST_F(AsyncTest, DroppingThePromiseDestroysTheFrame) {
  bool destroyed = false;
  {
    kj::Promise<void> promise = forever(&destroyed);
    EXPECT_FALSE(promise.poll(loop.waitScope()));
    EXPECT_FALSE(destroyed);
  }
  EXPECT_TRUE(destroyed);
}

TEST_F(AsyncTest, DroppingTheAsyncDestroysTheFrame) {
  bool destroyed = false;
  { auto async = forever(&destroyed); }
  EXPECT_TRUE(destroyed);
}

TEST_F(AsyncTest, CarriesExceptionsAndMoveOnlyValues) {
  EXPECT_THROW(loop.wait(failing().promise()), kj::Exception);
  EXPECT_EQ(*loop.wait(owned().promise()), 7);
}

TEST_F(AsyncTest, FollowsAPromiseThatBecomesAnother) {
  auto first = kj::newPromiseAndFulfiller<void>();
  auto second = kj::newPromiseAndFulfiller<int>();
  kj::Promise<int> result = chained(kj::mv(first.promise), kj::mv(second.promise));
  first.fulfiller->fulfill();
  EXPECT_FALSE(result.poll(loop.waitScope()));
  second.fulfiller->fulfill(9);
  EXPECT_EQ(loop.wait(kj::mv(result)), 9);
}

TEST_F(AsyncTest, ForksAndJoins) {
  auto pair = kj::newPromiseAndFulfiller<int>();
  auto fork = plusOne(kj::mv(pair.promise)).promise().fork();
  auto first = fork.addBranch();
  auto second = fork.addBranch();
  pair.fulfiller->fulfill(1);
  EXPECT_EQ(loop.wait(kj::mv(first)) + loop.wait(kj::mv(second)), 4);
  bool destroyed = false;
  auto joined = forever(&destroyed).promise().exclusiveJoin(kj::Promise<void>(kj::READY_NOW));
  loop.wait(kj::mv(joined));
  EXPECT_TRUE(destroyed);
}

TEST_F(AsyncTest, ADayOfTicksPassesInSimulatedTime) {
  EXPECT_EQ(loop.wait(seconds(loop.timer(), 86400).promise(), 2 * kj::DAYS), 86400);
}

}  // namespace
}  // namespace maitred
