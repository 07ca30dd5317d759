// Shares, quotas, usage, retries and pools by REST, as several users with several rights.

#include "admin-fixture.h"

namespace maitred::cook {
namespace {

constexpr double UNLIMITED = std::numeric_limits<double>::max();

TEST_P(Admin, QuotasAreUnlimitedUntilTheyAreSet) {  // §8.10
  json quota = get("/quota?user=ana");
  EXPECT_EQ(quota, (json{{"cpus", UNLIMITED},
                         {"mem", UNLIMITED},
                         {"gpus", UNLIMITED},
                         {"count", 2147483647},
                         {"launch-rate-saved", 10000097.0},
                         {"launch-rate-per-minute", 600013.0}}));
  EXPECT_EQ(setQuota("ana", {{"cpus", 3}, {"count", 5.9}})["count"], 5) << "truncated";
  EXPECT_EQ(setQuota("ana", {{"mem", 100}})["cpus"], 3.0) << "the others stay";
  EXPECT_EQ(setQuota("default", {{"gpus", 2}})["gpus"], 2.0);
  EXPECT_EQ(get("/quota?user=ana")["gpus"], 2.0) << "of the default user";
  EXPECT_EQ(ask("boss", "DELETE", "/quota?user=ana&reason=over").status, 204u);
  EXPECT_EQ(get("/quota?user=ana")["cpus"], UNLIMITED);
  EXPECT_FALSE(get("/share?user=ana").contains("count"));
  EXPECT_FALSE(get("/share?user=ana").contains("pools"));
  auto lines = audit();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], "boss||quota.set|ana||{\"count\":5,\"cpus\":3.0}|a test");
  EXPECT_THAT(lines[3], HasSubstr("boss||quota.delete|ana|{\"count\":5"));
  EXPECT_THAT(lines[3], HasSubstr("||over"));
}

TEST_P(Admin, SharesOfTheConfigAreOverriddenAndSurviveARestart) {
  EXPECT_EQ(get("/share?user=ana")["cpus"], 4.0) << "the config's default";
  json body{{"user", "default"}, {"reason", "more machines"}, {"share", {{"cpus", 9}, {"mem", 0}}}};
  auto answer = ask("boss", "POST", "/share", body);
  EXPECT_EQ(answer.status, 201u) << answer.body;
  EXPECT_EQ(json::parse(answer.body)["cpus"], 9.0);
  EXPECT_EQ(json::parse(answer.body)["mem"], 4096.0) << "a share of nothing has no effect";
  restart();
  EXPECT_EQ(get("/share?user=ana")["cpus"], 9.0);
  EXPECT_EQ(get("/share?user=ana")["mem"], 4096.0);
  EXPECT_EQ(ask("boss", "DELETE", "/share?user=default&reason=x").status, 204u);
  EXPECT_EQ(get("/share?user=ana")["cpus"], UNLIMITED) << "the config does not come back";
  restart();
  EXPECT_EQ(get("/share?user=ana")["cpus"], UNLIMITED);
}

TEST_P(Admin, BadChangesAreRefusedAndChangeNothing) {
  struct Bad {
    const char* path;
    json body;
    const char* text;
  };
  const Bad cases[] = {
      {"/quota",
       {{"user", "ana"}, {"quota", {{"cpus", 1}}}},
       "\"reason\":\"missing-required-key\""},
      {"/quota", {{"reason", "x"}, {"quota", {{"cpus", 1}}}}, "\"user\":\"missing-required-key\""},
      {"/quota", {{"user", "ana"}, {"reason", "x"}, {"quota", {{"cpus", -1}}}}, "non-negative?"},
      {"/quota", {{"user", "ana"}, {"reason", "x"}, {"quota", json::object()}}, "No quota set."},
      {"/share",
       {{"user", "ana"}, {"reason", "x"}, {"share", {{"count", 1}}}},
       "Unknown resource type(s)count"},
      {"/quota",
       {{"user", "ana"}, {"reason", "x"}, {"quota", {{"cpu", 1}}}},
       "Unknown resource type(s)cpu"},
      {"/quota",
       {{"user", "ana"}, {"reason", "x"}, {"pool", "no"}, {"quota", {{"cpus", 1}}}},
       "no is not a valid pool name."},
  };
  for (const Bad& one : cases) {
    auto answer = ask("boss", "POST", one.path, one.body);
    EXPECT_EQ(answer.status, 400u) << one.body;
    EXPECT_THAT(answer.body, HasSubstr(one.text));
  }
  EXPECT_EQ(ask("boss", "GET", "/quota").status, 400u);
  EXPECT_EQ(ask("boss", "DELETE", "/quota?user=ana").status, 400u);
  EXPECT_EQ(ask("boss", "GET", "/quota?user=ana&pool=no").status, 400u);
  EXPECT_EQ(ask("boss", "PUT", "/quota?user=ana").status, 405u);
  EXPECT_TRUE(audit().empty());
  json good{{"user", "ana"}, {"reason", "x"}, {"quota", {{"cpus", 1}}}};
  EXPECT_EQ(errorOf(ask("ana", "POST", "/quota", good)),
            "You are not authorized to access quota information");
  EXPECT_EQ(errorOf(ask("ana", "DELETE", "/quota?user=ana&reason=x")),
            "You are not authorized to access delete information");
  EXPECT_EQ(errorOf(ask("ana", "DELETE", "/share?user=ana&reason=x")),
            "You are not authorized to access share information");
}

TEST_P(Admin, WhatCanNeverRunIsRefused) {  // §8.1
  setQuota("ana", {{"cpus", 2}, {"mem", 50}});
  EXPECT_EQ(post("ana", {job(1, "hold", {{"cpus", 3}})}), 422u);
  EXPECT_EQ(errorOf(last), "Job " + idOf(1) + " exceeds quota for cpus: 3.000000 > 2.000000\nJob " +
                               idOf(1) + " exceeds quota for mem: 64.000000 > 50.000000");
  EXPECT_EQ(post("ben", {job(1, "exit 0", {{"cpus", 3}})}), 201u);
  setQuota("ana", {{"count", 0}});
  EXPECT_EQ(post("ana", {job(2)}), 422u);
  EXPECT_EQ(errorOf(last), "User quota is set to zero jobs.");
}

TEST_P(Admin, UsageIsWhatRuns) {  // §8.11
  const char* group = "0f6a4e3c-0000-4000-8000-0000000000aa";
  EXPECT_EQ(post("ana", {job(1, "hold"), job(2, "hold", {{"group", group}})},
                 {{"groups", {{{"uuid", group}, {"name", "mine"}}}}}),
            201u);
  EXPECT_EQ(last.body, "submitted jobs " + idOf(1) + " " + idOf(2) + " submitted groups " + group);
  untilRunning(1);
  untilRunning(2);
  json usage = get("/usage?user=ana&group_breakdown=true");
  EXPECT_EQ(usage["total_usage"],
            (json{{"cpus", 2.0}, {"mem", 128.0}, {"gpus", 0.0}, {"jobs", 2}}));
  EXPECT_FALSE(usage.contains("pools"));
  EXPECT_EQ(
      usage["grouped"],
      (json::array({{{"group", {{"uuid", group}, {"name", "mine"}, {"running_jobs", {idOf(2)}}}},
                     {"usage", {{"cpus", 1.0}, {"mem", 64.0}, {"gpus", 0.0}, {"jobs", 1}}}}})));
  EXPECT_EQ(usage["ungrouped"]["running_jobs"], json::array({idOf(1)}));
  EXPECT_EQ(get("/usage")["users"]["ana"]["total_usage"]["jobs"], 2);
  EXPECT_EQ(get("/usage?user=ben")["total_usage"]["jobs"], 0);
  EXPECT_EQ(ask("ana", "DELETE", "/rawscheduler?job=" + idOf(1)).status, 204u);
  EXPECT_EQ(get("/usage?user=ana")["total_usage"]["jobs"], 1);
}

TEST_P(Admin, AGroupGoesOnUnderItsName) {  // §5.3
  const char* group = "0f6a4e3c-0000-4000-8000-0000000000aa";
  json groups{{"groups", {{{"uuid", group}, {"name", "mine"}}}}};
  json member{{"group", group}};
  EXPECT_EQ(post("ana", {job(1, "hold", member)}, groups), 201u);
  EXPECT_EQ(post("ana", {job(2, "hold", member)}, groups), 400u);
  EXPECT_EQ(errorOf(last), std::string("Group UUID ") + group + " already used");
  EXPECT_EQ(post("ana", {job(2, "hold", member)}), 400u);
  EXPECT_EQ(errorOf(last).find(std::string("Invalid group UUID ") + group + " provided."), 0u);
  EXPECT_EQ(post("ana", {job(2, "hold", member)}, {{"override-group-immutability", true}}), 201u);
  EXPECT_EQ(get("/jobs/" + idOf(2))["groups"][0]["name"], "mine");
  auto more = ask("ana", "PUT", "/retry", {{"groups", {group}}, {"increment", 1}});
  EXPECT_EQ(more.status, 200u) << "none of them failed";
  more =
      ask("ana", "PUT", "/retry", {{"groups", {group}}, {"increment", 1}, {"failed_only", false}});
  EXPECT_EQ(more.body, "2");
  EXPECT_EQ(get("/retry?job=" + idOf(2)), 2);
}

TEST_P(Admin, RetriesAreGivenAgain) {  // §8.9
  EXPECT_EQ(post("ana", {job(1, "exit 3"), job(2, "hold")}), 201u);
  until([&] { return get("/jobs/" + idOf(1))["state"] == "failed"; }, "it fails");
  EXPECT_EQ(get("/retry?job=" + idOf(1)), 1);
  auto put = [&](const char* user, json body, const std::string& query = "") {
    return ask(user, "PUT", "/retry" + query, body);
  };
  const std::pair<json, const char*> bad[] = {
      {{{"retries", 2}}, "Need to specify at least 1 job or group."},
      {{{"job", idOf(1)}, {"jobs", {idOf(2)}}, {"retries", 2}},
       "Can't specify both \"job\" and \"jobs\"."},
      {{{"job", idOf(1)}}, "Need to specify either retries or increment."},
      {{{"job", idOf(1)}, {"retries", 2}, {"increment", 1}},
       "Can't specify both retries and increment."},
      {{{"job", idOf(1)}, {"retries", 21}}, "'retries' exceeds the maximum retry limit of 20"},
      {{{"job", idOf(1)}, {"increment", 20}},
       "Increment would exceed the maximum retry limit of 20"},
  };
  for (const auto& [body, text] : bad) {
    auto answer = put("ana", body);
    EXPECT_EQ(answer.status, 400u) << body;
    EXPECT_EQ(errorOf(answer), text);
  }
  EXPECT_EQ(errorOf(put("ana", {{"job", idOf(1)}, {"retries", 2}}, "?job=" + idOf(1))),
            "Can't specify \"job\" in both query and body.");
  EXPECT_EQ(errorOf(put("ana", {{"jobs", {idOf(1)}}, {"retries", 2}}, "?job=" + idOf(1))),
            "Can't specify both \"job\" in query and \"jobs\" in body.");
  EXPECT_EQ(put("ana", {{"job", idOf(1)}, {"retries", 0}}).status, 400u);
  auto conflict = put("ana", {{"jobs", {idOf(1), idOf(2)}}, {"retries", 1}});
  EXPECT_EQ(conflict.status, 409u);
  EXPECT_EQ(errorOf(conflict), "Jobs will not retry: " + idOf(1) + ", " + idOf(2));
  EXPECT_EQ(errorOf(put("ben", {{"job", idOf(1)}, {"retries", 2}})),
            "You are not authorized to retry job " + idOf(1) + ".");
  EXPECT_EQ(put("ben", {{"job", idOf(9)}, {"retries", 2}}).status, 403u);
  auto unknown = put("boss", {{"job", idOf(9)}, {"retries", 2}});
  EXPECT_EQ(unknown.status, 404u);
  EXPECT_EQ(errorOf(unknown), "UUID " + idOf(9) + " does not correspond to a job.");
  unknown = put("boss", {{"groups", {idOf(9)}}, {"retries", 2}});
  EXPECT_EQ(errorOf(unknown), "UUID " + idOf(9) + " does not correspond to a group.");
  auto none = put("ana", {{"job", idOf(2)}, {"increment", 1}, {"failed_only", true}});
  EXPECT_EQ(none.status, 200u);
  EXPECT_EQ(none.body, "0");
  auto good = put("boss", {{"job", idOf(1)}, {"increment", 2}});
  EXPECT_EQ(good.status, 201u);
  EXPECT_EQ(good.body, "3");
  until([&] { return get("/jobs/" + idOf(1))["instances"].size() == 3; }, "it is tried again");
  EXPECT_EQ(audit(), std::vector<std::string>{"boss||job.retry|" + idOf(1) + "|1|3|"});
  auto old = ask("ana", "POST", "/retry?job=" + idOf(2), {{"retries", 4}});
  EXPECT_EQ(old.status, 201u);
  EXPECT_EQ(old.body, "4");
}

TEST_P(Admin, TheQueueIsForAdmins) {  // §8.13
  EXPECT_EQ(post("ana", {job(1, "hold", {{"cpus", 4}}), job(2, "hold", {{"name", "next"}})}), 201u);
  untilRunning(1);
  json queue = get("/queue", "boss");
  ASSERT_EQ(queue["no-pool"].size(), 1u);
  EXPECT_EQ(queue["no-pool"][0]["job/uuid"], idOf(2));
  EXPECT_EQ(queue["no-pool"][0]["job/name"], "next");
  EXPECT_EQ(queue["no-pool"][0]["job/state"], "job.state/waiting");
  EXPECT_EQ(ask("boss", "GET", "/queue?limit=0").status, 400u);
  auto denied = ask("ana", "GET", "/queue");
  EXPECT_EQ(denied.status, 403u);
  EXPECT_EQ(errorOf(denied), "Unauthorized");
}

TEST_P(Admin, InstancesHaveTheirJobWithThem) {  // §8.4
  EXPECT_EQ(post("ana", {job(1, "hold")}), 201u);
  untilRunning(1);
  std::string task = get("/jobs/" + idOf(1))["instances"][0]["task_id"];
  json one = get("/instances/" + task);
  EXPECT_EQ(one["task_id"], task);
  EXPECT_EQ(one["job"], (json{{"uuid", idOf(1)},
                              {"name", "cookjob"},
                              {"status", "running"},
                              {"state", "running"},
                              {"user", "ana"}}));
  EXPECT_EQ(get("/instances?uuid=" + task).size(), 1u);
  EXPECT_EQ(get("/instances?partial=true&uuid=" + task + "&uuid=" + idOf(9)).size(), 1u);
  auto missing = ask("ana", "GET", "/instances?uuid=" + idOf(9));
  EXPECT_EQ(missing.status, 404u);
  EXPECT_EQ(errorOf(missing),
            "The following UUIDs don't correspond to a job instance:\n" + idOf(9));
  EXPECT_EQ(ask("ana", "GET", "/instances").status, 400u);
  EXPECT_EQ(ask("ana", "GET", "/instances/nonsense").status, 400u);
}

TEST_P(Admin, TheOldListSpeaksInBareTexts) {  // §8.12
  EXPECT_EQ(post("ana", {job(1, "hold", {{"expected_runtime", 5}})}), 201u);
  untilRunning(1);
  json list = get("/list?user=ana&state=running%2Bcompleted");
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["expected-runtime"], 5);
  EXPECT_EQ(list[0]["groups"], json::array());
  const std::tuple<const char*, unsigned, const char*> bad[] = {
      {"/list?user=ana", 400, "must supply the state and the user name"},
      {"/list?user=ana&state=running+waiting", 400, "unsupported state in running waiting"},
      {"/list?user=ana&state=running&since-hours-ago=169", 403, "since-hours-ago"},
      {"/list?user=ana&state=running&limit=0", 403, "limit must be positive"},
      {"/list?user=ana&state=running&start-ms=2&end-ms=1", 403,
       "start-ms (2) must be before end-ms (1)"},
  };
  for (const auto& [path, status, text] : bad) {
    auto answer = ask("ana", "GET", path);
    EXPECT_EQ(answer.status, status) << path;
    EXPECT_EQ(answer.body.find(text), 0u) << answer.body;
  }
}

TEST_P(Admin, PoolsStandApart) {  // §10, §7.8
  usePools();
  EXPECT_EQ(get("/pools"),
            (json::array({{{"name", "default"}, {"purpose", "all sorts"}, {"state", "active"}},
                          {{"name", "batch"}, {"purpose", ""}, {"state", "active"}}})));
  json quota = get("/quota?user=ana");
  EXPECT_EQ(quota["count"], 2147483647);
  EXPECT_EQ(quota["pools"]["batch"]["count"], 7);
  EXPECT_EQ(quota["pools"]["default"]["count"], 2147483647);
  EXPECT_EQ(get("/quota?user=ana&pool=batch")["count"], 7);
  EXPECT_EQ(get("/share?user=ana&pool=default")["cpus"], 4.0) << "named without a pool";
  EXPECT_EQ(get("/share?user=ana&pool=batch")["cpus"], UNLIMITED);
  http::ClientRequest header;
  header.headers.emplace_back("X-Cook-Pool", "batch");
  EXPECT_EQ(
      json::parse(ask("ana", "GET", "/quota?user=ana", nullptr, kj::mv(header)).body)["count"], 7);
  setQuota("ana", {{"count", 3}}, {{"pool", "batch"}});
  EXPECT_EQ(get("/quota?user=ana&pool=batch")["count"], 3);
  EXPECT_EQ(get("/quota?user=ana&pool=default")["count"], 2147483647);
  EXPECT_EQ(post("ana", {job(1, "hold")}), 201u);
  EXPECT_EQ(post("ana", {job(2, "hold")}, {{"pool", "batch"}}), 201u);
  EXPECT_EQ(post("ana", {job(3)}, {{"pool", "odd"}}), 400u);
  EXPECT_EQ(errorOf(last), "odd is not a valid pool name.");
  untilRunning(1);
  EXPECT_EQ(get("/jobs/" + idOf(1))["pool"], "default");
  EXPECT_FALSE(get("/jobs/" + idOf(1)).contains("submit_pool"));
  json second = get("/jobs/" + idOf(2));
  EXPECT_EQ(second["pool"], "batch");
  EXPECT_EQ(second["submit_pool"], "batch");
  EXPECT_EQ(second["state"], "waiting") << "no node is in that pool";
  json usage = get("/usage?user=ana");
  EXPECT_EQ(usage["pools"]["default"]["total_usage"]["jobs"], 1);
  EXPECT_EQ(usage["pools"]["batch"]["total_usage"]["jobs"], 0);
  EXPECT_EQ(get("/queue", "boss")["batch"][0]["job/uuid"], idOf(2));
  json settings = get("/settings");
  EXPECT_EQ(settings["pools"]["default"], "default");
  batchState = PoolState::INACTIVE;
  EXPECT_TRUE(reconfigured());
  EXPECT_EQ(get("/pools")[1]["state"], "inactive");
  EXPECT_EQ(post("ana", {job(4)}, {{"pool", "batch"}}), 400u);
  EXPECT_EQ(errorOf(last), "batch is not accepting job submissions.");
  EXPECT_EQ(get("/jobs/" + idOf(2))["state"], "waiting") << "what is there stays visible";
}

INSTANTIATE_TEST_SUITE_P(Isolation, Admin, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
