#include "crash-batch.h"

#include <fstream>

#include <signal.h>

namespace maitred::e2e {
namespace {

constexpr int NON_ZERO_EXIT = 99003;

}  // namespace

CrashBatch::Kind CrashBatch::kindOf(int index) {
  if (index % 20 == 7) return Kind::failsOnce;
  return index % 20 == 13 ? Kind::failsAlways : Kind::good;
}

std::string CrashBatch::commandOf(Kind kind) {
  if (kind == Kind::failsOnce) return "[ $COOK_INSTANCE_NUM -gt 0 ] || exit 3";
  return kind == Kind::failsAlways ? "exit 5" : "exit 0";
}

bool CrashBatch::isLong() {
  const char* profile = std::getenv("MAITRED_TEST_PROFILE");
  return profile != nullptr && std::string(profile) == "long";
}

std::uint64_t CrashBatch::seed() {
  const char* given = std::getenv("MAITRED_TEST_SEED");
  return given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
}

std::map<std::string, int> CrashBatch::runs(System& system) {
  std::map<std::string, int> counts;
  std::ifstream file(system.folder() + "/runs");
  std::string line;
  while (std::getline(file, line)) ++counts[line];
  return counts;
}

json CrashBatch::makeJob(System& system, const std::string& command, int retries) {
  json one = job("echo $COOK_INSTANCE_UUID >> " + system.folder() + "/runs; " + command, 0.25);
  one["mem"] = 16;
  one["max_retries"] = retries;
  return one;
}

void CrashBatch::send(System& system, const std::string& user, const json& jobs,
                      const json& groups) {
  json body{{"jobs", jobs}};
  if (!groups.empty()) body["groups"] = groups;
  auto response = system.rest("POST", "/jobs", body.dump(), user);
  ASSERT_EQ(response.status, 201u) << response.body.c_str();
  for (const json& one : jobs) uuids.push_back(one["uuid"]);
}

void CrashBatch::waitForRuns(System& system, std::size_t count) {
  system.eventually(
      std::to_string(count) + " runs", [&]() { return runs(system).size() >= count; },
      120 * kj::SECONDS);
}

void CrashBatch::crash(System& system, const std::string& victim) {
  if (victim == "host") {
    system.kill9();
    system.start();
    return;
  }
  json before = system.status(victim);
  ASSERT_EQ(kill(before["pid"].get<pid_t>(), SIGKILL), 0);
  system.eventually(victim + " was restarted", [&]() {
    json now = system.status(victim);
    return now["state"] == "active" && now["pid"] != before["pid"];
  });
}

json CrashBatch::waitForAll(System& system) {
  std::map<std::string, json> byUuid;
  for (size_t first = 0; first < uuids.size(); first += 50) {
    std::string path = "/jobs?";
    size_t last = std::min(first + 50, uuids.size());
    for (size_t i = first; i < last; ++i) path += (i == first ? "uuid=" : "&uuid=") + uuids[i];
    json part;
    system.eventually(
        "jobs from " + std::to_string(first) + " on are completed",
        [&]() {
          auto response = system.rest("GET", path);
          part = json::parse(response.body, nullptr, false);
          KJ_REQUIRE(response.status == 200 && part.is_array(), response.body.c_str());
          return std::all_of(part.begin(), part.end(),
                             [](const json& one) { return one["status"] == "completed"; });
        },
        240 * kj::SECONDS);
    for (auto& one : part) byUuid[one["uuid"]] = one;
  }
  json all = json::array();
  for (auto& uuid : uuids) all.push_back(byUuid[uuid]);
  return all;
}

std::vector<std::string> CrashBatch::waitForFirst(System& system,
                                                  const std::vector<std::string>& ids) {
  std::vector<std::string> tasks;
  system.eventually("the long ones run", [&]() {
    tasks.clear();
    for (const std::string& id : ids) {
      json one = system.job(id);
      if (one["instances"].empty() || one["instances"][0]["status"] != "running") return false;
      tasks.push_back(one["instances"][0]["task_id"]);
    }
    return true;
  });
  return tasks;
}

void CrashBatch::expectKept(const json& one, const std::string& task) {
  ASSERT_EQ(one["instances"].size(), 1u) << "not taken up again: " << one.dump(1);
  EXPECT_EQ(one["instances"][0]["task_id"], task);
  EXPECT_EQ(one["instances"][0]["exit_code"], 7) << one.dump(1);
  EXPECT_EQ(one["state"], "failed");
}

void CrashBatch::expectTrue(const json& one, Kind kind,
                            const std::map<std::string, int>& runs) {
  int successes = 0, ownFailures = 0, free = 0;
  for (auto& instance : one["instances"]) {
    auto at = runs.find(instance["task_id"]);
    int ran = at == runs.end() ? 0 : at->second;
    bool success = instance["status"] == "success";
    successes += success;
    bool own = !success && instance["reason_code"] == NON_ZERO_EXIT;
    ownFailures += own;
    free += !success && !own;
    // The system's own failures may have come before the command.
    EXPECT_LE(ran, 1) << "a task ran twice: " << one.dump(1);
    if (success || own) {
      EXPECT_EQ(ran, 1) << one.dump(1);
    }
    if (!success && !own) {
      EXPECT_EQ(instance["reason_mea_culpa"], true) << one.dump(1);
    }
  }
  lost += free;
  EXPECT_EQ(one["state"], kind == Kind::failsAlways ? "failed" : "success") << one.dump(1);
  EXPECT_EQ(successes, kind == Kind::failsAlways ? 0 : 1) << one.dump(1);
  if (kind == Kind::good) {
    EXPECT_EQ(ownFailures, 0) << one.dump(1);
  }
  if (kind == Kind::failsOnce) {
    // Its first instance fails; not so if the system lost that one before it ran.
    EXPECT_LE(ownFailures, 1) << one.dump(1);
    EXPECT_GE(ownFailures + free, 1) << one.dump(1);
  }
  if (kind == Kind::failsAlways) {
    EXPECT_EQ(ownFailures, 2) << one.dump(1);
  }
  // Each attempt costs one, except the system's own failures (a few of them).
  EXPECT_EQ(one["retries_remaining"], one["max_retries"].get<int>() - successes - ownFailures)
      << one.dump(1);
}

}  // namespace maitred::e2e
