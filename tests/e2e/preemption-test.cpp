// A user who holds everything makes room for a newcomer: the whole way, on the local backend.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::e2e {
namespace {

using ::testing::HasSubstr;

class Preemption : public ::testing::TestWithParam<const char*> {
 protected:
  System system{{.isolation = GetParam()}};

  void start(const std::string& more = "") {
    system.editConfig("      admins: [operator]\n",
                      "      admins: [operator]\n"
                      "      rebalancer: { interval: 2s, max_preemption: 10, min_dru_diff: 0.1, "
                      "safe_dru_threshold: 1.0 }\n");
    if (!more.empty()) system.editConfig("policies: {", "policies: { " + more + ",");
    system.start();
  }
  // The first instance of a job.
  json first(const json& job) { return system.job(job["uuid"])["instances"][0]; }
  void submitRunning(const std::string& user, const json& jobs) {
    for (const json& one : jobs) {
      ASSERT_EQ(system.submit(user, json::array({one})), 201u);
      system.eventually("it runs", [&] {
        json shown = system.job(one["uuid"]);
        return shown["instances"].size() == 1 && shown["instances"][0]["status"] == "running";
      });
    }
  }
  void expectPreempted(const json& job) {
    system.eventually("its instance has ended", [&] { return first(job).contains("end_time"); });
    json instance = first(job);
    EXPECT_EQ(instance["status"], "failed");
    EXPECT_EQ(instance["reason_code"], 1002);
    EXPECT_EQ(instance["reason_string"], "Preempted by rebalancer");
    EXPECT_EQ(instance["preempted"], true);
    EXPECT_EQ(system.job(job["uuid"])["retries_remaining"], 3) << "it costs no retry";
  }
};

constexpr const char* STUBBORN = "trap 'sleep 2; exit 0' TERM; while :; do sleep 0.1; done";

TEST_P(Preemption, ANewcomerGetsTheRoomThatIsMadeForThem) {
  start();
  // Four cpus in all; the share is one. Those that came last are furthest above it, and one of them
  // takes its time to end: a part of the room is free before the rest.
  json held = json::array({job("sleep 600"), job("sleep 600"), job(STUBBORN), job("sleep 600")});
  submitRunning("hog", held);
  json small = json::array({job("sleep 600", 0.5)});
  ASSERT_EQ(system.submit("hog", small), 201u);
  json large = json::array({job("sleep 3", 2)});
  ASSERT_EQ(system.submit("newcomer", large), 201u);
  EXPECT_EQ(system.waitFor(uuidsOf(large))[0]["state"], "success");
  expectPreempted(held[2]);
  expectPreempted(held[3]);
  EXPECT_EQ(first(held[0])["status"], "running");
  EXPECT_EQ(first(held[1])["status"], "running");
  EXPECT_TRUE(system.job(small[0]["uuid"])["instances"].empty())
      << "it would have fitted into what was free first";
  system.eventually("what was stopped runs again", [&] {
    for (int i : {2, 3}) {
      json shown = system.job(held[i]["uuid"]);
      if (shown["instances"].size() != 2) return false;
    }
    return true;
  });
}

TEST_P(Preemption, APolicyDecidesWhoGoes) {
  start("preemption: preemption/priority.lua");
  json important = json::array({job("sleep 600", 3)}), other = json::array({job("sleep 600", 1)});
  important[0]["priority"] = 70;
  other[0]["priority"] = 60;
  submitRunning("hog", important);  // three times the share: without the policy this one would go
  submitRunning("modest", other);
  json urgent = json::array({job("true", 0.5)});
  urgent[0]["priority"] = 65;
  ASSERT_EQ(system.submit("newcomer", urgent), 201u);
  EXPECT_EQ(system.waitFor(uuidsOf(urgent))[0]["state"], "success");
  expectPreempted(other[0]);
  EXPECT_EQ(first(important[0])["status"], "running");
}

TEST_P(Preemption, WhatRunsForTooLongIsStopped) {
  system.editConfig("      admins: [operator]\n",
                    "      admins: [operator]\n"
                    "      task_constraints: { default_timeout: 1s, max_timeout: 1h, "
                    "timeout_interval: 1s }\n");
  system.start();
  json jobs = json::array({job("sleep 600"), job("sleep 3")});
  for (json& one : jobs) one["max_retries"] = 1;
  jobs[1]["max_runtime"] = 60'000;
  ASSERT_EQ(system.submit("ana", jobs), 201u);
  json ended = system.waitFor(uuidsOf(jobs));
  EXPECT_EQ(ended[0]["state"], "failed");
  EXPECT_EQ(ended[0]["instances"][0]["reason_code"], 2003);
  EXPECT_EQ(ended[1]["state"], "success") << "it has said how long it takes";
}

INSTANTIATE_TEST_SUITE_P(Isolations, Preemption, ::testing::Values("process", "inline"),
                         [](auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
