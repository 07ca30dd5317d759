// Instances that run for too long: section 15, examples 28.21 and 28.25.
#include "pool-world.h"

#include <core/runtimes.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

class Runtimes : public ::testing::Test, protected PoolWorld {
 protected:
  Uuid group{3, 1};

  Runtimes() { node("A", 100, 10'000); }
  void handling(double quantile, double multiplier) {
    book.addGroup({group, "g", {}, {StragglerHandling::Type::quantileDeviation, quantile,
                                    multiplier}}, now);
  }
  Uuid startedAt(std::int64_t when) {
    Job job = make("ana", 1, 10);
    job.spec.group = group;
    now = when;
    return start(add(std::move(job)), "A");
  }
  void succeeded(std::int64_t start, std::int64_t took) {
    Uuid task = startedAt(start);
    now = start + took;
    end(task, InstanceStatus::success);
  }
};

TEST_F(Runtimes, Example21_LongerThanAMultipleOfTheQuantile) {
  handling(0.5, 2);
  succeeded(DAY, 60 * MINUTE);
  Uuid slow = startedAt(DAY);
  EXPECT_THAT(stragglers(book, DAY + 90 * MINUTE), IsEmpty());
  EXPECT_THAT(stragglers(book, DAY + 190 * MINUTE), ElementsAre(slow));
}

TEST_F(Runtimes, Example21_TooFewSuccessesTellNothing) {
  handling(0.5, 2);
  succeeded(DAY, 60 * MINUTE);
  startedAt(DAY);
  startedAt(DAY);
  EXPECT_THAT(stragglers(book, DAY + 190 * MINUTE), IsEmpty());
}

TEST_F(Runtimes, StragglersAreOfGroupsThatAskForIt) {
  succeeded(DAY, 60 * MINUTE);
  startedAt(DAY);
  EXPECT_THAT(stragglers(book, DAY + 1000 * MINUTE), IsEmpty());
}

TEST_F(Runtimes, StragglersCountInWholeSecondsAndByTheFastest) {
  handling(0.5, 2);
  succeeded(DAY, 500);
  Uuid slow = startedAt(DAY);
  EXPECT_THAT(stragglers(book, DAY + 1), ElementsAre(slow)) << "a sub-second job gives limit 0";
  succeeded(DAY, 100 * SECOND);
  succeeded(DAY, 50 * SECOND);
  // Four jobs: the second fastest of 0, 50 and 100 s.
  EXPECT_EQ(stragglerLimitMs(book.group(group)->stragglers, book.jobsOf(group)), 100 * SECOND);
  book.cancel(slow);
  EXPECT_THAT(stragglers(book, DAY + HOUR), IsEmpty()) << "it is being killed already";
}

struct Row25 {
  std::int64_t startMs, maxRuntimeMs;
  RuntimeLimits limits;
  std::int64_t nowMs;
  bool lingers;
};
class Example25 : public ::testing::TestWithParam<Row25> {};

TEST_P(Example25, Lingering) {
  JobSpec spec;
  spec.maxRuntimeMs = GetParam().maxRuntimeMs;
  Instance live;
  live.startMs = GetParam().startMs;
  EXPECT_EQ(lingers(spec, live, GetParam().limits, GetParam().nowMs), GetParam().lingers);
}

constexpr RuntimeLimits CAPS{120 * HOUR, 120 * HOUR};
constexpr RuntimeLimits LARGE{100'000 * HOUR, 100'000 * HOUR};
constexpr std::int64_t NOW = 5 * DAY + 30 * SECOND, ANY = JobSpec::NO_RUNTIME_LIMIT;
INSTANTIATE_TEST_SUITE_P(Table, Example25,
                         ::testing::Values(Row25{1 * DAY, ANY, CAPS, NOW, false},
                                         Row25{4 * DAY, 60'000, CAPS, NOW, true},
                                         Row25{5 * DAY, 30'000, CAPS, NOW, false},
                                         Row25{5 * DAY, 10'000, CAPS, NOW, true},
                                         Row25{1 * DAY, 64 * DAY, CAPS, NOW, false},
                                         Row25{1 * DAY, 64 * DAY, CAPS, NOW + DAY, true},
                                         Row25{1 * DAY, 64 * DAY, LARGE, NOW + 365 * DAY, true}));

TEST_F(Runtimes, LingeringAreAllLiveOnesThatNobodyKillsYet) {
  Uuid old = startedAt(DAY), young = startedAt(DAY + HOUR);
  RuntimeLimits limits{2 * HOUR, 3 * HOUR};
  EXPECT_THAT(lingering(book, limits, DAY + 2 * HOUR), IsEmpty());
  EXPECT_THAT(lingering(book, limits, DAY + 2 * HOUR + 1), ElementsAre(old));
  book.kill(*book.findTask(old).job, DAY);
  EXPECT_THAT(lingering(book, limits, DAY + 4 * HOUR), ElementsAre(young));
}

// What the queue stops has failed at once; its end comes later.
TEST_F(Runtimes, AStoppedInstanceHasFailedBeforeItHasEnded) {
  Uuid task = startedAt(DAY);
  Job& job = *book.findTask(task).job;
  EXPECT_TRUE(book.fail(task, Reason::MAX_RUNTIME, Book::Stop::plain, DAY + 1));
  EXPECT_FALSE(book.fail(task, Reason::STRAGGLER, Book::Stop::plain, DAY + 2));
  EXPECT_EQ(job.state, JobState::waiting);
  EXPECT_EQ(job.instances[0].status, InstanceStatus::failed);
  EXPECT_EQ(job.instances[0].endMs, 0);
  EXPECT_FALSE(job.instances[0].preempted);
  EXPECT_EQ(book.usage(POOL, "ana"), Usage{});
  EXPECT_EQ(book.start(job, {2, 99}, {"local", "A", "A"}, DAY + 3), nullptr)
      << "two attempts of one job would run at once";
  EXPECT_EQ(book.ranking(POOL).waitingCount(), 0u);
  EXPECT_EQ(book.ending().size(), 1u);
  end(task, InstanceStatus::success);
  EXPECT_EQ(job.instances[0].status, InstanceStatus::failed) << "whatever its task says last";
  EXPECT_EQ(job.instances[0].reason, Reason::MAX_RUNTIME);
  EXPECT_NE(job.instances[0].endMs, 0);
  EXPECT_EQ(book.ranking(POOL).waitingCount(), 1u);
  EXPECT_TRUE(book.ending().empty());
}

TEST_F(Runtimes, APreemptedInstanceCostsNoRetry) {
  Uuid task = startedAt(DAY);
  Job& job = *book.findTask(task).job;
  std::int64_t before = retriesRemaining(job, book.limits());
  EXPECT_TRUE(book.fail(task, Reason::PREEMPTED, Book::Stop::preemption, DAY + 1));
  EXPECT_EQ(retriesRemaining(job, book.limits()), before);
  EXPECT_EQ(job.preemptions(), 1);
  auto changes = book.takeChanges(10);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_THAT(changes[0].touched, ::testing::Contains(task));
}

}  // namespace
}  // namespace maitred::cook
