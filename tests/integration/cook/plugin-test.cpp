// The finished plugin, inline and in a process of its own, between a backend in the test and HTTP.

#include "cook-fixture.h"

#include <fstream>
#include <unistd.h>

namespace maitred::cook {
namespace {

TEST_P(Cook, RunsAJobToItsEnd) {
  auto answer = submit({job(1, "exit 0", {{"name", "hello"}, {"env", {{"COLOUR", "red"}}}})});
  EXPECT_EQ(answer.status, 201u);
  EXPECT_EQ(answer.body, "submitted jobs " + idOf(1));
  EXPECT_EQ(answer.header("Cache-Control"), "max-age=0");
  untilState(1, "success");
  json shown = show(1);
  EXPECT_EQ(shown["user"], "ana");
  EXPECT_EQ(shown["status"], "completed");
  EXPECT_EQ(shown["framework_id"], "unsupported");
  EXPECT_EQ(shown["groups"], json::array());
  EXPECT_EQ(shown["uris"], json::array());
  ASSERT_EQ(shown["instances"].size(), 1u);
  const json& instance = shown["instances"][0];
  EXPECT_EQ(instance["status"], "success");
  EXPECT_EQ(instance["hostname"], "host1");
  EXPECT_EQ(instance["exit_code"], 0);
  EXPECT_EQ(instance["compute-cluster"]["type"], "mesos");
  EXPECT_TRUE(instance.contains("end_time"));
  std::string task = instance["task_id"];
  EXPECT_EQ(backend.launched, std::vector<std::string>{task});
  EXPECT_EQ(backend.users[task], "ana");
  auto& environment = backend.environments[task];
  EXPECT_EQ(environment["COLOUR"], "red");
  EXPECT_EQ(environment["COOK_JOB_UUID"], idOf(1));
  EXPECT_EQ(environment["COOK_INSTANCE_UUID"], task);
  EXPECT_EQ(environment["COOK_INSTANCE_NUM"], "0");
  EXPECT_EQ(environment["COOK_JOB_CPUS"], "1.0");
  EXPECT_EQ(environment["COOK_JOB_MEM_MB"], "64.0");
  EXPECT_FALSE(environment.contains("COOK_JOB_GROUP_UUID"));
}

TEST_P(Cook, FailuresAreTriedAgainAndThenTold) {
  submit({job(1, "exit 3", {{"max_retries", 2}})});
  untilState(1, "failed");
  json shown = show(1);
  ASSERT_EQ(shown["instances"].size(), 2u);
  EXPECT_EQ(shown["retries_remaining"], 0);
  for (const json& one : shown["instances"]) {
    EXPECT_EQ(one["reason_code"], 99003);
    EXPECT_EQ(one["reason_string"], "Command exited non-zero");
    EXPECT_EQ(one["exit_code"], 3);
  }
}

TEST_P(Cook, RefusalsCostNothing) {
  submit({job(1, "refuse"), job(2, "late")});
  untilState(1, "success");
  untilState(2, "success");
  EXPECT_EQ(show(1)["instances"].size(), 1u);
  EXPECT_EQ(show(2)["instances"].size(), 1u);
  submit({job(3, "impossible")});
  untilState(3, "failed");
  EXPECT_EQ(show(3)["instances"][0]["reason_code"], 3004);
}

TEST_P(Cook, KillsRunningAndWaitingJobs) {
  submit({job(1, "hold", {{"cpus", 4}}), job(2)});
  untilState(1, "running");
  EXPECT_EQ(call("DELETE", "/rawscheduler?job=" + idOf(2), "", "ana").status, 204u);
  EXPECT_EQ(show(2)["state"], "failed");
  EXPECT_EQ(call("DELETE", "/jobs?uuid=" + idOf(1), "", "ana").status, 204u);
  until([&] { return show(1)["instances"][0]["status"] == "failed"; }, "the task is killed");
  EXPECT_EQ(show(1)["instances"][0]["reason_code"], 1001);
  EXPECT_EQ(backend.killed.size(), 1u);
  EXPECT_EQ(call("DELETE", "/jobs?uuid=" + idOf(1), "", "ana").status, 204u) << "no matter";
}

TEST_P(Cook, OnlyOwnersAndAdminsKill) {
  submit({job(1, "hold")});
  auto denied = call("DELETE", "/jobs?uuid=" + idOf(1), "", "ben");
  EXPECT_EQ(denied.status, 403u);
  EXPECT_THAT(denied.body,
              HasSubstr("You are not authorized to kill the following jobs: " + idOf(1)));
  // Nobody owns what does not exist.
  EXPECT_EQ(call("DELETE", "/jobs?uuid=" + idOf(9), "", "ben").status, 403u);
  EXPECT_EQ(call("DELETE", "/jobs?uuid=" + idOf(9)).status, 404u);
  EXPECT_EQ(call("DELETE", "/jobs").status, 400u);
  EXPECT_EQ(call("DELETE", "/jobs?uuid=" + idOf(1)).status, 204u) << "the admin may";
}

TEST_P(Cook, AUsedIdIsAConflict) {
  EXPECT_EQ(submit({job(1)}).status, 201u);
  auto again = submit({job(2), job(1)});
  EXPECT_EQ(again.status, 409u);
  EXPECT_EQ(json::parse(again.body)["error"],
            "The following job UUIDs were already used: " + idOf(1));
  EXPECT_EQ(call("GET", "/jobs/" + idOf(2)).status, 404u) << "all or nothing";
}

TEST_P(Cook, BadInputIsRefusedWithAReason) {
  auto post = [&](const std::string& body) { return call("POST", "/jobs", body, "ana"); };
  EXPECT_EQ(post("{").status, 400u);
  EXPECT_EQ(post(R"({"jobs":[],"jobs":[]})").status, 400u);
  EXPECT_EQ(post("{\"jobs\":[{\"command\":\"\xff\"}]}").status, 400u);
  EXPECT_EQ(post(std::string(200, '[')).status, 400u);
  EXPECT_EQ(post(std::string(9 << 20, ' ')).status, 413u);
  auto priority = submit({job(1, "exit 0", {{"priority", 16000001}})});
  EXPECT_EQ(priority.status, 400u);
  EXPECT_THAT(priority.body, HasSubstr("priority\":\"(not (between-0-and-16000000"));
  EXPECT_EQ(submit({job(1)}, "Not A User").status, 400u);
  EXPECT_EQ(call("GET", "/jobs/nonsense").status, 400u);
  auto missing = call("GET", "/jobs?uuid=" + idOf(8));
  EXPECT_EQ(missing.status, 404u);
  EXPECT_EQ(json::parse(missing.body)["error"],
            "The following UUIDs don't correspond to a job:\n" + idOf(8));
  auto route = call("GET", "/no-such-thing");
  EXPECT_EQ(route.status, 404u);
  EXPECT_EQ(route.body, "<h1>Not a valid route</h1>");
  auto pool = call("POST", "/jobs", json{{"jobs", {job(1)}}, {"pool", "x"}}.dump(), "ana");
  EXPECT_EQ(json::parse(pool.body)["error"], "x is not a valid pool name.");
}

TEST_P(Cook, ListsByUserStateAndTime) {
  submit({job(1, "exit 0", {{"name", "a.one"}}), job(2, "exit 1", {{"name", "b"}})});
  submit({job(3)}, "ben");
  untilState(1, "success");
  untilState(2, "failed");
  auto list = [&](const std::string& more) {
    return json::parse(call("GET", "/jobs?user=ana&start=0&end=9000000000000" + more).body);
  };
  EXPECT_EQ(list("&state=completed").size(), 2u);
  EXPECT_EQ(list("&state=success").size(), 1u);
  EXPECT_EQ(list("&state=success&state=failed")[0]["uuid"], idOf(2)) << "the newest first";
  EXPECT_EQ(list("&state=completed&name=a.*").size(), 1u);
  EXPECT_EQ(list("&state=waiting").size(), 0u);
  EXPECT_EQ(list("&state=completed&limit=1").size(), 1u);
  EXPECT_EQ(call("GET", "/jobs?user=ana&state=running").status, 400u);
  EXPECT_EQ(call("GET", "/jobs?user=ana&state=odd&start=0&end=1").status, 400u);
  EXPECT_EQ(call("GET", "/jobs?user=ana&state=running&start=0&end=1&limit=0").status, 403u);
  EXPECT_EQ(call("GET", "/jobs?user=ana&state=running&start=2&end=1").status, 403u);
  EXPECT_EQ(call("GET", "/jobs?user=ana&state=running&start=0&end=1&name=a%7Cb").status, 400u);
}

TEST_P(Cook, TellsAboutItself) {
  EXPECT_EQ(json::parse(call("GET", "/info").body)["authentication-scheme"], "one-user");
  EXPECT_THAT(call("GET", "/debug").body, HasSubstr("Server is running version: "));
  json settings = json::parse(call("GET", "/settings").body);
  EXPECT_EQ(settings["task-constraints"]["cpus"], 4.0);
  EXPECT_EQ(settings["compute-clusters"][0]["factory-fn"],
            "cook.mesos.mesos-compute-cluster/factory-fn");
  EXPECT_TRUE(settings["pools"].is_null());
  EXPECT_EQ(json::parse(call("GET", "/failure_reasons").body).size(), 41u);
}

TEST_P(Cook, ForeignOriginsAreRefused) {
  auto with = [&](const char* method, const char* origin) {
    http::ClientRequest extra;
    extra.headers = {{"Origin", origin}};
    return call(method, "/info", "", "", kj::mv(extra));
  };
  auto allowed = with("GET", "https://cors.example.com");
  EXPECT_EQ(allowed.status, 200u);
  EXPECT_EQ(allowed.header("Access-Control-Allow-Origin"), "https://cors.example.com");
  auto denied = with("GET", "https://evil.example.com");
  EXPECT_EQ(denied.status, 403u);
  EXPECT_THAT(denied.body, HasSubstr("Cross origin request denied from https://evil.example.com"));
  EXPECT_EQ(with("OPTIONS", "https://cors.example.com").status, 200u);
  std::string large = "https://" + std::string(30'000, 'a');
  EXPECT_EQ(with("GET", large.c_str()).status, 403u);
  EXPECT_EQ(with("GET", "https://cors.example.com").status, 200u) << "the queue is there";
}

TEST_P(Cook, JobsSurviveACrashAndRunOnce) {
  submit({job(1, "hold", {{"cpus", 3}}), job(2, "hold", {{"cpus", 3}}), job(3)});
  untilState(1, "running");
  untilState(3, "success");
  plugin->kill();
  plugin = nullptr;
  std::string first = backend.launched[0];
  backend.end(first, 0);  // ends while nobody looks
  start();
  untilState(1, "success");
  EXPECT_EQ(show(1)["instances"].size(), 1u) << "it was not run again";
  EXPECT_EQ(show(3)["state"], "success");
  until([&] { return backend.launched.size() == 3; }, "the second one starts");
  backend.end(backend.launched.back(), 7);
  untilState(2, "failed");
  EXPECT_EQ(backend.launched.size(), 3u);
}

TEST_P(Cook, TheLateUserIsServedInTurn) {
  json many = json::array();
  for (int i = 1; i <= 8; ++i) many.push_back(job(i, "hold"));
  submit(many);
  until([&] { return backend.launched.size() == 4; }, "the node is full");
  submit({job(9, "hold")}, "ben");
  backend.end(backend.launched[0], 0);
  until([&] { return backend.launched.size() == 5; }, "the next one starts");
  EXPECT_EQ(backend.users[backend.launched[4]], "ben");
}

TEST_P(Cook, APolicyIsSwappedWithoutARestart) {
  json many = json::array();
  for (int i = 1; i <= 8; ++i) many.push_back(job(i, "hold"));
  submit(many);
  until([&] { return backend.launched.size() == 4; }, "the node is full");
  submit({job(9, "hold")}, "ben");
  policy = folder.path() + "/fifo.lua";
  std::ofstream(policy)
      << "return { kind = 'fairness', version = 1,\n"
         "  score = function(mem, cpus, gpus, share_mem, share_cpus, share_gpus,\n"
         "                   priority, submitted_ms) return submitted_ms end }\n";
  EXPECT_TRUE(reconfigured());
  backend.end(backend.launched[0], 0);
  until([&] { return backend.launched.size() == 5; }, "the next one starts");
  EXPECT_EQ(backend.users[backend.launched[4]], "ana") << "first come, first served";
}

TEST_P(Cook, TheContractWatchesWhatItSubmits) {
  struct Seen final : public queue::Watcher::Server {
    std::map<std::string, queue::JobState>& states;
    explicit Seen(std::map<std::string, queue::JobState>& states) : states(states) {}
    kj::Promise<void> apply(ApplyContext context) override {
      for (auto one : context.getParams().getChanges()) {
        states[one.getSpec().getId().cStr()] = one.getState();
      }
      return kj::READY_NOW;
    }
  };
  std::map<std::string, queue::JobState> states;
  auto client = plugin->provided<queue::Queue>();
  auto watch = client.watchRequest();
  watch.setWatcher(kj::heap<Seen>(states));
  auto subscription = watch.send().wait(io.waitScope).getSubscription();
  auto submitAs = [&](int n, const char* user) {
    auto request = client.submitRequest();
    auto spec = request.initJobs(1)[0];
    spec.setId(idOf(n));
    spec.setUser(user);
    spec.setCommand("exit 0");
    spec.setCpus(1);
    spec.setMemMib(10);
    return request.send().wait(io.waitScope).getResults()[0].which();
  };
  EXPECT_EQ(submitAs(1, "ana"), queue::SubmitResult::ACCEPTED);
  until([&] { return states[idOf(1)] == queue::JobState::COMPLETED; },
        "the watcher hears of the end");
  EXPECT_EQ(submitAs(1, "ana"), queue::SubmitResult::ALREADY_KNOWN);
  EXPECT_EQ(submitAs(1, "ben"), queue::SubmitResult::REFUSED);
}

INSTANTIATE_TEST_SUITE_P(Isolation, Cook, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
