// What jobs ask for besides cpus and memory, and how many may wait (sections 5, 8.1, 16.3), by
// configuration.

#include "admin-fixture.h"

#include <pwd.h>

namespace maitred::cook {
namespace {

class Demands : public Admin {
 protected:
  ~Demands() noexcept override {}

  void limitQueue() {
    more = [](CookConfig::Builder config) {
      auto limit = config.initQueueLimits(1)[0];
      limit.setPoolRegex("no-pool");
      limit.setPoolGlobalThreshold(3);
      limit.setUserLimitNormal(3);
      limit.setUserLimitConstrained(1);
    };
    ASSERT_TRUE(reconfigured());
  }
  // Jobs that wait for a host that does not come.
  json waiting(int from, int count) {
    json jobs = json::array();
    for (int n = from; n < from + count; ++n) {
      jobs.push_back(job(n, "hold", {{"constraints", {{"HOSTNAME", "EQUALS", "elsewhere"}}}}));
    }
    return jobs;
  }
};

TEST_P(Demands, OnlySoManyOfOneUserWait) {  // 16.3
  limitQueue();
  EXPECT_EQ(get("/settings")["queue-limits"]["per-pool"][0],
            (json{{"pool-regex", "no-pool"},
                  {"pool-global-threshold", 3},
                  {"user-limit-normal", 3},
                  {"user-limit-constrained", 1}}));
  EXPECT_EQ(post("ana", waiting(1, 4)), 422u);
  EXPECT_EQ(errorOf(last), "User has too many jobs queued (the per-user queue limit is 3)");
  EXPECT_EQ(post("ana", waiting(1, 3)), 201u);
  EXPECT_EQ(post("ana", waiting(4, 1)), 422u);
  EXPECT_EQ(post("ben", waiting(4, 1)), 201u) << "others are not concerned";
  EXPECT_EQ(post("ben", waiting(5, 1)), 422u) << "more than three wait now";
  EXPECT_EQ(errorOf(last), "User has too many jobs queued (the per-user queue limit is 1)");
  EXPECT_EQ(ask("ana", "DELETE", "/rawscheduler?job=" + idOf(1) + "&job=" + idOf(2)).status, 204u);
  EXPECT_EQ(post("ben", waiting(5, 2)), 201u) << "those that are killed do not wait";
}

TEST_P(Demands, GpusDiskAndContainersAreConfigured) {
  more = [](CookConfig::Builder config) {
    config.setGpuEnabled(true);
    auto gpus = config.initValidGpuModels(1)[0];
    gpus.setPoolRegex(".");
    gpus.initValidModels(1).set(0, "p100");
    auto disk = config.initDisk(1)[0];
    disk.setPoolRegex(".");
    disk.setMaxSize(uint64_t{100} << 20);
    disk.initValidTypes(1).set(0, "standard");
    auto container = config.initDefaultContainers(1)[0];
    container.setPoolRegex("^never$");
    container.setImage("i");
  };
  ASSERT_TRUE(reconfigured());
  EXPECT_EQ(get("/settings")["mesos-gpu-enabled"], true);
  json wanted{{"gpus", 2}, {"disk", {{"request", 50.0}, {"type", "standard"}}}};
  EXPECT_EQ(post("ana", {job(1, "hold", wanted)}), 201u) << last.body;
  json shown = get("/jobs/" + idOf(1));
  EXPECT_EQ(shown["gpus"], 2);
  EXPECT_EQ(shown["disk"], wanted["disk"]);
  EXPECT_EQ(shown["state"], "waiting") << "no host has gpus";
  EXPECT_EQ(post("ana", {job(2, "hold", {{"disk", {{"request", 101}}}})}), 400u);
  EXPECT_EQ(errorOf(last), "Disk request specified is greater than max disk size on pool");
  setQuota("ana", {{"gpus", 1}});
  EXPECT_EQ(post("ana", {job(3, "hold", {{"gpus", 2}})}), 422u);
  EXPECT_EQ(errorOf(last),
            "Job " + idOf(3) + " exceeds quota for gpus: 2.000000 > 1.000000");
}

TEST_P(Demands, DockerRunsAsTheOwner) {  // 5.2
  json docker{{"container", {{"type", "docker"}, {"docker", {{"image", "i"}}}}}};
  EXPECT_EQ(post("nobody-knows-me", {job(1, "hold", docker)}), 400u);
  EXPECT_EQ(errorOf(last), "The uid is unavailable for the user");
  const passwd* entry = getpwnam("daemon");
  if (entry == nullptr) GTEST_SKIP() << "this system has no user daemon";
  std::string user = std::to_string(entry->pw_uid) + ":" + std::to_string(entry->pw_gid);
  EXPECT_EQ(post("daemon", {job(1, "hold", docker)}), 201u) << last.body;
  json shown = get("/jobs/" + idOf(1))["container"];
  EXPECT_EQ(shown["type"], "DOCKER");
  EXPECT_EQ(shown["docker"]["parameters"], (json{{{"key", "user"}, {"value", user}}}));
  EXPECT_EQ(get("/rawscheduler?job=" + idOf(1))[0]["container"], shown);
  docker["container"]["docker"]["parameters"] = json{{{"key", "user"}, {"value", "0:0"}}};
  EXPECT_EQ(post("daemon", {job(2, "hold", docker)}), 400u);
  EXPECT_EQ(errorOf(last), "user parameter must match uid and gid of user submitting");
}

INSTANTIATE_TEST_SUITE_P(Isolation, Demands, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
