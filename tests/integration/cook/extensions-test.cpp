// Other plugins that have a say in what is submitted and started: some in the test, and the one of
// the examples as it is built.

#include "cook-fixture.h"
#include "fake-extensions.h"

#include <cook-demo.capnp.h>

#include <fstream>
#include <map>

namespace maitred::cook {
namespace {

using Mood = FakeWords::Mood;
using maitred::testing::PluginUnderTest;

class Extended : public Cook {
 protected:
  ~Extended() noexcept override {}

  std::shared_ptr<FakeWords> words = std::make_shared<FakeWords>();
  std::function<void(ExtensionConfig::Builder)> rules = [](ExtensionConfig::Builder) {};
  bool pools = false;
  std::string admission;  // a policy's file

  Extended() {
    amend = [this](CookConfig::Builder config) {
      auto extensions = config.initExtensions();
      // Long enough for what answers, short enough for what never does.
      extensions.setSubmissionDeadline(words->mood == Mood::answers ? 40'000 : 100);
      extensions.setChangeDeadline(words->mood == Mood::answers ? 10'000 : 100);
      extensions.setCompletionDeadline(words->mood == Mood::answers ? 10'000 : 100);
      extensions.setLaunchFilterDeadline(words->mood == Mood::answers ? 5'000 : 100);
      rules(extensions);
      if (!admission.empty()) config.initPolicies().setAdmission(admission);
      if (!pools) return;
      config.setDefaultPool("default");
      auto list = config.initPools(3);
      list[0].setName("default");
      list[1].setName("batch");
      list[2].setName("closed");
      list[2].setState(PoolState::INACTIVE);
    };
  }

  template <typename Interface>
  void extend(const char* requirement) {
    wire = [this, requirement](PluginUnderTest& queue) {
      queue.grant(requirement, "rules", capnp::typeId<Interface>(),
                  fakeExtension<Interface>(words));
    };
    restart();
  }
  void setMood(Mood mood) {
    words->mood = mood;
    ASSERT_TRUE(reconfigured());
  }
  std::string refused(json jobs, const char* pool = nullptr) {
    json body{{"jobs", listOf(std::move(jobs))}};
    if (pool != nullptr) body["pool"] = pool;
    auto answer = call("POST", "/jobs", body.dump(), "ana");
    if (answer.status == 201) return "";
    EXPECT_EQ(answer.status, 400u) << answer.body;
    return json::parse(answer.body)["error"];
  }
  std::string metrics() {
    return plugin->client().metricsRequest().send().wait(io.waitScope).getText().cStr();
  }
};

TEST_P(Extended, ValidatorsSpeakLineByLine) {  // §17, §5.3
  words->validate = [](auto candidate, auto verdict) {
    auto name = candidate.getJob().getName();
    if (name.startsWith("bad")) {
      verdict.setRejected(kj::str("not ", name));
    } else {
      verdict.setAccepted();
    }
  };
  wire = [this](PluginUnderTest& queue) {
    for (const char* name : {"one", "two"}) {
      queue.grant("submission_validators", name, capnp::typeId<queue::SubmissionValidator>(),
                  fakeExtension<queue::SubmissionValidator>(words));
    }
  };
  restart();
  json shown = json::parse(call("GET", "/settings").body)["plugins"];
  EXPECT_EQ(shown, (json{{"job-submission-validator",
                          {{"factory-fns", {"one", "two"}}, {"batch-timeout-seconds", 40.0}}}}));
  EXPECT_EQ(refused({job(1)}), "");
  untilState(1, "success");
  EXPECT_EQ(refused({job(2), job(3, "exit 0", {{"name", "bad"}})}), "not bad\nnot bad");
  EXPECT_EQ(call("GET", "/jobs/" + idOf(2)).status, 404u) << "the batch as a whole";
  json many = json::array();
  for (int n = 10; n < 15; ++n) many.push_back(job(n, "exit 0", {{"name", "bad"}}));
  EXPECT_THAT(refused(many), ::testing::StartsWith("Total of 5 errors; first 3 are:\nnot bad\n"));
}

TEST_P(Extended, AValidatorThatSaysNothingChangesNothing) {
  words->validate = [](auto, auto verdict) { verdict.setRejected("no"); };
  extend<queue::SubmissionValidator>("submission_validators");
  EXPECT_EQ(refused({job(1)}), "no");
  int n = 1;
  for (Mood mood : {Mood::fails, Mood::hangs, Mood::fewAnswers}) {
    setMood(mood);
    EXPECT_EQ(refused({job(++n), job(++n)}), "");
  }
  EXPECT_THAT(metrics(), HasSubstr("maitred_cook_extension_calls_total{"));
  std::string message =
      plugin->client().healthRequest().send().wait(io.waitScope).getMessage().cStr();
  EXPECT_THAT(message, HasSubstr("rules does not answer as one of submission_validators"));
  rules = [](ExtensionConfig::Builder config) {
    config.setSubmissionDefault(DefaultVerdict::REJECT);
  };
  setMood(Mood::hangs);
  EXPECT_THAT(refused({job(9)}), HasSubstr("rules, which must accept every job, does not answer"));
  setMood(Mood::answers);
  EXPECT_EQ(refused({job(9)}), "no");
  EXPECT_EQ(plugin->client().healthRequest().send().wait(io.waitScope).getMessage(), "");
}

TEST_P(Extended, AVerdictHoldsForThatJobAsLongAsItSays) {  // cache-expires-at
  words->validate = [](auto, auto verdict) {
    verdict.setRejected("no");
    verdict.setExpiresAt(4'000'000'000'000);
  };
  extend<queue::SubmissionValidator>("submission_validators");
  EXPECT_EQ(refused({job(1)}), "no");
  EXPECT_EQ(refused({job(1)}), "no");
  EXPECT_EQ(words->calls, 1);
  EXPECT_EQ(refused({job(1, "exit 1")}), "no") << "another job under the same id";
  EXPECT_EQ(words->calls, 2);
}

TEST_P(Extended, AModifierChangesWhatIsChecked) {
  words->modify = [](auto candidate, auto change) {
    auto job = candidate.getJob();
    kj::String name = kj::heapString(job.getName());
    if (name == "plain") return change.setUnchanged();
    if (name == "never") return change.setRefused("never again");
    change.setChanged(job);
    auto wanted = change.getChanged();
    wanted.setId("nonsense");
    wanted.setUser("somebody");
    wanted.setCpus(name == "large" ? 99 : 2);
    wanted.setName("changed");
    auto labels = wanted.initLabels(1);
    labels[0].setName("by");
    labels[0].setValue("rules");
  };
  extend<queue::SubmissionModifier>("submission_modifiers");
  auto named = [](int n, const char* name) { return job(n, "exit 0", {{"name", name}}); };
  EXPECT_EQ(refused({named(1, "plain"), named(2, "other")}), "");
  EXPECT_EQ(show(1)["name"], "plain");
  json changed = show(2);
  EXPECT_EQ(changed["name"], "changed");
  EXPECT_EQ(changed["cpus"], 2.0);
  EXPECT_EQ(changed["user"], "ana");
  EXPECT_EQ(changed["labels"], (json{{"by", "rules"}}));
  EXPECT_EQ(refused({named(3, "never")}), "never again");
  EXPECT_EQ(refused({named(3, "large")}), "Requested 99.0 cpus, but only allowed to use 4.0");
  setMood(Mood::hangs);
  EXPECT_EQ(refused({named(3, "never")}), "") << "the job as it is";
  EXPECT_EQ(show(3)["name"], "never");
  rules = [](ExtensionConfig::Builder config) {
    config.setModifierDefault(DefaultVerdict::REJECT);
  };
  setMood(Mood::fails);
  EXPECT_THAT(refused({named(4, "plain")}), HasSubstr("does not answer: try again later"));
}

TEST_P(Extended, ARouterTellsThePoolOfEachJob) {
  pools = true;
  words->routes = {{"a", "batch"}, {"b", "nowhere"}, {"c", "closed"}};
  rules = [](ExtensionConfig::Builder config) {
    auto pool = config.initVirtualPools(1)[0];
    pool.setName("any");
    pool.setRouter("rules");
    pool.setFallback("default");
  };
  extend<queue::JobRouter>("job_routers");
  json jobs = json::array();
  for (int n = 1; n <= 3; ++n) {
    jobs.push_back(job(n, "exit 0", {{"name", std::string(1, static_cast<char>('a' + n - 1))}}));
  }
  EXPECT_EQ(refused(jobs, "any"), "");
  EXPECT_EQ(show(1)["pool"], "batch");
  EXPECT_EQ(show(1)["submit_pool"], "any");
  EXPECT_EQ(show(2)["pool"], "default");
  EXPECT_EQ(show(3)["pool"], "default") << "one that takes no jobs is none";
  EXPECT_EQ(refused({job(4)}, "batch"), "");
  EXPECT_EQ(words->calls, 1) << "a real pool is not routed";
  EXPECT_EQ(refused({job(5)}, "other"), "other is not a valid pool name.");
  setMood(Mood::fails);
  EXPECT_EQ(refused({job(6, "exit 0", {{"name", "a"}})}, "any"), "");
  EXPECT_EQ(show(6)["pool"], "default");
}

TEST_P(Extended, AnAdjusterStaysWithinTheLimits) {
  words->adjust = [](auto candidate, auto change) {
    change.setChanged(candidate.getJob());
    if (candidate.getJob().getName() == "large") change.getChanged().setMemMib(1e9);
    change.getChanged().setPriority(7);
  };
  extend<queue::JobAdjuster>("job_adjusters");
  EXPECT_EQ(refused({job(1), job(2, "exit 0", {{"name", "large"}})}), "");
  EXPECT_EQ(show(1)["priority"], 7);
  EXPECT_EQ(show(2)["priority"], 50) << "that change is not made";
  EXPECT_EQ(show(2)["mem"], 64.0);
}

TEST_P(Extended, AMoverTakesAPortion) {
  pools = true;
  words->moves = {{"ana", {"batch", 1}}};
  extend<queue::PoolMover>("pool_movers");
  EXPECT_EQ(refused({job(1), job(2)}), "");
  EXPECT_EQ(show(1)["pool"], "batch");
  words->moves = {{"ana", {"batch", 0.5}}};
  json jobs = json::array();
  for (int n = 100; n < 200; ++n) jobs.push_back(job(n));
  EXPECT_EQ(refused(jobs), "");
  int moved = 0;
  for (int n = 100; n < 200; ++n) moved += show(n)["pool"] == "batch";
  EXPECT_GT(moved, 20);
  EXPECT_LT(moved, 80);
  words->moves = {{"ana", {"nowhere", 1}}};
  EXPECT_EQ(refused({job(3)}), "");
  EXPECT_EQ(show(3)["pool"], "default");
}

TEST_P(Extended, AJobMustFitOnAKindOfNode) {
  words->cpusMost = 2;
  extend<queue::JobShapes>("job_shapes");
  EXPECT_EQ(refused({job(1, "exit 0", {{"cpus", 2}})}), "");
  EXPECT_THAT(refused({job(2, "exit 0", {{"cpus", 3}})}), HasSubstr("no type of node takes that"));
  setMood(Mood::fails);
  EXPECT_EQ(refused({job(2, "exit 0", {{"cpus", 3}})}), "");
}

TEST_P(Extended, ADeferredJobWaitsAndOthersGoOn) {  // §17
  std::vector<uint32_t> seen;
  words->filter = [&seen](auto waiting, auto verdict) {
    if (waiting.getCandidate().getJob().getName() != "later") return verdict.setAccepted();
    seen.push_back(waiting.getDeferrals());
    if (waiting.getDeferrals() >= 3) return verdict.setAccepted();
    verdict.setDeferred("Message3");
  };
  extend<queue::LaunchFilter>("launch_filters");
  EXPECT_EQ(refused({job(1, "exit 0", {{"name", "later"}}), job(2), job(3)}), "");
  untilState(2, "success");
  until(
      [&] {
        json why = json::parse(call("GET", "/unscheduled_jobs?job=" + idOf(1)).body);
        json told{{"reason", "The launch filter plugin is blocking the job launch."},
                  {"data", {{"plugin", "rules"}, {"message", "Message3"}}}};
        const json& reasons = why[0]["reasons"];
        return std::find(reasons.begin(), reasons.end(), told) != reasons.end();
      },
      "the user is told why");
  untilState(3, "success");
  untilState(1, "success");
  EXPECT_EQ(seen, (std::vector<uint32_t>{0, 1, 2, 3}));
}

TEST_P(Extended, AFilterThatSaysNothingHoldsUpNobody) {
  words->filter = [](auto, auto verdict) { verdict.setDeferred("no"); };
  words->mood = Mood::hangs;
  extend<queue::LaunchFilter>("launch_filters");
  EXPECT_EQ(refused({job(1)}), "");
  untilState(1, "success");
  setMood(Mood::fewAnswers);
  EXPECT_EQ(refused({job(2), job(3)}), "");
  untilState(3, "success");
}

TEST_P(Extended, HandlersHearOfEachAttemptThatHasEnded) {
  std::map<std::string, std::pair<int, bool>> ended;  // by name: attempts, and whether it is over
  words->completed = [&ended](auto told) {
    auto& its = ended[told.getCandidate().getJob().getName().cStr()];
    its.first += told.getInstance().getExitCode() == 1;
    its.second = its.second || told.getJobCompleted();
  };
  extend<queue::CompletionHandler>("completion_handlers");
  json twice = job(1, "exit 1", {{"name", "twice"}});
  twice["max_retries"] = 2;
  EXPECT_EQ(refused({twice, job(2, "exit 0", {{"name", "once"}}), job(3, "hold")}), "");
  until([&] { return ended["twice"].second && ended["once"].second; }, "both are told");
  EXPECT_GE(ended["twice"].first, 2);
  EXPECT_EQ(ended["once"].first, 0);
  EXPECT_EQ(ended.size(), 2u) << "one runs on";
  setMood(Mood::hangs);
  EXPECT_EQ(refused({job(4)}), "");
  untilState(4, "success");
}

TEST_P(Extended, TheContractIsAskedToo) {
  words->validate = [](auto candidate, auto verdict) {
    if (candidate.getJob().getName() == "bad") {
      verdict.setRejected("no");
    } else {
      verdict.setAccepted();
    }
  };
  extend<queue::SubmissionValidator>("submission_validators");
  auto submit = [&](const char* name) {
    auto request = plugin->provided<queue::Queue>().submitRequest();
    auto jobs = request.initJobs(2);
    for (unsigned i = 0; i < 2; ++i) {
      jobs[i].setId(idOf(static_cast<int>(i) + 1));
      jobs[i].setUser("ana");
      jobs[i].setName(i == 0 ? "good" : name);
      jobs[i].setCommand("exit 0");
      jobs[i].setCpus(1);
      jobs[i].setMemMib(64);
    }
    auto response = request.send().wait(io.waitScope);
    auto second = response.getResults()[1];
    return std::string(second.isRefused() ? second.getRefused().cStr() : "");
  };
  EXPECT_EQ(submit("bad"), "no");
  EXPECT_EQ(call("GET", "/jobs/" + idOf(1)).status, 404u);
  EXPECT_EQ(submit("fine"), "");
  untilState(2, "success");
}

TEST_P(Extended, AnAdmissionPolicyLooksAtEachJob) {
  admission = folder.path() + "/admission.lua";
  std::ofstream(admission) << R"(return { kind = 'admission', version = 1, admit = function(job)
    if job.name == 'bad' then return { accept = false, message = job.user .. ' may not' } end
    if job.name == 'worse' then return { accept = true, change = { pool = 'nowhere' } } end
    return { accept = true, change = { priority = 7 } }
  end })";
  ASSERT_TRUE(reconfigured());
  json many = json::array();
  for (int n = 1; n <= 250; ++n) many.push_back(job(n));
  EXPECT_EQ(refused(many), "");
  EXPECT_EQ(show(250)["priority"], 7);
  auto named = [](int n, const char* name) { return job(n, "exit 0", {{"name", name}}); };
  EXPECT_EQ(refused({job(300), named(301, "bad")}), "ana may not");
  EXPECT_EQ(call("GET", "/jobs/" + idOf(300)).status, 404u);
  EXPECT_EQ(refused({named(301, "worse")}), "nowhere is not a valid pool name.");
  admission = "";
  ASSERT_TRUE(reconfigured());
  EXPECT_EQ(refused({named(301, "bad")}), "");
}

// The example, in the same isolation as the queue.
TEST_P(Extended, TheDemonstrationPlugins) {  // §17
  kj::Own<PluginUnderTest> demos[2];
  const std::pair<const char*, const char*> refusals[] = {
      {"plugin_test.submit_fail", "Message1- Fail to submit"},
      {"plugin_test.submit_fail2", "Message5- Plugin2 failed"}};
  for (int i = 0; i < 2; ++i) {
    PluginUnderTest::Options options;
    options.library = getenv("MAITRED_DEMO_LIBRARY");
    options.isolation = GetParam();
    demos[i] = kj::heap<PluginUnderTest>(io, options);
    auto config = demos[i]->config<cook_demo::DemoConfig>();
    auto rule = config.initRefuse(1)[0];
    rule.setPrefix(refusals[i].first);
    rule.setMessage(refusals[i].second);
    auto defer = config.initDefer(1)[0];
    defer.setPrefix("plugin_test.launch_defer");
    defer.setMessage("Message3");
    demos[i]->start();
  }
  wire = [&](PluginUnderTest& queue) {
    for (int i = 0; i < 2; ++i) {
      queue.grant("submission_validators", i == 0 ? "demo-1" : "demo-2",
                  capnp::typeId<queue::SubmissionValidator>(),
                  demos[i]->provided<queue::SubmissionValidator>());
    }
    queue.grant("launch_filters", "demo-1", capnp::typeId<queue::LaunchFilter>(),
                demos[0]->provided<queue::LaunchFilter>());
  };
  restart();
  auto named = [](int n, const char* name) { return job(n, "exit 0", {{"name", name}}); };
  EXPECT_EQ(refused({named(1, "plugin_test.submit_fail")}), "Message1- Fail to submit");
  EXPECT_EQ(refused({named(1, "plugin_test.submit_fail2")}),
            "Message1- Fail to submit\nMessage5- Plugin2 failed");
  EXPECT_EQ(refused({named(1, "plugin_test.launch_defer"), job(2, "hold")}), "");
  untilState(1, "success");
  ASSERT_EQ(backend.launched.size(), 2u);
  EXPECT_EQ(backend.commands[backend.launched[0]], "hold") << "the other one went first";
  if (GetParam() == Isolation::process) {  // inline it would die with the queue
    demos[0]->kill();
    EXPECT_EQ(refused({named(3, "plugin_test.submit_fail")}), "") << "who is dead says nothing";
    untilState(3, "success");
  }
  wire = [](PluginUnderTest&) {};
  restart();
}

INSTANTIATE_TEST_SUITE_P(Isolation, Extended, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
