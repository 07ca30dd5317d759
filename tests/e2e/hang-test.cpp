// A plugin that hangs is nobody else's: those who do not need it are answered as before.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include <signal.h>

namespace maitred::e2e {
namespace {

using ::testing::HasSubstr;

// Round trips of one kind of request, in milliseconds. They are printed, never judged: the machine
// may be busy.
class Latencies {
 public:
  explicit Latencies(std::string what) : what(std::move(what)) {}
  ~Latencies() {
    std::sort(all.begin(), all.end());
    auto at = [&](double share) {
      return all[std::min(all.size() - 1, static_cast<size_t>(share * all.size()))];
    };
    if (all.empty()) return;
    std::cout << what << ": " << all.size() << " requests, p50 " << at(0.5) << " ms, p90 "
              << at(0.9) << " ms, p99 " << at(0.99) << " ms, longest " << all.back() << " ms\n";
  }
  template <typename Request>
  void time(Request&& request) {
    auto begin = std::chrono::steady_clock::now();
    request();
    std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    all.push_back(took.count());
  }

 private:
  std::string what;
  std::vector<double> all;
};

// With the instance that hangs: one that nobody uses, and the queue's own backend.
class Hang : public ::testing::TestWithParam<const char*> {
 protected:
  // A hang is told after five seconds, so that there is time to measure.
  Hang() : system(options()) { system.start(); }

  static System::Options options() {
    System::Options options;
    options.hostExtra = "  worker: { heartbeat: 500ms, misses: 10 }\n";
    options.extraPlugins =
        "  - name: bystander\n    library: maitred-sim\n    config: { nodes: { shadow: { count: 1 "
        "} } }\n";
    return options;
  }
  void round(Latencies& submissions, Latencies& queries) {
    json jobs = json::array({job("true")});
    submissions.time([&]() { EXPECT_EQ(system.submit("ana", jobs), 201u); });
    accepted.push_back(jobs[0]["uuid"]);
    queries.time([&]() { EXPECT_EQ(system.rest("GET", "/jobs/" + accepted.back()).status, 200u); });
  }

  System system;
  std::vector<std::string> accepted;
};

TEST_P(Hang, OfAnotherPluginLeavesCallsTheirLatency) {
  std::string hung = GetParam();
  {
    Latencies submissions("submissions before the hang of " + hung),
        queries("queries before the hang of " + hung);
    for (int i = 0; i < 60; ++i) round(submissions, queries);
  }
  pid_t before = system.status(hung)["pid"].get<pid_t>();
  ASSERT_EQ(kill(before, SIGSTOP), 0);
  {
    Latencies submissions("submissions during the hang of " + hung),
        queries("queries during the hang of " + hung);
    for (int i = 0; i < 60; ++i) round(submissions, queries);
    system.eventually("the one that hangs is killed and started again", [&]() {
      round(submissions, queries);
      auto now = system.status(hung);
      return now["state"] == "active" && now["pid"].get<pid_t>() != before;
    });
  }
  EXPECT_THAT(system.status(hung)["last_failure"].get<std::string>(), HasSubstr("heartbeat"));
  for (auto& done : system.waitFor(accepted)) EXPECT_EQ(done["state"], "success");
}

INSTANTIATE_TEST_SUITE_P(Instances, Hang, ::testing::Values("bystander", "local"),
                         [](auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
