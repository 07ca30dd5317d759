// The same with two clusters and two users. Ana holds everything, so that it takes the rebalancer
// to make room for ben's batch, parts of which are in groups that say where they may run. Each kill
// hits the host, the queue, or one of the backends while the other one lives.
#include "crash-batch.h"

#include "../long-run.h"

#include <fstream>
#include <random>

namespace maitred::e2e {
namespace {

constexpr int HELD = 32;  // jobs that fill both clusters
constexpr int IN_SHARE = 3;
constexpr int BATCH = 250;
constexpr int PREEMPTED = 1002;

class CrashTwoClusters : public CrashBatch {
 protected:
  static System::Options options() {
    return {.cpus = 4,
            .extraPlugins = "  - name: annex\n    library: maitred-local\n"
                            "    listen: { files: \"127.0.0.1:0\" }\n"
                            "    config:\n      nodes: { cellar: { resources: { cpus: 4, "
                            "mem: 8GiB } } }\n      run_as: host\n      allow_root: true\n"
                            "      limits: watch\n"};
  }

  void configure(System& system) {
    system.editConfig("backends: [local]", "backends: [local, annex]");
    system.editConfig("      admins: [operator]\n",
                      "      admins: [operator]\n"
                      "      rebalancer: { interval: 1s, max_preemption: 20, min_dru_diff: 0.1, "
                      "safe_dru_threshold: 1.0 }\n"
                      "      mea_culpa_failure_limits: { preempted-by-rebalancer: -1 }\n");
  }

  // Four jobs of each 25 are in one group, of one kind after the other. They take long enough to
  // meet.
  json inGroups(json jobs) {
    const json kinds[] = {
        {{"type", "unique"}},
        {{"type", "balanced"}, {"parameters", {{"attribute", "HOSTNAME"}, {"minimum", 2}}}},
        {{"type", "attribute-equals"}, {"parameters", {{"attribute", "HOSTNAME"}}}}};
    json groups = json::array();
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (i % 25 >= 4) continue;
      if (i % 25 == 0) {
        std::string id = job("")["uuid"];
        groups.push_back({{"uuid", id}, {"host_placement", kinds[placements.size() % 3]}});
        placements[id] = groups.back()["host_placement"]["type"];
      }
      jobs[i]["group"] = groups.back()["uuid"];
      jobs[i]["command"] = "sleep 0.3; " + jobs[i]["command"].get<std::string>();
    }
    return {{"jobs", std::move(jobs)}, {"groups", std::move(groups)}};
  }

  void submitAll(System& system) {
    json held = json::array();
    for (int i = 0; i < HELD; ++i) held.push_back(makeJob(system, waiting(system, "exit 0"), 1));
    ASSERT_NO_FATAL_FAILURE(send(system, "ana", held));
    waitForRuns(system, HELD);
    json first = json::array();
    for (int i = 0; i < IN_SHARE; ++i) {
      first.push_back(makeJob(system, waiting(system, "exit 7"), 1));
      first.back()["priority"] = 100;
    }
    ASSERT_NO_FATAL_FAILURE(send(system, "ben", first));
    for (int from = 0; from < JOBS; from += BATCH) {
      json batch = json::array();
      for (int i = from; i < from + BATCH; ++i) {
        batch.push_back(makeJob(system, commandOf(kindOf(i)), retriesOf(kindOf(i))));
      }
      json both = inGroups(std::move(batch));
      ASSERT_NO_FATAL_FAILURE(send(system, "ben", both["jobs"], both["groups"]));
    }
  }

  struct Stay {
    std::string task, host;
    std::int64_t from, to;
  };
  static void expectApart(const Stay& a, const Stay& b, const char* what) {
    EXPECT_FALSE(a.from < b.to && b.from < a.to) << what << ": " << a.task << " and " << b.task;
  }

  // Attempts of one job follow each other, wherever they are.
  void expectOneAtATime(const json& one) {
    const json& attempts = one["instances"];
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        expectApart(stayOf(attempts[i]), stayOf(attempts[j]), "a job in two places");
      }
    }
  }
  static Stay stayOf(const json& attempt) {
    return {attempt.at("task_id"), attempt.at("hostname"), attempt.at("start_time"),
            attempt.at("end_time")};
  }

  // One that was stopped counted for its group no longer than until then, which is not told.
  void expectPlaced(const json& all) {
    std::map<std::string, std::vector<Stay>> members;
    for (const json& one : all) {
      if (one.at("groups").empty()) continue;
      std::string group = one.at("groups").at(0).at("uuid");
      for (const json& attempt : one["instances"]) {
        if (!attempt.at("preempted")) members[group].push_back(stayOf(attempt));
      }
    }
    ASSERT_EQ(members.size(), placements.size());
    for (const auto& [group, stays] : members) {
      const std::string& type = placements[group];
      for (std::size_t i = 0; i < stays.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
          bool same = stays[i].host == stays[j].host;
          if (type == "unique" && same) expectApart(stays[i], stays[j], "not on their own");
          if (type == "attribute-equals" && !same) expectApart(stays[i], stays[j], "not together");
        }
      }
    }
  }

  void expectAllTrue(System& system, const std::vector<std::string>& tasks) {
    json all = waitForAll(system);
    auto ran = runs(system);
    std::size_t instances = 0;
    for (const json& one : all) {
      for (const json& attempt : one["instances"]) {
        ++instances;
        ++byCluster[attempt.at("compute-cluster").at("name")];
        if (!attempt.at("preempted")) continue;
        ++preempted;
        EXPECT_EQ(attempt["reason_code"], PREEMPTED) << one.dump(1);
      }
      expectOneAtATime(one);
    }
    for (int i = 0; i < IN_SHARE; ++i) {
      ASSERT_NO_FATAL_FAILURE(expectKept(all[HELD + i], tasks[i]));
    }
    for (int i = 0; i < HELD; ++i) expectTrue(all[i], Kind::good, ran);
    for (int i = 0; i < JOBS && !HasFailure(); ++i) {
      expectTrue(all[HELD + IN_SHARE + i], kindOf(i), ran);
    }
    expectPlaced(all);
    EXPECT_LE(ran.size(), instances) << "something ran that no job knows";
  }

  void round(const std::string& victim, std::mt19937_64& random) {
    uuids.clear();
    placements.clear();
    System system(options());
    configure(system);
    system.start();
    ASSERT_NO_FATAL_FAILURE(submitAll(system));
    auto tasks = waitForFirst(system, {uuids.begin() + HELD, uuids.begin() + HELD + IN_SHARE});
    for (int kill = 1; kill <= KILLS; ++kill) {
      std::size_t moment = JOBS * (kill - 1) / KILLS + random() % (JOBS / KILLS) + HELD + IN_SHARE;
      waitForRuns(system, moment);
      ASSERT_NO_FATAL_FAILURE(crash(system, victim));
    }
    std::ofstream(system.folder() + "/go") << "\n";
    expectAllTrue(system, tasks);
  }

  std::map<std::string, std::string> placements;  // by group
  std::map<std::string, int> byCluster;           // instances
  int preempted = 0;
};

TEST_P(CrashTwoClusters, EveryJobEndsAsItsStateMachineAllows) {
  std::string victim = GetParam();
  std::mt19937_64 random(seed() * 3 + victim.size());
  maitred::testing::LongRun time("batches of two clusters with " + std::to_string(KILLS) +
                                 " kills of " + victim);
  int done = 0;
  for (; time.goOn(done, rounds()) && !HasFailure(); ++done) {
    SCOPED_TRACE("repeat with MAITRED_TEST_SEED=" + std::to_string(seed()) + ", round " +
                 std::to_string(done));
    round(victim, random);
  }
  // It is no proof if nothing of it happened.
  EXPECT_GT(preempted, done);
  EXPECT_GT(byCluster["local"], JOBS / 10);
  EXPECT_GT(byCluster["annex"], JOBS / 10);
  std::cout << victim << ": " << done * KILLS << " of " << rounds() * KILLS << " kills, " << lost
            << " instances repeated free of charge, " << preempted << " of them preempted\n";
}

INSTANTIATE_TEST_SUITE_P(Victims, CrashTwoClusters, ::testing::Values("host", "cook", "local"),
                         [](auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
