#include <core/transitions.h>

#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using enum InstanceStatus;

struct Transition {
  const char* what;
  std::vector<InstanceStatus> before;  // the last one is asked to change
  InstanceStatus to;
  JobState job;       // the job's state before
  JobState expected;  // and after
};

// What a job with two attempts becomes when its last instance is told to change.
JobState after(const Transition& one) {
  auto statuses = one.before;
  if (mayBecome(statuses.back(), one.to)) statuses.back() = one.to;
  int consumed = 0;
  for (InstanceStatus status : statuses) consumed += isTerminal(status);
  return nextState(one.job, statuses, consumed, 5);
}

TEST(JobTransitions, FollowTheTable) {
  const auto WAITING = JobState::waiting, RUNNING = JobState::running,
             COMPLETED = JobState::completed;
  const Transition cases[] = {
      {"confirmed", {unknown}, running, RUNNING, RUNNING},
      {"ends at once", {unknown}, success, RUNNING, COMPLETED},
      {"fails at once", {unknown}, failed, RUNNING, WAITING},
      {"ends", {running}, success, RUNNING, COMPLETED},
      {"fails", {running}, failed, RUNNING, WAITING},
      {"no way back", {running}, unknown, RUNNING, RUNNING},
      {"success stays against running", {success}, running, COMPLETED, COMPLETED},
      {"success stays against failed", {success}, failed, COMPLETED, COMPLETED},
      {"failed stays against running", {failed}, running, WAITING, WAITING},
      {"failed stays against success", {failed}, success, WAITING, WAITING},
      {"second attempt succeeds", {failed, running}, success, RUNNING, COMPLETED},
      {"second attempt fails", {failed, running}, failed, RUNNING, WAITING},
  };
  for (const Transition& one : cases) EXPECT_EQ(after(one), one.expected) << one.what;
}

TEST(JobTransitions, ExhaustedRetriesCompleteTheJob) {
  std::vector<InstanceStatus> statuses{failed, failed};
  EXPECT_EQ(nextState(JobState::running, statuses, 2, 2), JobState::completed);
  EXPECT_EQ(nextState(JobState::running, statuses, 1, 2), JobState::waiting);
  EXPECT_EQ(nextState(JobState::waiting, {}, 0, 1), JobState::waiting);
}

TEST(JobTransitions, NothingWakesACompletedJob) {
  std::vector<InstanceStatus> statuses{running};
  EXPECT_EQ(nextState(JobState::completed, statuses, 0, 5), JobState::completed);
}

TEST(Outcome, NeedsOneSuccess) {
  Job job;
  EXPECT_STREQ(outcome(job), "waiting");
  job.state = JobState::completed;
  EXPECT_STREQ(outcome(job), "failed");
  job.instances.resize(2);
  job.instances[0].status = failed;
  job.instances[1].status = success;
  EXPECT_STREQ(outcome(job), "success");
}

}  // namespace
}  // namespace maitred::cook
