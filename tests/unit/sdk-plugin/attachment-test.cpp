#include <maitred/attachment.h>
#include <maitred/testing/simulated-loop.h>

#include <gtest/gtest.h>

#include <vector>

namespace maitred {
namespace {

class AttachmentTest : public ::testing::Test {
 public:
  ~AttachmentTest() noexcept override {}

 protected:
  testing::SimulatedLoop loop;
  log::Logger log{[](log::Level, kj::StringPtr) {}, log::Level::debug};
  std::vector<kj::Duration> attemptsAt;
  kj::Maybe<kj::Own<kj::PromiseFulfiller<void>>> end;
  bool refuse = false;

  kj::Own<Attachment> attach() {
    return kj::heap<Attachment>(
        loop.timer(), log, "test", 1, [this]() -> kj::Promise<kj::Promise<void>> {
          attemptsAt.push_back(loop.timer().now() - kj::origin<kj::TimePoint>());
          if (refuse) return KJ_EXCEPTION(DISCONNECTED, "nobody there");
          auto pair = kj::newPromiseAndFulfiller<void>();
          end = kj::mv(pair.fulfiller);
          return kj::mv(pair.promise);
        });
  }
  void let_go() { KJ_ASSERT_NONNULL(end)->fulfill(); }
};

TEST_F(AttachmentTest, AttachesAgainAfterTheOtherSideLetGo) {
  auto attachment = attach();
  loop.settle();
  EXPECT_TRUE(attachment->attached());
  let_go();
  loop.settle();
  EXPECT_FALSE(attachment->attached());
  EXPECT_STREQ(attachment->lastError().cStr(), "the other side let go");
  loop.advance(1 * kj::SECONDS);
  EXPECT_TRUE(attachment->attached());
  EXPECT_EQ(attachment->attempts(), 2u);
}

TEST_F(AttachmentTest, PausesGrowUpToTheMostWithJitter) {
  refuse = true;
  auto attachment = attach();
  loop.advance(2 * kj::MINUTES);
  ASSERT_GE(attemptsAt.size(), 20u);
  auto lastGap = attemptsAt.back() - attemptsAt[attemptsAt.size() - 2];
  EXPECT_LE(lastGap, 5 * kj::SECONDS);
  EXPECT_GE(lastGap, 2500 * kj::MILLISECONDS);
  EXPECT_LE(attemptsAt[1] - attemptsAt[0], 50 * kj::MILLISECONDS);
}

TEST_F(AttachmentTest, ALongAttachmentResetsThePause) {
  refuse = true;
  auto attachment = attach();
  loop.advance(1 * kj::MINUTES);
  refuse = false;
  loop.advance(10 * kj::SECONDS);
  ASSERT_TRUE(attachment->attached());
  loop.advance(1 * kj::MINUTES);
  auto before = loop.timer().now() - kj::origin<kj::TimePoint>();
  let_go();
  loop.advance(100 * kj::MILLISECONDS);
  EXPECT_TRUE(attachment->attached());
  EXPECT_LE(attemptsAt.back() - before, 50 * kj::MILLISECONDS);
}

TEST_F(AttachmentTest, TellsWhoWaitsForIt) {
  refuse = true;
  auto attachment = attach();
  auto waiting = attachment->whenAttached();
  loop.advance(1 * kj::SECONDS);
  EXPECT_FALSE(waiting.poll(loop.waitScope()));
  refuse = false;
  loop.wait(kj::mv(waiting), 10 * kj::SECONDS);
  EXPECT_TRUE(attachment->attached());
}

TEST_F(AttachmentTest, ADropSignalTellsOfTheEndOfItsOwner) {
  auto pair = kj::newPromiseAndFulfiller<void>();
  {
    DropSignal signal(kj::mv(pair.fulfiller));
    EXPECT_FALSE(pair.promise.poll(loop.waitScope()));
    DropSignal moved(kj::mv(signal));
    EXPECT_FALSE(pair.promise.poll(loop.waitScope()));
  }
  EXPECT_TRUE(pair.promise.poll(loop.waitScope()));
}

}  // namespace
}  // namespace maitred
