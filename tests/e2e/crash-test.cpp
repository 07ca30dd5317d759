// What a crash costs: nothing that was accepted. Each under continuing submissions.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>

namespace maitred::e2e {
namespace {

using ::testing::HasSubstr;

class Crash : public ::testing::TestWithParam<const char*> {
 protected:
  System::Options options() { return {.isolation = GetParam()}; }

  // Submits one job after the other, remembering those that were accepted, until `enough` are.
  void keepSubmitting(System& system, size_t enough, const std::string& command = "true") {
    system.eventually("enough jobs were accepted", [&]() {
      json jobs = json::array({job(command)});
      ++attempts;
      if (system.submit("ana", jobs) == 201) accepted.push_back(jobs[0]["uuid"]);
      return accepted.size() >= enough;
    });
  }

  void expectNothingLost(System& system) {
    for (auto& done : system.waitFor(accepted, 90 * kj::SECONDS)) {
      EXPECT_EQ(done["state"], "success") << done.dump(1);
      std::set<std::string> successes;
      for (auto& one : done["instances"]) {
        if (one["status"] == "success") successes.insert(one["task_id"]);
      }
      EXPECT_EQ(successes.size(), 1u);
    }
  }

  std::vector<std::string> accepted;
  size_t attempts = 0;
};

TEST_P(Crash, OfTheHostLeavesTasksRunningAndTheirExitsTrue) {
  System system(options());
  system.start();
  json jobs = json::array({job("sleep 4; echo survived"), job("sleep 1; exit 7")});
  jobs[1]["max_retries"] = 1;
  ASSERT_EQ(system.submit("ana", jobs), 201u);
  auto uuids = uuidsOf(jobs);
  system.eventually("both run", [&]() {
    return system.job(uuids[0])["state"] == "running" &&
           system.job(uuids[1])["state"] == "running" &&
           system.job(uuids[1])["instances"][0]["status"] == "running" &&
           system.job(uuids[0])["instances"][0]["status"] == "running";
  });
  std::string task = system.job(uuids[0])["instances"][0]["task_id"];
  std::string sandbox = system.job(uuids[1])["instances"][0]["sandbox_directory"];
  system.kill9();
  // The short one ends while nobody watches: its shim leaves a record.
  auto ended = std::time(nullptr) + 2;
  system.eventually("two seconds have passed", [&]() { return std::time(nullptr) >= ended; });
  int64_t restartedAt = std::time(nullptr) * 1000;
  system.start();
  json done = system.waitFor(uuids);
  EXPECT_EQ(done[0]["state"], "success");
  ASSERT_EQ(done[0]["instances"].size(), 1u) << "it was run again";
  EXPECT_EQ(done[0]["instances"][0]["task_id"], task);
  ASSERT_EQ(done[1]["instances"].size(), 1u);
  EXPECT_EQ(done[1]["instances"][0]["exit_code"], 7);
  EXPECT_LE(done[1]["instances"][0]["end_time"].get<int64_t>(), restartedAt);
}

// What a worker does whose host was killed, until the system is done with it.
TEST_P(Crash, LeavesAnAddressHeldForAMoment) {
  System system(options());
  kj::AutoCloseFd held(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(system.ports().rest);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(held, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  ASSERT_EQ(listen(held, 1), 0);
  system.launch();
  system.eventually("it waits", [&]() {
    return system.log().find("is in use: waiting") != std::string::npos;
  });
  held = nullptr;
  system.eventually("the host is ready", [&]() { return system.ready(); });
  EXPECT_EQ(system.terminate(), 0);
}

TEST_P(Crash, OfTheHostLosesNoAcceptedJob) {
  System system(options());
  system.start();
  for (int round = 1; round <= 3; ++round) {
    keepSubmitting(system, accepted.size() + 15, "sleep 0.1");
    system.kill9();
    system.start();
  }
  expectNothingLost(system);
}

class PluginCrash : public Crash {
 protected:
  pid_t pidOf(System& system, const std::string& instance) {
    return system.status(instance)["pid"];
  }
  void expectRestartedBecause(System& system, const std::string& instance,
                              const std::string& cause) {
    system.eventually(instance + " was restarted", [&]() {
      json status = system.status(instance);
      return status["restarts"].get<int>() >= 1 && status["state"] == "active";
    });
    EXPECT_THAT(system.status(instance)["last_failure"].get<std::string>(), HasSubstr(cause));
  }
};

TEST_P(PluginCrash, AKilledPluginLosesNothing) {
  for (const char* victim : {"local", "cook"}) {
    System system(options());
    system.start();
    accepted.clear();
    keepSubmitting(system, 10, "sleep 0.2");
    ASSERT_EQ(kill(pidOf(system, victim), SIGKILL), 0);
    keepSubmitting(system, 30, "sleep 0.05");
    expectRestartedBecause(system, victim, "signal 9");
    expectNothingLost(system);
  }
}

TEST_P(PluginCrash, AStoppedPluginIsReplaced) {
  System system(options());
  system.start();
  keepSubmitting(system, 5);
  ASSERT_EQ(kill(pidOf(system, "local"), SIGSTOP), 0);
  keepSubmitting(system, 15);  // the queue goes on accepting meanwhile
  expectRestartedBecause(system, "local", "heartbeat");
  expectNothingLost(system);
}

TEST_P(PluginCrash, ALeakEndsAtItsLimitAndDisturbsNobody) {
  System::Options withLeaker = options();
  withLeaker.extraPlugins = "  - name: leaker\n    library: test-trial\n    memory: 256MiB\n";
  System system(withLeaker);
  system.start();
  pid_t queue = pidOf(system, "cook");
  keepSubmitting(system, 5);
  system.ctl({"ask", "leaker", "leak", "300"});
  keepSubmitting(system, 25);
  expectRestartedBecause(system, "leaker", "memory limit");
  expectNothingLost(system);
  EXPECT_EQ(pidOf(system, "cook"), queue);
}

INSTANTIATE_TEST_SUITE_P(Isolations, Crash, ::testing::Values("process", "inline"),
                         [](auto& info) { return std::string(info.param); });
INSTANTIATE_TEST_SUITE_P(Isolations, PluginCrash, ::testing::Values("process"),
                         [](auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
