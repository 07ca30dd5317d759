// kill -9 of the host, of the queue's process or of the backend's process, at random moments of a
// batch of 2,000 jobs. Afterwards the queue's account of every job must agree with what really ran.
#include "crash-batch.h"

#include "../long-run.h"

#include <fstream>
#include <random>

namespace maitred::e2e {
namespace {

class CrashOneCluster : public CrashBatch {
 protected:
  void submitAll(System& system) {
    json batch = json::array();
    for (int i = 0; i < LONG_RUNNERS; ++i) {
      batch.push_back(makeJob(system, waiting(system, "exit 7"), 1));
    }
    for (int i = 0; i < JOBS; ++i) {
      batch.push_back(makeJob(system, commandOf(kindOf(i)), retriesOf(kindOf(i))));
      if (batch.size() < 250 && i != JOBS - 1) continue;
      ASSERT_NO_FATAL_FAILURE(send(system, "ana", batch));
      batch = json::array();
    }
  }

  void round(const std::string& victim, std::mt19937_64& random) {
    uuids.clear();
    System system({.cpus = 4});
    system.start();
    ASSERT_NO_FATAL_FAILURE(submitAll(system));
    auto tasks = waitForFirst(system, {uuids.begin(), uuids.begin() + LONG_RUNNERS});
    for (int kill = 1; kill <= KILLS; ++kill) {
      size_t moment = JOBS * (kill - 1) / KILLS + random() % (JOBS / KILLS) + LONG_RUNNERS;
      waitForRuns(system, moment);
      ASSERT_NO_FATAL_FAILURE(crash(system, victim));
    }
    std::ofstream(system.folder() + "/go") << "\n";
    json all = waitForAll(system);
    auto ran = runs(system);
    size_t instances = 0;
    for (const json& one : all) instances += one["instances"].size();
    for (int i = 0; i < LONG_RUNNERS; ++i) {
      ASSERT_NO_FATAL_FAILURE(expectKept(all[i], tasks[i]));
    }
    for (int i = 0; i < JOBS && !HasFailure(); ++i) {
      expectTrue(all[LONG_RUNNERS + i], kindOf(i), ran);
    }
    EXPECT_LE(ran.size(), instances) << "something ran that no job knows";
  }
};

TEST_P(CrashOneCluster, EveryJobEndsAsItsStateMachineAllows) {
  std::string victim = GetParam();
  std::mt19937_64 random(seed() * 3 + victim.size());
  maitred::testing::LongRun time("batches with " + std::to_string(KILLS) + " kills of " + victim);
  int done = 0;
  for (; time.goOn(done, rounds()) && !HasFailure(); ++done) {
    SCOPED_TRACE("repeat with MAITRED_TEST_SEED=" + std::to_string(seed()) + ", round " +
                 std::to_string(done));
    round(victim, random);
  }
  std::cout << victim << ": " << done * KILLS << " of " << rounds() * KILLS << " kills, " << lost
            << " instances that the system lost and repeated free of charge\n";
}

INSTANTIATE_TEST_SUITE_P(Victims, CrashOneCluster, ::testing::Values("host", "cook", "local"),
                         [](auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
