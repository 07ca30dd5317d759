#pragma once
// CrashBatch: a batch of jobs each of which writes down each of its runs, `kill -9` of a process
// while it is under way, and the comparison of the queue's account with what really ran.
//
//   MAITRED_TEST_SEED=7 …    the moments of one run; MAITRED_TEST_PROFILE=long kills 100 times each
#include "system.h"

#include <gtest/gtest.h>

#include <map>

namespace maitred::e2e {

class CrashBatch : public ::testing::TestWithParam<const char*> {
 protected:
  static constexpr int JOBS = 2000;
  static constexpr int KILLS = 3;  // in one batch
  static constexpr int LONG_RUNNERS = 4;

  enum class Kind { good, failsOnce, failsAlways };
  static Kind kindOf(int index);
  static std::string commandOf(Kind kind);
  static int retriesOf(Kind kind) { return kind == Kind::good ? 1 : 2; }
  // Runs until the file `go` is there.
  static std::string waiting(System& system, const std::string& then) {
    return "while [ ! -e " + system.folder() + "/go ]; do sleep 0.2; done; " + then;
  }
  static bool isLong();
  static std::uint64_t seed();
  static int rounds() { return isLong() ? (100 + KILLS - 1) / KILLS : 1; }

  // How often a task ran, by its id: one appended line is one atomic write.
  std::map<std::string, int> runs(System& system);
  json makeJob(System& system, const std::string& command, int retries);
  // Remembers the jobs, in that order.
  void send(System& system, const std::string& user, const json& jobs,
            const json& groups = json::array());
  // Waits until so many tasks have run.
  void waitForRuns(System& system, std::size_t count);
  void crash(System& system, const std::string& victim);
  json waitForAll(System& system);
  // The tasks of these jobs, once each of them runs in its first one.
  std::vector<std::string> waitForFirst(System& system, const std::vector<std::string>& ids);
  // One that waited and exited with 7: still in the task that it had before the first kill.
  void expectKept(const json& one, const std::string& task);
  // The account of one job against its runs.
  void expectTrue(const json& one, Kind kind, const std::map<std::string, int>& runs);

  std::vector<std::string> uuids;
  int lost = 0;  // instances that cost their jobs nothing
};

}  // namespace maitred::e2e
