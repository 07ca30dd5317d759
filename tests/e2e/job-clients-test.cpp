// What the Python and the Java job client ask for.
#include "cook-client.h"

#include <gmock/gmock.h>

namespace maitred::e2e {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A job as the Python client writes it: durations are numbers with a point.
json pythonJob(const std::string& command) {
  json made = job(command);
  return {{"uuid", made["uuid"]},       {"command", command},
          {"cpus", 0.5},                {"mem", 64.0},
          {"max-retries", 1},           {"max-runtime", 180000.0},
          {"expected-runtime", 60000.0}, {"name", "cookjob"},
          {"priority", 50},             {"env", json::object()}};
}

class PythonClient : public ClientTest {
 protected:
  CookClient python{system, GetParam().user, "python-requests/2.28.1"};

  json query(const std::string& uuid) { return python.data("jobs", {{"uuid", uuid}}).at(0); }
};

TEST_P(PythonClient, SubmitsQueriesAndKills) {
  json ends = pythonJob("true"), runs = pythonJob("sleep 600");
  auto submitted = python.post("jobs", {{"jobs", {ends, runs}}, {"pool", "second"}});
  EXPECT_EQ(submitted.status, 201u) << submitted.body;
  json shown;
  system.eventually("the job has ended", [&] {
    shown = query(ends["uuid"]);
    return shown["status"] == "completed";
  });
  expectJob(shown);
  EXPECT_EQ(shown["state"], "success");
  EXPECT_EQ(shown["max_runtime"], 180000);
  EXPECT_EQ(shown["expected_runtime"], 60000);
  EXPECT_EQ(shown["uris"], json::array()) << "it walks over the list without looking";
  EXPECT_EQ(shown["groups"], json::array());
  for (const json& one : shown["instances"]) {
    EXPECT_TRUE(one.contains("end_time"));
    EXPECT_THAT(one.value("executor", "mesos"), AnyOf("cook", "mesos"));
  }
  EXPECT_EQ(python.del("rawscheduler", {{"job", runs["uuid"]}}).status, 204u);
  system.eventually("the other is killed",
                    [&] { return query(runs["uuid"])["state"] == "failed"; });
  EXPECT_EQ(python.get("jobs", {{"uuid", job("")["uuid"]}}).status, 404u);
}

INSTANTIATE_TEST_SUITE_P(Configurations, PythonClient, ::testing::ValuesIn(SHIPPED),
                         [](auto& info) { return std::string(info.param.name); });

class JavaClient : public ::testing::Test {
 protected:
  System system{System::Options{.shipped = SHIPPED[1].file}};
  CookClient java{system, "poser", "Apache-HttpClient/4.3 (java 1.5)"};

  void SetUp() override {
    system.start();
    java.impersonate("ana");
  }
};

// It speaks to /rawscheduler, knows the fields of old, and asks for jobs in batches.
TEST_F(JavaClient, SubmitsPollsAndRetries) {
  std::string group = job("")["uuid"];
  json jobs = json::array();
  for (int i = 0; i < 3; ++i) {
    json one = job(i == 0 ? "exit 4" : "true");
    one.update({{"max_retries", 1}, {"status", "INITIALIZED"}, {"group", group}});
    jobs.push_back(one);
  }
  auto submitted = java.post(
      "rawscheduler",
      {{"jobs", jobs},
       {"groups", {{{"uuid", group}, {"name", "java"}, {"host_placement", {{"type", "all"}}}}}}});
  EXPECT_EQ(submitted.status, 201u) << submitted.body;
  Parameters ids;
  for (auto& uuid : uuidsOf(jobs)) ids.emplace_back("job", uuid);
  json polled;
  system.eventually("all have ended", [&] {
    polled = java.data("rawscheduler", ids);
    for (const json& one : polled) {
      if (one["status"] != "completed") return false;
    }
    return polled.size() == 3;
  });
  for (const json& one : polled) {
    expectJob(one);
    EXPECT_EQ(one["user"], "ana") << "for whom it came";
    EXPECT_THAT(one["groups"], ElementsAre(group));
  }
  std::string failed = jobs[0]["uuid"];
  EXPECT_EQ(latestInstance(polled[0])["reason_string"], "Command exited non-zero");
  json groups = java.data("group", {{"uuid", group}, {"detailed", "true"}});
  expectGroup(groups.at(0));
  EXPECT_EQ(groups[0]["completed"], 3);
  EXPECT_EQ(java.data("retry", {{"job", failed}}), 1);
  auto retried = java.post("retry", {{"job", failed}, {"retries", 2}});
  EXPECT_EQ(retried.status, 201u) << retried.body;
  EXPECT_EQ(json::parse(retried.body), 2);
  json again = java.wait(failed);
  system.eventually("it has been tried again", [&] {
    again = java.wait(failed);
    return again["instances"].size() == 2;
  });
  auto increased = java.put("retry", {{"groups", {group}}, {"increment", 1}});
  EXPECT_EQ(increased.status, 201u) << "of the one that failed: " << increased.body;
}

TEST_F(JavaClient, MayActForOthersOnlyIfItIsAnImpersonator) {
  CookClient other{system, "ben"};
  other.impersonate("ana");
  auto refused = other.post("rawscheduler", {{"jobs", {job("true")}}});
  EXPECT_EQ(refused.status, 403u);
  EXPECT_THAT(refused.body, HasSubstr("User ben does not have impersonation privileges."));
}

}  // namespace
}  // namespace maitred::e2e
