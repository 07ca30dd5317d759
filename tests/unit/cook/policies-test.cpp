// Which formula orders the users of a pool.

#include <queue/policies.h>

#include <maitred/testing/harness.h>

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <fstream>

namespace maitred::cook {
namespace {

// At its first use OpenSSL keeps something for the thread that it is on. On a thread of the pool,
// which ends with the process, LeakSanitizer would count it as lost.
[[maybe_unused]] const bool opensslIsReady =
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, nullptr) == 1;

double scoreOf(Scorer& scorer) {
  ScoreInput holds{.mem = 50, .cpus = 3, .gpus = 8, .shareMem = 100, .shareCpus = 10,
                   .shareGpus = 2, .priority = 50, .submittedMs = 0};
  double score = -1;
  EXPECT_TRUE(scorer.score({&holds, 1}, {&score, 1}));
  return score;
}

TEST(Policies, ThePoolSaysByWhichResourcesUsersAreCompared) {
  Policies policies({}, [](const std::string&) {});
  EXPECT_EQ(scoreOf(policies.scorer(DruMode::standard)), 0.5);
  EXPECT_EQ(scoreOf(policies.scorer(DruMode::gpu)), 4.0);
}

TEST(Policies, AFileDecidesInAllPools) {
  testing::TemporaryDirectory folder;
  auto file = folder.path() + "/cpus.lua";
  std::ofstream(file) << "return { kind = 'fairness', version = 1,\n"
                         "  score = function(_mem, cpus, ...) return cpus end }\n";
  auto io = kj::setupAsyncIo();
  Policies policies({}, [](const std::string&) {});
  EXPECT_EQ(policies.load({.fairness = file, .placement = ""}).wait(io.waitScope), "");
  EXPECT_EQ(scoreOf(policies.scorer(DruMode::standard)), 3.0);
  EXPECT_EQ(scoreOf(policies.scorer(DruMode::gpu)), 3.0);
}

TEST(Policies, AFileDecidesWhoMakesRoom) {
  testing::TemporaryDirectory folder;
  auto file = folder.path() + "/mine.lua";
  std::ofstream(file) << "return { kind = 'preemption', version = 1,\n"
                         "  may_preempt = function(task, job) return task.user ~= job.user end,\n"
                         "  gain = function(tasks, job) return #tasks + tasks[1].running_ms + "
                         "job.waiting_ms end }\n";
  auto io = kj::setupAsyncIo();
  Policies policies({}, [](const std::string&) {});
  EXPECT_EQ(policies.preemption(), nullptr) << "Cook's rule";
  EXPECT_EQ(policies.load({.preemption = file}).wait(io.waitScope), "");
  ASSERT_NE(policies.preemption(), nullptr);
  JobView job{.user = "ben", .waitingMs = 100};
  TaskView tasks[] = {{.user = "ana", .runningMs = 1000}, {.user = "ben"}};
  EXPECT_EQ(policies.preemption()->mayPreempt(tasks[0], job), true);
  EXPECT_EQ(policies.preemption()->mayPreempt(tasks[1], job), false);
  EXPECT_EQ(policies.preemption()->gain(tasks, job), 1102);
}

TEST(Policies, AFileLooksAtSubmissions) {
  testing::TemporaryDirectory folder;
  auto file = folder.path() + "/mine.lua";
  std::ofstream(file) << R"(return { kind = 'admission', version = 1, admit = function(job)
    if job.name == 'bad' then return { accept = false, message = 'no ' .. job.user } end
    if job.name == 'mute' then return { accept = false } end
    if job.name == 'error' then error('broken') end
    if job.name == 'same' then return { accept = true } end
    return { accept = true, change = { pool = 'other', priority = 1e9, max_retries = 0,
      max_runtime_ms = (job.max_runtime_ms or 1000) * 2, labels = { a = job.labels.b },
      env = { X = (job.env.X or '') .. '!' } } }
  end })";
  auto io = kj::setupAsyncIo();
  Policies policies({}, [](const std::string&) {});
  JobSpec job;
  job.user = "ana";
  job.name = "job";
  job.labels = {{"b", "1"}};
  job.environment = {{"X", "x"}};
  const JobSpec before = job;
  EXPECT_FALSE(policies.admits());
  EXPECT_EQ(policies.load({.admission = file}).wait(io.waitScope), "");
  EXPECT_TRUE(policies.admits());
  EXPECT_EQ(policies.admit(job), std::nullopt);
  EXPECT_EQ(job.pool, "other");
  EXPECT_EQ(job.priority, 16'000'000);
  EXPECT_EQ(job.maxRetries, 1);
  EXPECT_EQ(job.maxRuntimeMs, 2000);
  EXPECT_EQ(job.labels, (Pairs{{"a", "1"}}));
  EXPECT_EQ(job.environment, (Pairs{{"X", "x!"}}));
  for (const char* name : {"same", "error"}) {
    JobSpec other = before;
    other.name = name;
    EXPECT_EQ(policies.admit(other), std::nullopt) << "what fails has accepted";
    EXPECT_EQ(other.priority, 50);
    EXPECT_EQ(other.maxRuntimeMs, JobSpec::NO_RUNTIME_LIMIT);
  }
  job.name = "bad";
  EXPECT_EQ(policies.admit(job), "no ana");
  job.name = "mute";
  EXPECT_NE(policies.admit(job)->find("does not say why"), std::string::npos);
}

}  // namespace
}  // namespace maitred::cook
