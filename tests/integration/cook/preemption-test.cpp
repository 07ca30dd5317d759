// Instances that the queue stops itself, between a backend in the test and HTTP.
#include "cook-fixture.h"

namespace maitred::cook {
namespace {

class Preempting : public Cook {
 protected:
  Preempting() {
    amend = [this](CookConfig::Builder config) {
      auto share = config.initShares(1)[0];
      share.setUser("default");
      share.setCpus(1000);
      auto rebalancer = config.initRebalancer();
      rebalancer.setInterval(1000);
      rebalancer.setMaxPreemption(maxPreemption);
      rebalancer.setMinDruDiff(0.1);
      rebalancer.setSafeDruThreshold(1);
      auto constraints = config.initTaskConstraints();
      constraints.setTimeoutInterval(1000);
      constraints.setDefaultTimeout(defaultTimeoutMs);
    };
    EXPECT_TRUE(reconfigured());
  }
  ~Preempting() noexcept override {}

  uint32_t maxPreemption = 10;
  uint64_t defaultTimeoutMs = 0;

  // A user holds all four cpus, another wants two.
  void hogAndNewcomer() {
    submit({job(1, "hold", {{"cpus", 2}})}, "hog");
    untilState(1, "running");
    submit({job(2, "hold", {{"cpus", 2}})}, "hog");
    untilState(2, "running");
    submit({job(3, "hold", {{"cpus", 2}})}, "newcomer");
  }
  json instance(int n) { return show(n)["instances"][0]; }
};

TEST_P(Preempting, TheRightInstanceGoesAndCostsNothing) {
  hogAndNewcomer();
  untilState(3, "running");
  until([&] { return instance(2).contains("end_time"); }, "the end is confirmed");
  json stopped = instance(2);
  EXPECT_EQ(stopped["status"], "failed");
  EXPECT_EQ(stopped["reason_code"], 1002);
  EXPECT_EQ(stopped["reason_mea_culpa"], true);
  EXPECT_EQ(stopped["preempted"], true);
  EXPECT_EQ(show(2)["retries_remaining"], 1);
  EXPECT_EQ(show(2)["state"], "waiting");
  EXPECT_EQ(instance(1)["status"], "running");
  EXPECT_EQ(instance(1)["preempted"], false);
  EXPECT_EQ(backend.killed, std::vector<std::string>{stopped["task_id"]});
}

TEST_P(Preempting, UntilItsEndIsConfirmedAJobIsNotStartedAgain) {
  backend.deaf = true;
  hogAndNewcomer();
  until([&] { return instance(2)["status"] == "failed"; }, "it has failed");
  EXPECT_EQ(instance(2)["preempted"], true);
  EXPECT_FALSE(instance(2).contains("end_time"));
  until([&] { return backend.killed.size() == 1; }, "it is told to end");
  std::string task = instance(2)["task_id"];
  // Neither the job nor its room may be given away, also after a crash.
  restart();
  until([&] { return show(2)["state"] == "waiting"; }, "it waits");
  EXPECT_EQ(backend.killed, std::vector<std::string>{task}) << "the backend was told already";
  EXPECT_EQ(show(2)["instances"].size(), 1u);
  EXPECT_EQ(show(3)["state"], "waiting");
  backend.deaf = false;
  backend.end(task, 0);
  untilState(3, "running");
  EXPECT_EQ(instance(2)["reason_code"], 1002);
  EXPECT_EQ(instance(2)["status"], "failed") << "whatever its task says last";
  EXPECT_TRUE(instance(2).contains("end_time"));
}

TEST_P(Preempting, OffUnlessItIsConfigured) {
  json settings = json::parse(call("GET", "/settings").body)["rebalancer"];
  EXPECT_EQ(settings["interval-seconds"], 1);
  EXPECT_EQ(settings["max-preemption"], 10);
  EXPECT_EQ(settings["min-dru-diff"], 0.1);
  EXPECT_EQ(settings["safe-dru-threshold"], 1.0);
  EXPECT_EQ(settings["pool-regex"], ".*");
  amend = [](CookConfig::Builder) {};
  EXPECT_TRUE(reconfigured());
  settings = json::parse(call("GET", "/settings").body)["rebalancer"];
  EXPECT_EQ(settings["interval-seconds"], 300);
  EXPECT_FALSE(settings.contains("max-preemption"));
}

TEST_P(Preempting, WhatRunsLongerThanItMayIsStopped) {
  defaultTimeoutMs = 1000;
  EXPECT_TRUE(reconfigured());
  submit({job(1, "hold"), job(2, "hold", {{"max_runtime", 600'000}})});
  untilState(1, "failed");
  EXPECT_EQ(instance(1)["reason_code"], 2003);
  EXPECT_EQ(instance(1)["preempted"], false);
  EXPECT_EQ(show(2)["state"], "running");
}

INSTANTIATE_TEST_SUITE_P(Isolation, Preempting, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
