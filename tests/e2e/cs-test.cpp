// What the subcommands of the command line `cs` ask for: submit, show, wait, jobs, kill, usage,
// admin.
#include "cook-client.h"

#include <gmock/gmock.h>

#include <chrono>
#include <limits>

namespace maitred::e2e {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Cs : public ClientTest {};

std::set<std::string> keysOf(const json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

// Milliseconds from now.
std::string at(std::int64_t offset) {
  using namespace std::chrono;
  auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  return std::to_string(now + offset);
}
constexpr std::int64_t HOUR_MS = 3'600'000;

TEST_P(Cs, SubmitsWaitsAndShows) {
  json asked = csJob("echo \"$FRUIT $PORT0 $PORT1\"; exit 0");
  std::string group = job("")["uuid"];
  asked.update({{"name", "pick.fruit_1-a"},
                {"priority", 60},
                {"max-retries", 2},
                {"max-runtime", 180000},
                {"ports", 5},
                {"env", {{"FRUIT", "pear"}}},
                {"labels", {{"a/b", "c"}}},
                {"group", group},
                {"executor", "mesos"},
                {"constraints", json::array({{"HOSTNAME", "EQUALS", "kitchen"}})},
                {"checkpoint",
                 {{"mode", "periodic"},
                  {"options", {{"preserve-paths", {"p"}}}},
                  {"periodic-options", {{"period-sec", 60}}}}}});
  cs.submit({asked}, {{"uuid", group}, {"name", "fruit"}});
  std::string uuid = asked["uuid"];
  json shown = cs.wait(uuid);
  expectJob(shown);
  EXPECT_EQ(shown["state"], "success") << shown.dump(2);
  EXPECT_EQ(shown["pool"], "default");
  EXPECT_EQ(shown["max_runtime"], 180000);
  EXPECT_THAT(shown["groups"], ElementsAre(group));
  EXPECT_THAT(shown["constraints"], ElementsAre(json({"HOSTNAME", "EQUALS", "kitchen"})));
  EXPECT_EQ(shown["checkpoint"]["mode"], "periodic");
  EXPECT_EQ(shown["executor"], "mesos");
  EXPECT_EQ(shown["labels"], json({{"a/b", "c"}}));
  const json& instance = latestInstance(shown);
  EXPECT_EQ(instance["hostname"], "kitchen");
  EXPECT_EQ(instance["ports"].size(), 5u);
  EXPECT_EQ(instance["exit_code"], 0);

  Entities asJob = cs.resolve(uuid);
  EXPECT_EQ(asJob.count(), 1u);
  ASSERT_EQ(asJob.jobs.size(), 1u);
  Entities asInstance = cs.resolve(instance["task_id"]);
  EXPECT_EQ(asInstance.count(), 1u);
  ASSERT_EQ(asInstance.instances.size(), 1u);
  EXPECT_EQ(asInstance.instances[0]["uuid"], uuid);
  Entities asGroup = cs.resolve(group);
  EXPECT_EQ(asGroup.count(), 1u);
  ASSERT_EQ(asGroup.groups.size(), 1u);
  expectGroup(asGroup.groups[0]);
  EXPECT_EQ(asGroup.groups[0]["name"], "fruit");
  EXPECT_EQ(asGroup.groups[0]["completed"], 1);
  EXPECT_THAT(asGroup.groups[0]["jobs"], ElementsAre(uuid));
  EXPECT_EQ(cs.resolve(job("")["uuid"]).count(), 0u);
}

TEST_P(Cs, PrintsWhyASubmissionIsRefused) {
  auto refusal = [&](const char* key, const json& value, const std::string& pool = "") {
    json asked = csJob("true");
    asked[key] = value;
    json body{{"jobs", {asked}}};
    if (!pool.empty()) body["pool"] = pool;
    auto answer = cs.post("jobs", body);
    EXPECT_EQ(answer.status, 400u) << answer.body;
    json read = json::parse(answer.body);
    if (read.contains("errors")) return read["errors"].dump();
    return read.at("error").get<std::string>();
  };
  EXPECT_EQ(refusal("cpus", 11), "Requested 11.0 cpus, but only allowed to use 10.0");
  EXPECT_THAT(refusal("mem", 49153), HasSubstr("mb memory, but only allowed to use 49152"));
  EXPECT_EQ(refusal("ports", 6), "Requested 6 ports, but only allowed to use 5");
  EXPECT_THAT(refusal("max-retries", 16), HasSubstr("exceeds the maximum retry limit"));
  EXPECT_THAT(refusal("command", std::string(5001, 'x')), HasSubstr("(5000)"));
  EXPECT_THAT(refusal("priority", 16000001), HasSubstr("between-0-and-16000000"));
  EXPECT_THAT(refusal("colour", "red"), HasSubstr("colour"));
  EXPECT_EQ(refusal("name", "a", "retired"), "retired is not accepting job submissions.");
  EXPECT_EQ(refusal("name", "a", "nowhere"), "nowhere is not a valid pool name.");
}

TEST_P(Cs, ListsJobs) {
  json ends = csJob("true"), fails = csJob("exit 3"), runs = csJob("sleep 600");
  ends["name"] = "list.ends";
  fails["name"] = "list.fails";
  runs["name"] = "list.runs";
  cs.submit({ends, fails});
  cs.submit({runs}, nullptr, "second");
  cs.wait(ends["uuid"]);
  cs.wait(fails["uuid"]);
  cs.waitUntil(runs["uuid"], "running");
  auto listed = [&](std::vector<std::string> states, Parameters more) {
    Parameters all{{"user", GetParam().user}, {"limit", "150"}};
    for (auto& state : states) all.emplace_back("state", state);
    all.insert(all.end(), more.begin(), more.end());
    all.insert(all.end(), {{"start", at(-6 * HOUR_MS)}, {"end", at(1)}});
    std::set<std::string> uuids;
    for (const json& one : cs.data("jobs", all)) {
      expectJob(one);
      uuids.insert(one["uuid"]);
    }
    return uuids;
  };
  using Uuids = std::set<std::string>;
  std::string ended = ends["uuid"], failed = fails["uuid"], running = runs["uuid"];
  EXPECT_EQ(listed({"running"}, {}), Uuids{running});
  EXPECT_EQ(listed({"success"}, {{"name", "list*"}}), Uuids{ended});
  EXPECT_EQ(listed({"failed"}, {}), Uuids{failed});
  EXPECT_EQ(listed({"waiting", "running", "completed"}, {}), (Uuids{ended, failed, running}));
  EXPECT_EQ(listed({"waiting", "running", "completed"}, {{"pool", "second"}}), Uuids{running});
  EXPECT_EQ(listed({"running"}, {{"name", "other*"}}), Uuids{});
  // With --exclude-custom-executor.
  json older = cs.data("list", {{"user", GetParam().user},
                                {"limit", "150"},
                                {"state", "waiting+running+completed"},
                                {"start-ms", at(-6 * HOUR_MS)},
                                {"end-ms", at(1)}});
  EXPECT_EQ(older.size(), 3u);
  for (const json& one : older) expectJob(one);
}

TEST_P(Cs, KillsJobsInstancesAndGroups) {
  json whole = csJob("sleep 600"), attempt = csJob("sleep 600"), member = csJob("sleep 600");
  std::string group = job("")["uuid"];
  member["group"] = group;
  cs.submit({whole, attempt});
  cs.submit({member});
  std::string uuid = whole["uuid"];
  cs.waitUntil(attempt["uuid"], "running");
  std::string task = latestInstance(cs.resolve(attempt["uuid"]).jobs.at(0))["task_id"];
  ASSERT_EQ(cs.resolve(uuid).count(), 1u);
  auto killed = cs.del("rawscheduler", {{"job", uuid}});
  EXPECT_EQ(killed.status, 204u);
  EXPECT_EQ(killed.body, "");
  ASSERT_EQ(cs.resolve(task).count(), 1u);
  EXPECT_EQ(cs.del("rawscheduler", {{"instance", task}}).status, 204u);
  ASSERT_EQ(cs.resolve(group).count(), 1u);
  EXPECT_EQ(cs.del("group", {{"uuid", group}}).status, 204u);
  for (const json& one : {whole, attempt, member}) {
    json shown = cs.wait(one["uuid"]);
    EXPECT_EQ(shown["state"], "failed");
    expectJob(shown);
  }
  EXPECT_EQ(latestInstance(cs.wait(attempt["uuid"]))["reason_string"], "Killed by user");
  EXPECT_EQ(cs.del("rawscheduler", {{"job", uuid}}).status, 204u) << "killing again does nothing";
}

TEST_P(Cs, AddsUpTheUsageOfRunningJobs) {
  json single = csJob("sleep 600"), member = csJob("sleep 600");
  std::string group = job("")["uuid"];
  member["group"] = group;
  cs.submit({single});
  cs.submit({member}, {{"uuid", group}, {"name", "crew"}}, "second");
  cs.waitUntil(single["uuid"], "running");
  cs.waitUntil(member["uuid"], "running");
  Parameters user{{"user", GetParam().user}};
  json usage = cs.data("usage", {user[0], {"group_breakdown", "true"}});
  json share = cs.data("share", user), quota = cs.data("quota", user);
  std::map<std::string, std::string> states;
  for (const json& pool : cs.data("pools")) states[pool.at("name")] = pool.at("state");
  std::set<std::string> pools{"default", "second", "retired"};
  EXPECT_EQ(keysOf(usage.at("pools")), pools);
  EXPECT_EQ(keysOf(share.at("pools")), pools);
  EXPECT_EQ(keysOf(quota.at("pools")), pools);
  EXPECT_EQ(states["retired"], "inactive");
  EXPECT_EQ(usage.at("total_usage").at("jobs"), 2);
  for (const std::string& pool : pools) {
    EXPECT_TRUE(states.contains(pool));
    const json& its = usage["pools"][pool];
    for (const char* key : {"cpus", "mem", "gpus"}) {
      EXPECT_TRUE(its.at("total_usage").at(key).is_number());
      EXPECT_EQ(share["pools"][pool].at(key), std::numeric_limits<double>::max());
      EXPECT_EQ(quota["pools"][pool].at(key), std::numeric_limits<double>::max());
    }
    EXPECT_EQ(quota["pools"][pool].at("count"), 2147483647);
    std::vector<std::string> running = its.at("ungrouped").at("running_jobs");
    for (const json& one : its.at("grouped")) {
      EXPECT_EQ(one.at("group").at("name"), "crew");
      for (std::string uuid : one.at("group").at("running_jobs")) running.push_back(uuid);
      EXPECT_EQ(one.at("usage").at("jobs"), 1);
    }
    if (running.empty()) continue;
    Parameters ids;
    for (auto& uuid : running) ids.emplace_back("job", uuid);
    for (const json& one : cs.data("rawscheduler", ids)) expectJob(one);
    EXPECT_EQ(running.size(), 1u) << pool;
  }
}

TEST_P(Cs, CopiesTheLimitsOfOneClusterToAnother) {
  Parameters user{{"user", "carol"}};
  std::string pool = "second";
  json share = admin.data("share", user).at("pools").at(pool);
  json quota = admin.data("quota", user).at("pools").at(pool);
  quota["count"] = 7;
  json body{{"pool", pool}, {"user", "carol"}, {"reason", "Copying limits"}};
  body["share"] = share;
  EXPECT_EQ(admin.post("share", body).status, 201u);
  body.erase("share");
  body["quota"] = quota;
  EXPECT_EQ(admin.post("quota", body).status, 201u);
  json now = admin.data("quota", user).at("pools");
  EXPECT_EQ(now.at(pool).at("count"), 7);
  EXPECT_EQ(now.at("default").at("count"), 2147483647);
}

// `cs admin instances`: the instances of the last hours by status, added up.
TEST_P(Cs, AddsUpInstances) {
  json failing = csJob("exit 7");
  cs.submit({failing});
  EXPECT_EQ(cs.wait(failing["uuid"])["state"], "failed");
  json stats = admin.data("stats/instances", {{"status", "failed"},
                                              {"start", at(-HOUR_MS)},
                                              {"end", at(HOUR_MS)}});
  auto expectSums = [](const json& sums) {
    EXPECT_EQ(sums.at("count"), 1);
    for (const char* key : {"cpu-seconds", "mem-seconds", "run-time-seconds"}) {
      EXPECT_EQ(keysOf(sums.at(key).at("percentiles")),
                (std::set<std::string>{"50", "75", "95", "99", "100"}));
      EXPECT_TRUE(sums.at(key).at("total").is_number());
    }
  };
  expectSums(stats.at("overall"));
  const std::string reason = "Command exited non-zero";
  expectSums(stats.at("by-reason").at(reason));
  expectSums(stats.at("by-user-and-reason").at(GetParam().user).at(reason));
  EXPECT_TRUE(stats.at("leaders").at("cpu-seconds").at(GetParam().user).is_number());
  EXPECT_TRUE(stats.at("leaders").at("mem-seconds").contains(GetParam().user));
}

INSTANTIATE_TEST_SUITE_P(Configurations, Cs, ::testing::ValuesIn(SHIPPED),
                         [](auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace maitred::e2e
