// A batch of two users from submission to its end, with the plugins inline and in processes.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::e2e {
namespace {

using ::testing::HasSubstr;

class Batch : public ::testing::TestWithParam<const char*> {
 protected:
  System::Options options() { return {.isolation = GetParam()}; }
};

TEST_P(Batch, OfTwoUsersRunsToItsEnd) {
  System system(options());
  system.start();
  json anas = json::array();
  for (int i = 0; i < 20; ++i) anas.push_back(job("echo out; echo err >&2; exit 0"));
  json bens = json::array({job("exit 3"), job("test \"$COOK_JOB_CPUS\" = 1.0")});
  ASSERT_EQ(system.submit("ana", anas), 201u);
  ASSERT_EQ(system.submit("ben", bens), 201u);
  for (auto& done : system.waitFor(uuidsOf(anas))) {
    EXPECT_EQ(done["state"], "success");
    EXPECT_EQ(done["user"], "ana");
    EXPECT_EQ(done["instances"].size(), 1u);
  }
  json ended = system.waitFor(uuidsOf(bens));
  EXPECT_EQ(ended[0]["state"], "failed");
  EXPECT_EQ(ended[0]["instances"].size(), 3u);  // max_retries attempts
  EXPECT_EQ(ended[0]["instances"][0]["exit_code"], 3);
  EXPECT_EQ(ended[0]["instances"][0]["reason_string"], "Command exited non-zero");
  EXPECT_EQ(ended[1]["state"], "success");
  EXPECT_EQ(system.terminate(), 0);
}

TEST_P(Batch, TheCommandLineSubmitsWaitsAndShows) {
  System system(options());
  system.start();
  auto submitted = system.maitred({"cook", "submit", "--user", "ana", "--name", "hello"},
                                  "echo one\necho two\n");
  ASSERT_EQ(submitted.exitCode, 0) << submitted.out;
  auto waited = system.maitred({"cook", "wait", "--timeout", "60"}, submitted.out);
  EXPECT_EQ(waited.exitCode, 0) << waited.out;
  std::string first = submitted.out.substr(0, submitted.out.find('\n'));
  EXPECT_THAT(system.maitred({"cook", "show", first}).out, HasSubstr("success"));
  EXPECT_EQ(system.maitred({"cook", "logs", first}).out, "one\n");
  EXPECT_THAT(system.maitred({"cook", "list", "--of", "ana"}).out, HasSubstr(first));
  auto report = system.maitred({"cook", "report", "--json"}, submitted.out);
  EXPECT_EQ(json::parse(report.out)[0]["succeeded"], 2);
  auto unknown = system.maitred({"cook", "show", "00000000-0000-4000-8000-000000000000"});
  EXPECT_EQ(unknown.exitCode, 1);
  EXPECT_THAT(unknown.out, HasSubstr("00000000-0000-4000-8000-000000000000"));
}

TEST_P(Batch, AKilledJobEndsAndItsProcessToo) {
  System system(options());
  system.start();
  json jobs = json::array({job("echo $$ > pid; exec sleep 600")});
  ASSERT_EQ(system.submit("ana", jobs), 201u);
  std::string uuid = jobs[0]["uuid"];
  system.eventually("the job runs", [&]() {
    json seen = system.job(uuid);
    return seen["instances"].size() == 1 && seen["instances"][0]["status"] == "running";
  });
  EXPECT_EQ(system.maitred({"cook", "kill", uuid}).exitCode, 0);
  system.eventually("the instance has ended",
                    [&]() { return system.job(uuid)["instances"][0].contains("end_time"); });
  json killed = system.job(uuid);
  EXPECT_EQ(killed["state"], "failed");
  EXPECT_EQ(killed["instances"][0]["reason_code"], 1001);
}

TEST_P(Batch, ThePolicyIsSwappedByReloadWithoutARestart) {
  System::Options two = options();
  two.cpus = 2;
  System system(two);
  system.start();
  pid_t before = system.status("cook").value("pid", 0);
  // Under DRF the late user's job overtakes the waiting ones of the early user; under FIFO it waits
  // its turn.
  constexpr int kEarly = 12;
  auto lateUsersPlace = [&]() {
    json anas = json::array();
    for (int i = 0; i < kEarly; ++i) anas.push_back(job("sleep 0.1" + std::to_string(i)));
    json bens = json::array({job("true")});
    EXPECT_EQ(system.submit("ana", anas), 201u);
    EXPECT_EQ(system.submit("ben", bens), 201u);
    json all = system.waitFor(uuidsOf(anas));
    int64_t bensStart = system.waitFor(uuidsOf(bens))[0]["instances"][0]["start_time"];
    int earlier = 0;
    for (auto& one : all) earlier += one["instances"][0]["start_time"].get<int64_t>() < bensStart;
    return earlier;
  };
  EXPECT_LE(lateUsersPlace(), 5);
  system.editConfig("fairness/drf.lua", "fairness/fifo.lua");
  auto reloaded = system.ctl({"reload"});
  ASSERT_EQ(reloaded.exitCode, 0) << reloaded.out;
  EXPECT_GE(lateUsersPlace(), kEarly - 1);
  EXPECT_EQ(system.status("cook").value("pid", 0), before);
}

TEST_P(Batch, DrainingAllEndsTheHostInOrder) {
  System system(options());
  system.start();
  auto drained = system.ctl({"drain", "--all"});
  EXPECT_EQ(drained.exitCode, 0) << drained.out;
  EXPECT_EQ(system.join(), 0);
  EXPECT_THAT(system.log(), HasSubstr("the host ends"));
}

TEST_P(Batch, ABadReloadChangesNothing) {
  System system(options());
  system.start();
  system.editConfig("one_user: operator", "one_usr: operator");
  auto refused = system.ctl({"reload"});
  EXPECT_NE(refused.exitCode, 0);
  EXPECT_THAT(refused.out, HasSubstr("maitred.yaml:"));
  EXPECT_THAT(refused.out, HasSubstr("one_user"));
  json jobs = json::array({job("true")});
  EXPECT_EQ(system.submit("ana", jobs), 201u);
  EXPECT_EQ(system.waitFor(uuidsOf(jobs))[0]["state"], "success");
}

INSTANTIATE_TEST_SUITE_P(Isolations, Batch, ::testing::Values("process", "inline"),
                         [](auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
