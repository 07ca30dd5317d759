// How progress is gathered (section 18).
#include <core/book.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using Taken = ProgressReports::Taken;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Uuid instance(std::uint64_t n) {
  return {0x1000, n};
}

ProgressReport told(std::int64_t sequence, std::optional<int> percent,
                    std::optional<std::string> message = std::nullopt) {
  return {sequence, percent, std::move(message)};
}

TEST(Progress, TheLatestStandsInPlaceOfTheOneBeforeAsAWhole) {
  ProgressReports reports;
  EXPECT_EQ(reports.offer(instance(1), told(1, 10, "one"), 0), Taken::accepted);
  EXPECT_EQ(reports.offer(instance(1), told(2, std::nullopt, "two"), 1), Taken::accepted);
  EXPECT_EQ(reports.size(), 1u);
  auto due = reports.take();
  ASSERT_THAT(due, SizeIs(1));
  EXPECT_EQ(due[0].instance, instance(1));
  EXPECT_EQ(due[0].report, told(2, std::nullopt, "two")) << "10 percent went with the first";
  EXPECT_TRUE(reports.empty());
}

TEST(Progress, SequencesOnlyGrow) {
  ProgressReports reports;
  struct Step {
    std::int64_t sequence;
    Taken taken;
  };
  const Step steps[] = {{-5, Taken::accepted},
                        {3, Taken::accepted},
                        {3, Taken::stale},
                        {2, Taken::stale},
                        {4, Taken::accepted}};
  for (const Step& step : steps) {
    EXPECT_EQ(reports.offer(instance(1), told(step.sequence, 1), 0), step.taken) << step.sequence;
  }
  reports.take();
  EXPECT_EQ(reports.offer(instance(1), told(4, 1), 0), Taken::stale) << "written down by now";
  EXPECT_EQ(reports.offer(instance(2), told(1, 1), 0), Taken::accepted) << "each has its own";
}

TEST(Progress, SequencesAreForgottenAfterTenIntervals) {
  ProgressReports reports({.intervalMs = 100});
  reports.offer(instance(1), told(9, 1), 0);
  EXPECT_EQ(reports.offer(instance(1), told(3, 1), 5000), Taken::stale) << "it waits still";
  reports.take();
  EXPECT_EQ(reports.offer(instance(1), told(3, 1), 1000), Taken::stale);
  EXPECT_EQ(reports.offer(instance(1), told(3, 1), 1001), Taken::accepted);
}

TEST(Progress, OfSoManyTheLatestSequenceIsRemembered) {
  ProgressReports reports({.sequences = 2});
  for (std::uint64_t n : {1, 2}) reports.offer(instance(n), told(5, 1), 0);
  reports.offer(instance(1), told(6, 1), 1);
  reports.offer(instance(3), told(5, 1), 2);
  reports.take();
  EXPECT_EQ(reports.offer(instance(1), told(6, 1), 3), Taken::stale);
  EXPECT_EQ(reports.offer(instance(3), told(5, 1), 3), Taken::stale);
  EXPECT_EQ(reports.offer(instance(2), told(1, 1), 3), Taken::accepted) << "the oldest went";
}

TEST(Progress, SoManyInstancesWait) {
  ProgressReports reports({.batch = 2, .pending = 3});
  for (std::uint64_t n : {1, 2, 3}) {
    EXPECT_EQ(reports.offer(instance(n), told(1, 1), 0), Taken::accepted);
  }
  EXPECT_EQ(reports.offer(instance(4), told(1, 1), 0), Taken::full);
  EXPECT_EQ(reports.offer(instance(2), told(2, 7), 0), Taken::accepted) << "it waits already";
  auto due = reports.take();
  ASSERT_THAT(due, SizeIs(2));
  EXPECT_EQ(due[0].instance, instance(1));
  EXPECT_EQ(due[1].instance, instance(2));
  EXPECT_EQ(due[1].report.percent, 7);
  EXPECT_EQ(reports.offer(instance(4), told(1, 1), 0), Taken::accepted)
      << "what was refused is not remembered";
  EXPECT_THAT(reports.take(), SizeIs(2));
  EXPECT_THAT(reports.take(), IsEmpty());
}

TEST(Progress, MessagesAreCutBetweenCharacters) {
  struct Case {
    std::string message;
    std::size_t kept;
  };
  const Case cases[] = {
      {std::string(512, 'a'), 512},        {std::string(513, 'a'), 512},
      {std::string(511, 'a') + "ä", 511},  {std::string(510, 'a') + "ä!", 512},
      {std::string(509, 'a') + "𝄞!", 509}, {std::string(600, '\x80'), 508},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(cutMessage(one.message), one.message.substr(0, one.kept));
  }
  ProgressReports reports;
  reports.offer(instance(1), told(1, std::nullopt, std::string(2000, 'x')), 0);
  EXPECT_EQ(reports.take()[0].report.message->size(), 512u);
}

TEST(Progress, WhatIsAbsentStaysInTheBook) {
  Book book;
  Job job;
  job.spec.id = {1, 1};
  job.spec.user = "ana";
  job.spec.cpus = job.spec.mem = 1;
  job.order = book.nextOrder();
  job.sequence = book.nextSequence();
  Job& added = *book.add(std::move(job));
  ASSERT_NE(book.start(added, instance(1), {"c", "n", "h"}, 5), nullptr);
  book.takeChanges(SIZE_MAX);
  auto shown = [&] { return added.instances[0].progress[0]; };
  EXPECT_TRUE(book.progress(instance(1), told(1, 10, "one")));
  EXPECT_TRUE(book.progress(instance(1), told(2, 20)));
  EXPECT_EQ(shown(), (Progress{20, "one"}));
  EXPECT_TRUE(book.progress(instance(1), told(3, std::nullopt, "two")));
  EXPECT_EQ(shown(), (Progress{20, "two"}));
  auto changes = book.takeChanges(SIZE_MAX);
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].touched.front(), instance(1)) << "to be written";
  EXPECT_FALSE(book.progress(instance(1), told(4, 20))) << "nothing new";
  EXPECT_FALSE(book.progress(instance(2), told(4, 20))) << "unknown";
  EXPECT_FALSE(book.hasChanges());
  Report end;
  end.status = InstanceStatus::success;
  end.atMs = 9;
  ASSERT_TRUE(book.report(instance(1), end, 9));
  EXPECT_TRUE(book.progress(instance(1), told(5, 100))) << "the last word comes late";
  EXPECT_EQ(shown(), (Progress{100, "two"}));
}

}  // namespace
}  // namespace maitred::cook
