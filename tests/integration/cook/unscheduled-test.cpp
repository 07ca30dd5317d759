// GET /unscheduled_jobs (section 8.15).

#include "admin-fixture.h"

namespace maitred::cook {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

const char* const UNPLACED = "The job couldn't be placed on any available hosts.";

class Unscheduled : public Admin {
 protected:
  ~Unscheduled() noexcept override {}

  json reasons(int n, const std::string& user = "ana") {
    json list = get("/unscheduled_jobs?job=" + idOf(n), user);
    EXPECT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0]["uuid"], idOf(n));
    return list[0]["reasons"];
  }
  std::vector<std::string> texts(int n) {
    std::vector<std::string> found;
    for (const json& one : reasons(n)) found.push_back(one["reason"]);
    return found;
  }
  json dataOf(int n, const std::string& reason) {
    for (const json& one : reasons(n)) {
      if (one["reason"] == reason) return one["data"];
    }
    ADD_FAILURE() << "job " << n << " has no reason " << reason << ": " << reasons(n);
    return nullptr;
  }
};

TEST_P(Unscheduled, WhatRunsOrIsOverSaysSo) {
  EXPECT_EQ(post("ana", {job(1, "hold"), job(2, "exit 0")}), 201u);
  untilRunning(1);
  until([&] { return get("/jobs/" + idOf(2))["state"] == "success"; }, "it is over");
  EXPECT_EQ(reasons(1), json::parse(R"([{"reason": "The job is running now.", "data": {}}])"));
  EXPECT_EQ(reasons(2), json::parse(R"([{"reason": "The job already completed.", "data": {}}])"));
}

TEST_P(Unscheduled, HostsAreAskedAtOnce) {
  json elsewhere{{"constraints", {{"HOSTNAME", "EQUALS", "elsewhere"}}}};
  EXPECT_EQ(post("ana", {job(1, "exit 0", elsewhere)}), 201u);
  EXPECT_THAT(texts(1), Contains(UNPLACED)) << "the first answer tells it";
  EXPECT_EQ(dataOf(1, UNPLACED)["reasons"],
            json::parse(R"([{"reason": "user-defined-constraint", "host_count": 1}])"));
  until([&] { return texts(1) == std::vector<std::string>{UNPLACED}; }, "a cycle has seen it too");
}

TEST_P(Unscheduled, LimitsAndTheQueueAhead) {
  setQuota("ana", {{"cpus", 2}, {"count", 2}});
  json share{{"user", "ana"}, {"reason", "a test"}, {"share", {{"mem", 100}}}};
  EXPECT_EQ(ask("boss", "POST", "/share", share).status, 201u);
  EXPECT_EQ(post("ana", {job(1, "hold"), job(2, "hold")}), 201u);
  untilRunning(1);
  untilRunning(2);
  EXPECT_EQ(post("ana", {job(3)}), 201u);
  EXPECT_THAT(texts(3), ElementsAre("The job would cause you to exceed resource quotas.",
                                    "The job would cause you to exceed resource shares.",
                                    "You have 2 other jobs ahead in the queue."));
  EXPECT_EQ(dataOf(3, "The job would cause you to exceed resource quotas."),
            (json{{"cpus", {{"limit", 2.0}, {"usage", 3.0}}},
                  {"count", {{"limit", 2.0}, {"usage", 3.0}}}}));
  EXPECT_EQ(dataOf(3, "The job would cause you to exceed resource shares."),
            (json{{"mem", {{"limit", 100.0}, {"usage", 192.0}}}}));
  EXPECT_EQ(dataOf(3, "You have 2 other jobs ahead in the queue."),
            (json{{"jobs", {idOf(1), idOf(2)}}}));
}

TEST_P(Unscheduled, LaunchRatesAreTold) {
  more = [](CookConfig::Builder config) {
    config.initRateLimit().initPerUserPerPoolJobLaunch().setEnforce(true);
  };
  ASSERT_TRUE(reconfigured());
  setQuota("ana", {{"launch-rate-saved", 1}, {"launch-rate-per-minute", 0}});
  EXPECT_EQ(post("ana", {job(1, "hold"), job(2), job(3)}), 201u);
  untilRunning(1);
  const char* limited = "You are currently rate limited on how many jobs you launch per minute.";
  EXPECT_EQ(dataOf(3, limited), (json{{"num-ratelimited", 2}}));
}

TEST_P(Unscheduled, InactivePoolsAreTold) {
  usePools();
  EXPECT_EQ(post("ana", {job(1)}, {{"pool", "batch"}}), 201u);
  EXPECT_THAT(texts(1), Contains(UNPLACED)) << "it has no host";
  batchState = PoolState::INACTIVE;
  ASSERT_TRUE(reconfigured());
  EXPECT_EQ(dataOf(1, "The job's pool does not start jobs."), (json{{"pool", "batch"}}));
}

TEST_P(Unscheduled, UnknownJobsAreRefusedUnlessPartial) {
  EXPECT_EQ(post("ana", {job(1, "hold")}), 201u);
  std::string both = "/unscheduled_jobs?job=" + idOf(1) + "&job=" + idOf(9);
  last = ask("ana", "GET", both);
  EXPECT_EQ(last.status, 404u);
  EXPECT_EQ(errorOf(last), "The following UUIDs don't correspond to a job:\n" + idOf(9));
  EXPECT_EQ(get(both + "&partial=true").size(), 1u);
  EXPECT_EQ(ask("ana", "GET", "/unscheduled_jobs?job=" + idOf(9) + "&partial=true").status, 404u);
  EXPECT_EQ(ask("ana", "GET", "/unscheduled_jobs?job=x").status, 400u);
  last = ask("ana", "GET", "/unscheduled_jobs");
  EXPECT_EQ(last.status, 400u);
  EXPECT_EQ(last.body, R"({"errors":{"job":"missing-required-key"}})");
  authorization = Authorization::CONFIGFILE_ADMINS_AUTH;
  ASSERT_TRUE(reconfigured());
  EXPECT_EQ(ask("ben", "GET", "/unscheduled_jobs?job=" + idOf(1)).status, 403u);
  EXPECT_FALSE(reasons(1).empty()) << "the owner may ask";
}

INSTANTIATE_TEST_SUITE_P(Isolation, Unscheduled, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
