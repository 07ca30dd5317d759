// Optional inputs, values that a policy keeps, `false` as an answer, secrets in reports, and what
// calls use.

#include "lua-testing.h"

#include <gmock/gmock.h>

#include <cmath>

namespace maitred::lua {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* fitnessParameters =
    "used_cpus, used_mem, job_cpus, job_mem, total_cpus, total_mem";

Loaded placement(const std::string& parameters, const std::string& body) {
  Policy::Options options;
  options.kind = "placement";
  return Policy::loadText("test.lua",
                          "return { kind = 'placement', version = 1, fitness = function(" +
                              parameters + ")\n" + body + "\nend }",
                          options);
}

Value jobNamed(const char* user) {
  return Table{{}, {{"user", user}, {"labels", Table{{}, {{"project", "x"}}}}}};
}

TEST(MoreInputs, AFunctionTellsWhetherItNamesThem) {
  Loaded few = load(fairness("return mem"));
  Loaded more = load("return { kind = 'fairness', version = 1, score = function(" +
                     std::string(scoreParameters) + ", job) return job.hour end }");
  ASSERT_TRUE(few) << few.text();
  ASSERT_TRUE(more) << more.text();
  Function score = functionOf("fairness", "score");
  EXPECT_EQ(few.policy->parameters(score), 8);
  EXPECT_EQ(more.policy->parameters(score), 9);
  EXPECT_FALSE(load("return { kind = 'fairness', version = 1, score = function(mem) end }"));
  EXPECT_FALSE(load("return { kind = 'fairness', version = 1, score = function(" +
                    std::string(scoreParameters) + ", job, another) return 1 end }"));
}

TEST(MoreInputs, KeptValuesAreHandedOverByTheirHandles) {
  Loaded loaded = placement(std::string(fitnessParameters) + ", job, node",
                            "if job.user == 'ana' and node.name == 'n1' then return 0.25 end\n"
                            "return job.cpus == 1 and 1 or 0.5");
  ASSERT_TRUE(loaded) << loaded.text();
  Policy& policy = *loaded.policy;
  Function fitness = functionOf("placement", "fitness");
  std::vector<double> numbers(6, 1.0);
  int ana = policy.keep(jobNamed("ana")), node = policy.keep(Table{{}, {{"name", "n1"}}});
  double out = 0;
  ASSERT_TRUE(policy.call(fitness, numbers, std::vector{ana, node}, out));
  EXPECT_EQ(out, 0.25);
  EXPECT_EQ(policy.keep(jobNamed("ben"), ana), ana);  // in its place
  ASSERT_TRUE(policy.call(fitness, numbers, std::vector{ana, node}, out));
  EXPECT_EQ(out, 0.5);
  policy.forgetKept();
  EXPECT_FALSE(policy.call(fitness, numbers, std::vector{ana, node}, out));
  EXPECT_THAT(policy.failure().text(), HasSubstr("attempt to index a nil value (local 'job')"));
}

TEST(MoreInputs, AFailureShowsKeptValues) {
  Loaded loaded = placement(std::string(fitnessParameters) + ", job, node",
                            "if job.user == 'ben' then error('no') end return 1");
  ASSERT_TRUE(loaded) << loaded.text();
  Policy& policy = *loaded.policy;
  int job = policy.keep(jobNamed("ben"));
  double out = 0;
  std::vector<double> numbers(6, 1.0);
  EXPECT_FALSE(policy.call(functionOf("placement", "fitness"), numbers, std::vector{job}, out));
  EXPECT_THAT(policy.failure().inputs,
              HasSubstr("job={labels = {project = \"x\"}, user = \"ben\"}"));
  EXPECT_THAT(policy.failure().repeat, HasSubstr("fitness -- 1 1 1 1 1 1 '{labels"));
}

TEST(MoreInputs, WhatDoesNotFitIsAFailureOfTheCall) {
  Policy::Options options;
  options.limits.memory = 512u << 10;
  Loaded loaded = Policy::loadText(
      "test.lua",
      "return { kind = 'placement', version = 1, fitness = function(...) return 1 end }", options);
  ASSERT_TRUE(loaded) << loaded.text();
  Table large;
  for (int i = 0; i < 20'000; ++i) large.set("key" + std::to_string(i), i);
  int handle = loaded.policy->keep(large);
  EXPECT_EQ(handle, 0);
  double out = 0;
  Function fitness = functionOf("placement", "fitness");
  std::vector<double> numbers(6, 1.0);
  EXPECT_FALSE(loaded.policy->call(fitness, numbers, std::vector{handle}, out));
  EXPECT_EQ(loaded.policy->failure().cause, Cause::memory);
  EXPECT_THAT(loaded.policy->failure().text(), HasSubstr("exceeds its memory limit of 512 KiB"));
  EXPECT_TRUE(loaded.policy->call(fitness, numbers, out)) << "the policy itself is unharmed";
}

TEST(MoreInputs, FalseIsAnAnswerWhereTheKindAllowsIt) {
  Loaded loaded = placement(fitnessParameters, "if used_cpus == 9 then return nil end\n"
                                               "return used_cpus < 5 and 0.5");
  ASSERT_TRUE(loaded) << loaded.text();
  Function fitness = functionOf("placement", "fitness");
  double out = 0;
  std::vector<double> numbers(6, 1.0);
  ASSERT_TRUE(loaded.policy->call(fitness, numbers, out));
  EXPECT_EQ(out, 0.5);
  numbers[0] = 6;
  ASSERT_TRUE(loaded.policy->call(fitness, numbers, out));
  EXPECT_TRUE(std::isnan(out));
  numbers[0] = 9;  // a forgotten return is none
  EXPECT_FALSE(loaded.policy->call(fitness, numbers, out));
  EXPECT_THAT(loaded.policy->failure().text(), HasSubstr("returned nil"));
  EXPECT_THAT(run("return false").text(), HasSubstr("score() returned false"));
}

TEST(MoreInputs, SecretsAreMaskedInReports) {
  Policy::Options options;
  Loaded loaded = Policy::loadText(
      "test.lua",
      "return { kind = 'admission', version = 1, admit = function(job)\n"
      "if job.user == 'ben' then error('no') end return { accept = true } end }",
      options);
  ASSERT_TRUE(loaded) << loaded.text();
  Table job;
  job.set("user", "ben").set("env", Table{{}, {{"TOKEN", "s3cret"}}});
  Value out;
  EXPECT_FALSE(loaded.policy->call(functionOf("admission", "admit"), std::vector<Value>{job}, out));
  EXPECT_THAT(loaded.policy->failure().text(), HasSubstr("user = \"ben\""));
  EXPECT_THAT(loaded.policy->failure().text(), HasSubstr("env = \"***\""));
  EXPECT_THAT(loaded.policy->failure().text(), Not(HasSubstr("s3cret")));
}

TEST(Use, IsKeptBesideItsLimits) {
  PolicySlot slot({.kind = "fairness"});
  auto loaded = slot.install(load(fairness("local sum = 0\nfor i = 1, mem do sum = sum + i end\n"
                                           "return sum")));
  ASSERT_TRUE(loaded) << loaded.text();
  std::vector<double> inputs(8, 1.0);
  double out = 0;
  Function score = slot.function("score");
  inputs[0] = 100'000;
  ASSERT_TRUE(slot.ask(score, inputs, out));
  inputs[0] = 1000;
  ASSERT_TRUE(slot.ask(score, inputs, out));
  SlotStats stats = slot.stats();
  EXPECT_LT(stats.instructionsLast, stats.instructionsHighWater);
  EXPECT_GE(stats.instructionsLast, 2000);
  EXPECT_LE(stats.instructionsHighWater, stats.instructionLimit);
  EXPECT_GT(stats.cpuLast.count(), 0) << "calls of more than a thousand instructions are timed";
  EXPECT_GE(stats.cpuHighWater, stats.cpuLast);
  EXPECT_EQ(stats.cpuLimit, std::chrono::milliseconds(500));
  EXPECT_EQ(slot.lastFailure(), nullptr);
  inputs[0] = 1e9;
  EXPECT_FALSE(slot.ask(score, inputs, out));
  ASSERT_NE(slot.lastFailure(), nullptr);
  EXPECT_EQ(slot.lastFailure()->cause, Cause::instructions);
}

TEST(Use, IsWrittenWithItsLimits) {
  CallUse use{14, 1'000'000, std::chrono::microseconds(2), std::chrono::milliseconds(500),
              41u << 10, 32u << 20};
  EXPECT_EQ(use.text(), "14 of 1,000,000 instructions, 0.002 of 500 ms, 41 of 32,768 KiB");
  use.instructions = 250'000;
  use.cpuLimit = {};
  EXPECT_EQ(use.text(), "250,000 of 1,000,000 instructions (25 %), 41 of 32,768 KiB");
}

}  // namespace
}  // namespace maitred::lua
