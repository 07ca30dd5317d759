#include <core/cycle.h>

#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

class BookTest : public ::testing::Test {
 protected:
  Book book;
  NodeTable nodes;
  DominantResource dru;
  std::uint64_t ids = 0;

  Job& submit(const char* user, std::int64_t maxRetries = 1) {
    Job job;
    job.spec.id = {1, ++ids};
    job.spec.user = user;
    job.spec.cpus = 1;
    job.spec.mem = 100;
    job.spec.maxRetries = maxRetries;
    job.order = book.nextOrder();
    job.sequence = book.nextSequence();
    job.submittedMs = job.waitingSinceMs = 1000;
    return *book.add(std::move(job));
  }
  Uuid start(Job& job, std::int64_t now = 2000) {
    Uuid id{2, ++ids};
    EXPECT_NE(book.start(job, id, {"local", "n1", "host1"}, now), nullptr);
    return id;
  }
  bool end(const Uuid& task, InstanceStatus status, int reason, std::int64_t now = 3000) {
    Report news;
    news.status = status;
    news.reason = reason;
    news.atMs = now;
    return book.report(task, news, now);
  }
};

TEST_F(BookTest, AJobRunsToItsEnd) {
  Job& job = submit("ana");
  EXPECT_EQ(book.count(JobState::waiting), 1u);
  Uuid task = start(job);
  EXPECT_EQ(job.state, JobState::running);
  EXPECT_EQ(job.instances[0].queueTimeMs, 1000);
  EXPECT_EQ(book.start(job, {9, 9}, {}, 2000), nullptr) << "one live instance at most";
  EXPECT_TRUE(end(task, InstanceStatus::running, 0, 2500));
  EXPECT_EQ(job.instances[0].runningMs, 2500);
  EXPECT_TRUE(end(task, InstanceStatus::success, 0));
  EXPECT_EQ(job.state, JobState::completed);
  EXPECT_EQ(job.completedMs, 3000);
  EXPECT_FALSE(end(task, InstanceStatus::failed, 99003)) << "the first end wins";
  EXPECT_STREQ(outcome(job), "success");
  EXPECT_TRUE(book.ranking("").find("ana")->tasks.empty());
}

TEST_F(BookTest, FailuresUseUpRetriesUnlessTheSystemIsAtFault) {
  Job& job = submit("ana", 2);
  end(start(job), InstanceStatus::failed, 99003);
  EXPECT_EQ(job.state, JobState::waiting);
  EXPECT_EQ(job.waitingSinceMs, 3000);
  end(start(job, 4000), InstanceStatus::failed, 4000, 4100);
  EXPECT_EQ(job.state, JobState::waiting);
  EXPECT_EQ(retriesRemaining(job, book.limits()), 1);
  end(start(job, 5000), InstanceStatus::failed, 99003, 5100);
  EXPECT_EQ(job.state, JobState::completed);
  EXPECT_EQ(job.instances[2].number, 2);
}

TEST_F(BookTest, AWithdrawnInstanceCostsNothing) {
  Job& job = submit("ana");
  Uuid task = start(job);
  book.takeChanges(10);
  EXPECT_TRUE(book.withdraw(task, 2100));
  EXPECT_EQ(job.state, JobState::waiting);
  EXPECT_EQ(job.waitingSinceMs, 1000) << "it never stopped waiting";
  EXPECT_TRUE(job.instances.empty());
  EXPECT_FALSE(book.findTask(task));
  auto changes = book.takeChanges(10);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].withdrawn, std::vector<Uuid>{task});
  EXPECT_FALSE(book.withdraw(task, 2100));
}

TEST_F(BookTest, KillingCompletesAtOnceAndNamesTheReason) {
  Job& waiting = submit("ana");
  EXPECT_TRUE(book.kill(waiting, 1500));
  EXPECT_STREQ(outcome(waiting), "failed");
  EXPECT_FALSE(book.kill(waiting, 1600)) << "a completed job is left as it is";

  Job& running = submit("ana", 5);
  Uuid task = start(running);
  book.kill(running, 2500);
  EXPECT_EQ(running.instances[0].endMs, 0) << "not confirmed yet";
  end(task, InstanceStatus::failed, Reason::NON_ZERO_EXIT);
  EXPECT_EQ(running.instances[0].reason, Reason::KILLED_BY_USER);
  EXPECT_EQ(running.state, JobState::completed);
}

TEST_F(BookTest, ACancelledInstanceLetsTheJobGoOn) {
  Job& job = submit("ana", 2);
  Uuid task = start(job);
  EXPECT_TRUE(book.cancel(task));
  EXPECT_FALSE(book.cancel(task));
  end(task, InstanceStatus::failed, Reason::NON_ZERO_EXIT);
  EXPECT_EQ(job.state, JobState::waiting);
  EXPECT_EQ(job.instances[0].reason, Reason::KILLED_BY_USER);
  EXPECT_EQ(retriesRemaining(job, book.limits()), 1);
}

TEST_F(BookTest, RaisingTheRetriesOfAFailedJobMakesItWaitAgain) {
  Job& job = submit("ana", 1);
  end(start(job), InstanceStatus::failed, Reason::NON_ZERO_EXIT);
  ASSERT_EQ(job.state, JobState::completed);
  EXPECT_FALSE(book.retry(job, 1, 4000)) << "no attempt is left";
  EXPECT_EQ(job.state, JobState::completed);
  EXPECT_TRUE(book.retry(job, 2, 4000));
  EXPECT_EQ(job.state, JobState::waiting);
  EXPECT_EQ(job.waitingSinceMs, 4000);
  EXPECT_EQ(job.completedMs, 0);
  EXPECT_TRUE(book.completed().empty());
  end(start(job, 5000), InstanceStatus::success, 0, 6000);
  EXPECT_STREQ(outcome(job), "success");
  EXPECT_TRUE(book.retry(job, 9, 7000));
  EXPECT_EQ(job.state, JobState::completed) << "what has succeeded is not run again";
  EXPECT_EQ(job.spec.maxRetries, 9);
}

TEST_F(BookTest, AKilledJobCanBeResurrected) {
  Job& waiting = submit("ana", 1);
  book.kill(waiting, 1500);
  EXPECT_TRUE(book.retry(waiting, 1, 1600));
  EXPECT_EQ(waiting.state, JobState::waiting);

  Job& running = submit("ana", 2);
  Uuid task = start(running);
  book.kill(running, 2500);
  book.takeChanges(100);
  EXPECT_TRUE(book.retry(running, 2, 2600));
  EXPECT_EQ(running.state, JobState::running) << "until the killed instance is gone";
  EXPECT_TRUE(running.instances[0].cancelled);
  EXPECT_EQ(book.takeChanges(100)[0].touched, std::vector<Uuid>{task});
  end(task, InstanceStatus::failed, 0);
  EXPECT_EQ(running.state, JobState::waiting);
}

TEST_F(BookTest, UsageIsKeptByUserAndPool) {
  Job& first = submit("ana");
  Uuid task = start(first);
  start(submit("ben"));
  submit("ana");
  EXPECT_EQ(book.usage("", "ana"), (Usage{100, 1, 0, 1}));
  EXPECT_EQ(book.usage(""), (Usage{200, 2, 0, 2}));
  EXPECT_EQ(book.usage("other"), Usage{});
  EXPECT_EQ(book.usage("", "zoe"), Usage{});
  EXPECT_EQ(book.liveJobs("", "ana"), std::vector<Job*>{&first});
  end(task, InstanceStatus::success, 0);
  EXPECT_EQ(book.usage("", "ana"), Usage{});
  EXPECT_TRUE(book.liveJobs("", "ana").empty());
}

TEST_F(BookTest, ChangesAreToldOnceAndCanBeGivenBack) {
  Job& job = submit("ana");
  EXPECT_FALSE(book.hasChanges()) << "a submission is durable before it is added";
  Uuid task = start(job);
  auto changes = book.takeChanges(10);
  EXPECT_FALSE(book.hasChanges());
  book.giveBack(std::move(changes));
  auto again = book.takeChanges(10);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].touched, std::vector<Uuid>{task});
}

TEST_F(BookTest, ForgottenJobsLeaveNothingBehind) {
  Job& job = submit("ana");
  Uuid task = start(job);
  book.forget(job);
  EXPECT_EQ(book.size(), 1u) << "a running job is not forgotten";
  end(task, InstanceStatus::success, 0);
  Uuid id = job.spec.id;
  book.forget(job);
  EXPECT_EQ(book.find(id), nullptr);
  EXPECT_FALSE(book.findTask(task));
  EXPECT_EQ(book.submittedBy("ana"), nullptr);
  EXPECT_TRUE(book.completed().empty());
  EXPECT_TRUE(book.bySequence().empty());
  EXPECT_FALSE(book.hasChanges());
}

TEST_F(BookTest, ACycleServesUsersByTheirUsage) {
  book.shares("").set("default", {1000, 10, {}});
  for (int i = 0; i < 6; ++i) submit("ana");
  Job& late = submit("ben");
  constexpr std::int64_t MIB = 1024 * 1024;
  NodeFacts facts{{"local", "n1"}, "host1", {3000, 4000 * MIB, 0}, 0, true, {}};
  nodes.put(facts, {facts.capacity, 0, 1});
  CycleResult result = runCycle(book, nodes, dru, nullptr, {}, 2000, [this] {
    return Uuid{3, ++ids};
  });
  EXPECT_EQ(result.started.size(), 3u);
  EXPECT_EQ(late.state, JobState::running);
  EXPECT_EQ(book.count(JobState::waiting), 4u);
  EXPECT_FALSE(result.policyFailed);
}

class Failing final : public Scorer {
 public:
  bool score(std::span<const ScoreInput>, std::span<double>) override { return false; }
};

TEST_F(BookTest, TheBuiltInOrderDecidesWhenThePolicyCannot) {
  submit("ana");
  Failing failing;
  NodeFacts facts{{"local", "n1"}, "host1", {3000, std::int64_t{1} << 32, 0}, 0, true, {}};
  nodes.put(facts, {facts.capacity, 0, 1});
  CycleResult result = runCycle(book, nodes, failing, nullptr, {}, 2000, [this] {
    return Uuid{3, ++ids};
  });
  EXPECT_TRUE(result.policyFailed);
  EXPECT_EQ(result.started.size(), 1u);
}

}  // namespace
}  // namespace maitred::cook
