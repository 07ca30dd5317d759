// What goes bad while it runs: a clear word in /readyz and the status, nothing accepted that cannot
// be kept, and no effect on anything else.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace maitred::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Degraded : public ::testing::TestWithParam<const char*> {
 protected:
  System::Options options() { return {.isolation = GetParam()}; }
  void write(System& system, const std::string& name, const std::string& text) {
    std::ofstream(system.folder() + "/" + name) << text;
  }
};

constexpr const char* kSlyPolicy = R"(
-- Behaves until a job of priority 77 comes: then it loops for ever, also under its own pcall.
return {
  kind = "fairness", version = 1,
  score = function(mem, cpus, gpus, share_mem, share_cpus, share_gpus, priority, submitted_ms)
    if priority == 77 then
      while true do pcall(function() while true do end end) end
    end
    return cpus / share_cpus
  end,
}
)";

TEST_P(Degraded, APolicyThatLoopsIsOverruledAndTold) {
  System::Options sly = options();
  sly.policy = "./sly.lua";
  System system(sly);
  write(system, "sly.lua", kSlyPolicy);
  system.start();
  json jobs = json::array();
  for (int i = 0; i < 12; ++i) {
    jobs.push_back(job("true"));
    jobs.back()["priority"] = 77;
  }
  ASSERT_EQ(system.submit("ana", jobs), 201u);
  for (auto& done : system.waitFor(uuidsOf(jobs))) EXPECT_EQ(done["state"], "success");
  EXPECT_THAT(system.log(), HasSubstr("sly.lua:"));
  auto metrics = system.ctl({"metrics"});
  EXPECT_THAT(metrics.out, HasSubstr("maitred_cook_policy_failures_total{"));
  EXPECT_THAT(metrics.out, HasSubstr("sly.lua\",cause=\"instructions\"} "));
  // The author sees what a call used, where it failed, and on which inputs.
  json report = json::parse(system.ctl({"ask", "cook", "policy"}).out);
  json fairness = report["policies"]["fairness"];
  EXPECT_GT(fairness["failures"]["instructions"], 0) << report;
  EXPECT_GE(fairness["use"]["instructions"]["most"], 1'000'000) << report;
  EXPECT_EQ(fairness["use"]["instructions"]["limit"], 1'000'000) << report;
  EXPECT_THAT(fairness["last_failure"].get<std::string>(), HasSubstr("priority=77"));
  system.eventually("the status names the place and the inputs", [&]() {
    std::string message = system.status("cook")["message"];
    return message.find("sly.lua:7: score()") != message.npos &&
           message.find("priority=77") != message.npos;
  });
}

TEST_P(Degraded, AnEditedPolicyIsInForceByItself) {
  System::Options own = options();
  own.policy = "./own.lua";
  System system(own);
  std::string drf =
      "return { kind = 'fairness', version = 1, score = function(m, c, g, sm, sc, sg, p, s) "
      "return c / sc end }";
  write(system, "own.lua", drf);
  system.start();
  auto active = [&] { return json::parse(system.ctl({"ask", "cook", "policy"}).out)["active"]; };
  json before = active();
  write(system, "own.lua", drf + " -- edited");
  system.eventually("the new version is in force", [&]() {
    return active() != before;
  });
  write(system, "own.lua", "return {");
  system.eventually("the broken one is told and the last good one decides", [&]() {
    return system.ctl({"ask", "cook", "policy"}).out.find("last good") != std::string::npos;
  });
  json jobs = json::array({job("true")});
  ASSERT_EQ(system.submit("ana", jobs), 201u);
  EXPECT_EQ(system.waitFor(uuidsOf(jobs))[0]["state"], "success");
}

TEST_P(Degraded, ABrokenPolicyIsRefusedAtReloadAndTheLastGoodOneStays) {
  System system(options());
  system.start();
  write(system, "broken.lua",
        "return { kind = 'fairness', version = 1, score = function() return nil end }");
  system.editConfig("fairness/drf.lua", "./broken.lua");
  auto refused = system.ctl({"reload"});
  EXPECT_NE(refused.exitCode, 0);
  EXPECT_THAT(refused.out, HasSubstr("broken.lua"));
  json jobs = json::array({job("true")});
  ASSERT_EQ(system.submit("ana", jobs), 201u);
  EXPECT_EQ(system.waitFor(uuidsOf(jobs))[0]["state"], "success");
}

TEST_P(Degraded, MalformedRequestsDisturbNobody) {
  System system(options());
  system.start();
  json good = json::array({job("sleep 0.2")});
  ASSERT_EQ(system.submit("ana", good), 201u);
  std::string body;
  EXPECT_EQ(system.rest("POST", "/jobs", "{\"jobs\": [").status, 400u);
  EXPECT_EQ(system.rest("POST", "/jobs", std::string(9 << 20, ' ')).status, 413u);
  json twice = {good[0], good[0]};
  EXPECT_EQ(system.submit("ana", twice, &body), 400u);
  EXPECT_THAT(body, HasSubstr("Duplicate job uuids"));
  json unknown = json::array({job("true")});
  unknown[0]["colour"] = "red";
  EXPECT_EQ(system.submit("ana", unknown, &body), 400u);
  EXPECT_THAT(body, HasSubstr("colour"));
  json absurd = json::array({job("true", 1e300)});
  EXPECT_EQ(system.submit("ana", absurd, &body), 400u);
  EXPECT_EQ(system.submit("ana", good, &body), 409u);
  EXPECT_EQ(system.waitFor(uuidsOf(good))[0]["state"], "success");
}

TEST_P(Degraded, APortInUseIsNamedWithItsPlace) {
  auto taken = testing::listenOnLoopback();
  System system(options());
  system.start();
  system.terminate();
  system.editConfig(
      "plugins:",
      "plugins:\n  - name: second\n    library: maitred-local\n    listen: { files: \"127.0.0.1:" +
          std::to_string(taken.port) + "\" }");
  auto failed = system.maitred({"run", "--config", system.folder() + "/maitred.yaml"});
  EXPECT_NE(failed.exitCode, 0);
  EXPECT_THAT(failed.out, HasSubstr(std::to_string(taken.port)));
  EXPECT_THAT(failed.out, HasSubstr("maitred.yaml:"));
}

INSTANTIATE_TEST_SUITE_P(Isolations, Degraded, ::testing::Values("process", "inline"),
                         [](auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
