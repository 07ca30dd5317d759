// kill -9 of the host, of the queue's process or of the backend's process, at random moments of a
// batch of 2,000 jobs. Each job writes down each of its runs; afterwards the queue's account of
// every job must agree with what really ran.
//
//   MAITRED_TEST_SEED=7 …    the moments of one run; MAITRED_TEST_PROFILE=long kills 100 times each
#include "system.h"

#include "../long-run.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <random>

#include <signal.h>

namespace maitred::e2e {
namespace {

constexpr int JOBS = 2000;
constexpr int KILLS = 3;  // in one batch
constexpr int LONG_RUNNERS = 4;
constexpr int NON_ZERO_EXIT = 99003;

enum class Kind { good, failsOnce, failsAlways };

Kind kindOf(int index) {
  if (index % 20 == 7) return Kind::failsOnce;
  return index % 20 == 13 ? Kind::failsAlways : Kind::good;
}

bool isLong() {
  const char* profile = std::getenv("MAITRED_TEST_PROFILE");
  return profile != nullptr && std::string(profile) == "long";
}

std::uint64_t seed() {
  const char* given = std::getenv("MAITRED_TEST_SEED");
  return given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
}

class CrashBatch : public ::testing::TestWithParam<const char*> {
 protected:
  // How often a task ran, by its id: one appended line is one atomic write.
  std::map<std::string, int> runs(System& system) {
    std::map<std::string, int> counts;
    std::ifstream file(system.folder() + "/runs");
    std::string line;
    while (std::getline(file, line)) ++counts[line];
    return counts;
  }

  void submit(System& system) {
    std::string runs = system.folder() + "/runs";
    std::string go = system.folder() + "/go";
    json batch = json::array();
    auto add = [&](const std::string& command, int retries) {
      json one = job("echo $COOK_INSTANCE_UUID >> " + runs + "; " + command, 0.25);
      one["mem"] = 16;
      one["max_retries"] = retries;
      batch.push_back(one);
      uuids.push_back(one["uuid"]);
      if (batch.size() == 250) send(system, batch);
    };
    for (int i = 0; i < LONG_RUNNERS; ++i) {
      add("while [ ! -e " + go + " ]; do sleep 0.2; done; exit 7", 1);
    }
    for (int i = 0; i < JOBS; ++i) {
      switch (kindOf(i)) {
        case Kind::good:
          add("exit 0", 1);
          break;
        case Kind::failsOnce:
          add("[ $COOK_INSTANCE_NUM -gt 0 ] || exit 3", 2);
          break;
        case Kind::failsAlways:
          add("exit 5", 2);
          break;
      }
    }
    send(system, batch);
  }

  void send(System& system, json& batch) {
    std::string body;
    ASSERT_EQ(system.submit("ana", batch, &body), 201u) << body;
    batch = json::array();
  }

  void crash(System& system, const std::string& victim) {
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

  json waitForAll(System& system) {
    json all = json::array();
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
    for (auto& uuid : uuids) all.push_back(byUuid[uuid]);
    return all;
  }

  // The account of one job against its runs.
  void expectTrue(const json& one, Kind kind, const std::map<std::string, int>& runs) {
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

  std::vector<std::string> uuids;
  std::map<std::string, json> byUuid;
  int lost = 0;
};

TEST_P(CrashBatch, EveryJobEndsAsItsStateMachineAllows) {
  std::string victim = GetParam();
  std::mt19937_64 random(seed() * 3 + victim.size());
  int rounds = isLong() ? (100 + KILLS - 1) / KILLS : 1;
  maitred::testing::LongRun time("batches with " + std::to_string(KILLS) + " kills of " + victim);
  int round = 0;
  for (; time.goOn(round, rounds) && !HasFailure(); ++round) {
    SCOPED_TRACE("repeat with MAITRED_TEST_SEED=" + std::to_string(seed()) + ", round " +
                 std::to_string(round));
    uuids.clear();
    byUuid.clear();
    System system({.cpus = 4});
    system.start();
    ASSERT_NO_FATAL_FAILURE(submit(system));
    std::map<std::string, std::string> before;  // long runner -> its task
    system.eventually("the long ones run", [&]() {
      for (int i = 0; i < LONG_RUNNERS; ++i) {
        json one = system.job(uuids[i]);
        if (one["instances"].empty() || one["instances"][0]["status"] != "running") return false;
        before[uuids[i]] = one["instances"][0]["task_id"];
      }
      return true;
    });
    for (int kill = 1; kill <= KILLS; ++kill) {
      size_t moment = JOBS * (kill - 1) / KILLS + random() % (JOBS / KILLS) + LONG_RUNNERS;
      system.eventually(
          std::to_string(moment) + " runs", [&]() { return runs(system).size() >= moment; },
          120 * kj::SECONDS);
      ASSERT_NO_FATAL_FAILURE(crash(system, victim));
    }
    std::ofstream(system.folder() + "/go") << "\n";
    json all = waitForAll(system);
    auto ran = runs(system);
    size_t instances = 0;
    for (int i = 0; i < LONG_RUNNERS; ++i) {
      ASSERT_EQ(all[i]["instances"].size(), 1u) << "not taken up again: " << all[i].dump(1);
      EXPECT_EQ(all[i]["instances"][0]["task_id"], before[uuids[i]]);
      EXPECT_EQ(all[i]["instances"][0]["exit_code"], 7) << all[i].dump(1);
      EXPECT_EQ(all[i]["state"], "failed");
      ++instances;
    }
    for (int i = 0; i < JOBS && !HasFailure(); ++i) {
      expectTrue(all[LONG_RUNNERS + i], kindOf(i), ran);
      instances += all[LONG_RUNNERS + i]["instances"].size();
    }
    EXPECT_LE(ran.size(), instances) << "something ran that no job knows";
  }
  std::cout << victim << ": " << round * KILLS << " of " << rounds * KILLS << " kills, " << lost
            << " instances that the system lost and repeated free of charge\n";
}

INSTANTIATE_TEST_SUITE_P(Victims, CrashBatch, ::testing::Values("host", "cook", "local"),
                         [](auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
