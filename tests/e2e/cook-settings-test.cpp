// What clients read from /settings, /pools and /info of the configurations that take a Cook's
// place: the values with which Cook's developers set it up.
#include "cook-client.h"

#include <gmock/gmock.h>

#include <thread>

namespace maitred::e2e {
namespace {

class CookSettings : public ClientTest {
 protected:
  // "/task-constraints/cpus"
  json at(const json& all, const std::string& pointer) {
    return all.at(json::json_pointer(pointer));
  }
};

TEST_P(CookSettings, AreThoseOfCooksOwnSetup) {
  json all = cs.data("settings");
  const std::pair<const char*, json> expected[] = {
      {"/task-constraints/cpus", 10},
      {"/task-constraints/memory-gb", 48},
      {"/task-constraints/retry-limit", 15},
      {"/task-constraints/max-ports", 5},
      {"/task-constraints/command-length-limit", 5000},
      {"/task-constraints/timeout-hours", 1},
      {"/task-constraints/timeout-interval-minutes", 1},
      {"/rate-limit/expire-minutes", 120},
      {"/rate-limit/user-limit-per-m", 1000000},
      {"/rate-limit/job-submission/bucket-size", 1000},
      {"/rate-limit/job-submission/tokens-replenished-per-minute", 600},
      {"/rate-limit/job-submission/enforce?", true},
      {"/rate-limit/per-user-per-pool-job-launch/enforce?", true},
      {"/rebalancer/interval-seconds", 30},
      {"/rebalancer/max-preemption", 500},
      {"/rebalancer/min-dru-diff", 1},
      {"/rebalancer/safe-dru-threshold", 1},
      {"/rebalancer/pool-regex", ".*"},
      {"/mea-culpa-failure-limit", 5},
      {"/pools/default", "default"},
      {"/authorization-middleware", GetParam().user == std::string("root") ? "one-user"
                                                                           : "http-basic"},
      {"/authorization-config/authorization-fn",
       "cook.rest.authorization/configfile-admins-auth-open-gets"},
      {"/compute-clusters/0/factory-fn", "cook.mesos.mesos-compute-cluster/factory-fn"},
      {"/compute-clusters/0/config/compute-cluster-name", "local"},
      {"/compute-clusters/0/config/framework-id", "unsupported"},
      {"/server-https-port", nullptr}};
  for (const auto& [pointer, value] : expected) EXPECT_EQ(at(all, pointer), value) << pointer;
  for (const char* section : {"/executor", "/kubernetes", "/queue-limits", "/plugins"}) {
    EXPECT_TRUE(at(all, section).is_object()) << section;
  }
  for (const char* list : {"/pools/valid-gpu-models", "/pools/disk", "/pools/quotas",
                           "/pools/default-containers", "/cors-origins"}) {
    EXPECT_TRUE(at(all, list).is_array()) << list;
  }
  EXPECT_TRUE(at(all, "/mesos-gpu-enabled").is_boolean());
}

TEST_P(CookSettings, AreInForce) {
  json pools = cs.data("pools");
  std::set<std::pair<std::string, std::string>> states;
  for (const json& one : pools) {
    states.emplace(one.at("name"), one.at("state"));
    EXPECT_TRUE(one.at("purpose").is_string());
  }
  std::set<std::pair<std::string, std::string>> wanted{
      {"default", "active"}, {"second", "active"}, {"retired", "inactive"}};
  EXPECT_EQ(states, wanted);
  http::ClientRequest web{"GET", system.restUrl() + "/info", {}, ""};
  web.headers = {{"Origin", "https://cors.example.com"}};
  auto allowed = system.send(std::move(web));
  EXPECT_EQ(allowed.status, 200u);
  EXPECT_EQ(allowed.header("Access-Control-Allow-Origin"), "https://cors.example.com");
  json info = json::parse(allowed.body);
  for (const char* key : {"authentication-scheme", "commit", "start-time", "version",
                          "leader-url"}) {
    EXPECT_TRUE(info.at(key).is_string()) << key;
  }
  // More than the machine has may run at one time.
  json jobs = json::array();
  unsigned count = std::thread::hardware_concurrency() / 10 + 2;
  for (unsigned i = 0; i < count; ++i) {
    json one = csJob("sleep 600");
    one["cpus"] = 10;
    jobs.push_back(one);
  }
  cs.submit(jobs.get<std::vector<json>>());
  if (count > 6) GTEST_SKIP() << "this machine has more cpus than the file declares";
  for (auto& uuid : uuidsOf(jobs)) cs.waitUntil(uuid, "running");
}

// Whoever says that a backend is something else is believed.
TEST(ReportedClusters, AreWhatTheConfigurationSays) {
  System system({});
  system.editConfig("      admins: [operator]\n",
                    "      admins: [operator]\n"
                    "      clusters: { local: { type: other, factory_fn: a.b/factory-fn } }\n");
  system.start();
  json asked = json::array({job("true")});
  ASSERT_EQ(system.submit("ana", asked), 201u);
  json shown = system.waitFor(uuidsOf(asked))[0]["instances"][0];
  EXPECT_EQ(shown["compute-cluster"]["type"], "other");
  json settings = json::parse(system.rest("GET", "/settings").body);
  EXPECT_EQ(settings["compute-clusters"][0]["factory-fn"], "a.b/factory-fn");
}

INSTANTIATE_TEST_SUITE_P(Configurations, CookSettings, ::testing::ValuesIn(SHIPPED),
                         [](auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace maitred::e2e
