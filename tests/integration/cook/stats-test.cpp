// GET /running (8.14) and GET /stats/instances (8.22).

#include "admin-fixture.h"

namespace maitred::cook {
namespace {

class Statistics : public Admin {
 protected:
  ~Statistics() noexcept override {}

  std::string query(const std::string& status, const std::string& more = "") {
    return "/stats/instances?status=" + status + "&start=0&end=2000000000" + more;
  }
  std::string recent(const std::string& status, const std::string& more = "") {
    std::int64_t now = (kj::systemPreciseCalendarClock().now() - kj::UNIX_EPOCH) / kj::MILLISECONDS;
    return "/stats/instances?status=" + status + "&start=" + std::to_string(now - 3'600'000) +
           "&end=" + std::to_string(now + 3'600'000) + more;
  }
};

TEST_P(Statistics, WhatRunsIsForAdmins) {
  EXPECT_EQ(post("ana", {job(1, "hold"), job(2, "hold"), job(3, "exit 0")}), 201u);
  untilRunning(1);
  untilRunning(2);
  until([&] { return get("/jobs/" + idOf(3))["state"] == "success"; }, "it is over");
  json list = get("/running", "boss");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0]["instance/status"], "instance.status/running");
  EXPECT_EQ(list[0]["instance/hostname"], "host1");
  EXPECT_EQ(list[0]["job/_instance"]["job/user"], "ana");
  EXPECT_EQ(list[0]["instance/task-id"],
            get("/jobs/" + list[0]["job/_instance"]["job/uuid"].get<std::string>())["instances"][0]
               ["task_id"]);
  EXPECT_EQ(get("/running?limit=1", "boss").size(), 1u);
  EXPECT_EQ(ask("boss", "GET", "/running?limit=0").status, 400u);
  last = ask("ana", "GET", "/running");
  EXPECT_EQ(last.status, 403u);
  EXPECT_EQ(errorOf(last), "Unauthorized");
}

TEST_P(Statistics, InstancesAreCountedByReasonAndUser) {
  EXPECT_EQ(post("ana", {job(1, "exit 0", {{"cpus", 2}}), job(2, "exit 0", {{"name", "other"}})}),
            201u);
  EXPECT_EQ(post("ben", {job(3, "exit 1"), job(4, "exit 0")}), 201u);
  for (int n : {1, 2, 3, 4}) {
    until([&] { return get("/jobs/" + idOf(n))["status"] == "completed"; }, "all are over");
  }
  json good = get(recent("success"), "boss");
  EXPECT_EQ(good["overall"]["count"], 3);
  EXPECT_TRUE(good["overall"]["run-time-seconds"]["percentiles"].contains("99"));
  EXPECT_TRUE(good["overall"]["cpu-seconds"].contains("total"));
  EXPECT_EQ(good["by-user-and-reason"]["ana"].begin().value()["count"], 2);
  EXPECT_EQ(good["leaders"]["mem-seconds"].size(), 2u);
  json bad = get(recent("failed"), "boss");
  EXPECT_EQ(bad["by-reason"]["Command exited non-zero"]["count"], 1);
  EXPECT_EQ(get(recent("success", "&name=oth*"), "boss")["overall"]["count"], 1);
  json none = get(query("success"), "boss");
  EXPECT_EQ(none["overall"], json::object());
  EXPECT_EQ(none["leaders"], (json{{"cpu-seconds", json::object()},
                                   {"mem-seconds", json::object()}}));
}

TEST_P(Statistics, AreRefusedWithTheReason) {
  const std::tuple<std::string, unsigned, const char*> cases[] = {
      {"?status=success&start=5", 400, "missing-required-key"},
      {"?status=gone&start=5&end=9", 400, "unsupported status gone"},
      {"?status=success&start=x&end=9", 400, "start is neither"},
      {"?status=success&start=9&end=9", 400, "end time must be after start time"},
      {"?status=success&start=0&end=2678400001", 400,
       "time interval must be less than or equal to 31 days"},
      {"?status=success&start=0&end=9&name=a%20b", 400, "unsupported name filter"},
  };
  for (const auto& [path, status, text] : cases) {
    last = ask("boss", "GET", "/stats/instances" + path);
    EXPECT_EQ(last.status, status) << path;
    EXPECT_THAT(last.body, HasSubstr(text));
  }
  EXPECT_EQ(get("/stats/instances?status=success&start=0&end=2678400000", "boss")["overall"],
            json::object());
  last = ask("ana", "GET", query("success"));
  EXPECT_EQ(last.status, 403u);
  EXPECT_EQ(errorOf(last), "Unauthorized");
}

INSTANTIATE_TEST_SUITE_P(Isolation, Statistics, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
