// How jobs are run and what they tell of it, through everything: launcher, backend, queue, REST.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace maitred::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* QUICK =
    "      executor: { portion: 1, progress_sample_interval: 50ms, environment: { SITE: here } }\n"
    "      progress: { publish_interval: 50ms }\n";

json with(json one, json more) {
  one.update(more);
  return one;
}

class Execution : public ::testing::TestWithParam<const char*> {
 protected:
  json instance(const json& job) {
    json instances = system.job(job["uuid"])["instances"];
    return instances.empty() ? json::object() : instances[0];
  }
  std::string file(const json& ended, const std::string& name) {
    std::string path = ended["instances"][0]["sandbox_directory"];
    std::ifstream in(path + "/" + name);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  System system{{.isolation = GetParam()}};
};

class ExecutionByDefault : public Execution {
 protected:
  ExecutionByDefault() { system.start(); }
};

class ExecutionQuick : public Execution {
 protected:
  ExecutionQuick() {
    system.editConfig("      policies:", std::string(QUICK) + "      policies:");
    system.start();
  }
};

TEST_P(ExecutionQuick, ProgressIsSeenWhileAJobRuns) {
  json talks = job("echo progress: 25 a quarter; until [ -e go ]; do sleep 0.05; done; "
                   "echo progress: 90 > mine; exit 0");
  talks["progress_output_file"] = "mine";
  ASSERT_EQ(system.submit("ana", json::array({talks})), 201u);
  system.eventually("its progress is told", [&] { return instance(talks)["progress"] == 25; });
  json running = instance(talks);
  EXPECT_EQ(running["progress_message"], "a quarter");
  EXPECT_EQ(running["status"], "running");
  EXPECT_EQ(running["executor"], "cook");
  std::string url = running["output_url"];
  std::string sandbox = running["sandbox_directory"];
  EXPECT_THAT(url, HasSubstr("/files/read")) << url;
  EXPECT_THAT(url, HasSubstr("path="));
  std::ofstream(sandbox + "/go").close();
  system.waitFor({talks["uuid"]});
  system.eventually("the last report is told", [&] { return instance(talks)["progress"] == 90; });
  EXPECT_EQ(instance(talks)["exit_code"], 0);
}

TEST_P(ExecutionQuick, AJobsOwnPatternCounts) {
  json own = job("echo done 7 of 10 parts"), none = job("echo progress: 7");
  own["progress_regex_string"] = "done ([0-9]+) (of.*)";
  none["progress_regex_string"] = "(?=progress)";
  json plain = with(job("echo progress: 7"), {{"executor", "mesos"}});
  ASSERT_EQ(system.submit("ana", {own, none, plain}), 201u);
  system.waitFor(uuidsOf({own, none, plain}));
  system.eventually("its progress is told", [&] { return instance(own)["progress"] == 7; });
  EXPECT_EQ(instance(own)["progress_message"], "of 10 parts");
  system.eventually("what is wrong is told",
                    [&] { return instance(none).contains("progress_message"); });
  EXPECT_THAT(instance(none)["progress_message"].get<std::string>(), HasSubstr("not understood"));
  EXPECT_EQ(instance(none)["exit_code"], 0) << "it runs nevertheless";
  EXPECT_EQ(instance(plain)["executor"], "mesos");
  EXPECT_EQ(instance(plain)["progress"], 0);
}

TEST_P(ExecutionQuick, TheEnvironmentIsCooks) {
  json shows = with(job("env | sort; pwd"), {{"executor", "cook"},
                                             {"ports", 2},
                                             {"env", {{"MINE", "1"}, {"COOK_JOB_UUID", "x"}}},
                                             {"checkpoint", {{"mode", "auto"}}}});
  ASSERT_EQ(system.submit("ana", json::array({shows})), 201u);
  json ended = system.waitFor({shows["uuid"]})[0];
  std::string text = "\n" + file(ended, "stdout"), task = ended["instances"][0]["task_id"];
  std::string sandbox = ended["instances"][0]["sandbox_directory"];
  for (const std::string& line :
       {"COOK_JOB_UUID=" + shows["uuid"].get<std::string>(), "COOK_INSTANCE_UUID=" + task,
        std::string("COOK_INSTANCE_NUM=0"), std::string("COOK_JOB_CPUS=1.0"),
        std::string("MINE=1"), std::string("SITE=here"), std::string("EXECUTOR_LOG_LEVEL=INFO"),
        std::string("EXECUTOR_MAX_MESSAGE_LENGTH=512"),
        std::string("PROGRESS_SAMPLE_INTERVAL_MS=50"),
        "EXECUTOR_PROGRESS_OUTPUT_FILE=" + task + ".progress",
        std::string("COOK_CHECKPOINT_MODE=auto"), "HOME=" + sandbox, "MESOS_SANDBOX=" + sandbox,
        "MESOS_DIRECTORY=" + sandbox}) {
    EXPECT_THAT(text, HasSubstr("\n" + line + "\n"));
  }
  EXPECT_THAT(text, HasSubstr("\nPORT1="));
  EXPECT_THAT(text, Not(HasSubstr("COOK_JOB_GROUP_UUID")));
  EXPECT_TRUE(text.ends_with("\n" + sandbox + "\n")) << "it runs in its sandbox";
}

TEST_P(ExecutionQuick, AKillAsksFirstAndThenInsists) {
  json polite = job("trap 'echo bye; exit 9' TERM; touch ready; while :; do sleep 0.05; done");
  json deaf = job("trap '' TERM; touch ready; while :; do sleep 0.05; done");
  ASSERT_EQ(system.submit("ana", {polite, deaf}), 201u);
  for (const json& one : {polite, deaf}) {
    system.eventually("it is ready", [&] {
      json its = instance(one);
      return its.contains("sandbox_directory") &&
             std::filesystem::exists(its["sandbox_directory"].get<std::string>() + "/ready");
    });
    ASSERT_EQ(system.maitred({"cook", "kill", one["uuid"]}).exitCode, 0);
    system.eventually("it has ended", [&] { return instance(one).contains("end_time"); });
    EXPECT_EQ(instance(one)["reason_code"], 1001);
  }
  EXPECT_EQ(instance(polite)["exit_code"], 9);
  EXPECT_EQ(file(system.job(polite["uuid"]), "stdout"), "bye\n");
  EXPECT_EQ(instance(deaf)["exit_code"], 128 + 9);
}

TEST_P(ExecutionQuick, SettingsAnnounceTheLauncher) {
  json told = json::parse(system.rest("GET", "/settings", "", "ana").body)["executor"];
  EXPECT_EQ(told["command"], "maitred-shim");
  EXPECT_EQ(told["portion"], 1.0);
  EXPECT_EQ(told["progress-sample-interval-ms"], 50);
  EXPECT_EQ(told["retry-limit"], 5);
  EXPECT_EQ(told["environment"]["SITE"], "here");
  EXPECT_THAT(told["default-progress-regex-string"].get<std::string>(), HasSubstr("progress:"));
}

TEST_P(ExecutionByDefault, OnlyThoseWhoAskGetTheLauncher) {
  json asks = with(job("true"), {{"executor", "cook"}}), silent = job("true");
  ASSERT_EQ(system.submit("ana", {asks, silent}), 201u);
  system.waitFor(uuidsOf({asks, silent}));
  EXPECT_EQ(instance(asks)["executor"], "cook");
  EXPECT_EQ(instance(silent)["executor"], "mesos");
}

TEST_P(ExecutionByDefault, AContainerIsRefusedWithASentence) {
  json wants = job("true");
  wants["container"] = {{"type", "mesos"}, {"mesos", {{"image", "x"}}}};
  std::string answer;
  ASSERT_EQ(system.submit("ana", json::array({wants}), &answer), 201u) << answer;
  system.waitFor({wants["uuid"]});
  EXPECT_THAT(instance(wants)["message"].get<std::string>(), HasSubstr("no containers"));
  EXPECT_EQ(instance(wants)["reason_code"], 3004);
}

const auto BOTH = ::testing::Values("inline", "process");
constexpr auto nameOfIsolation = [](auto& info) { return std::string(info.param); };
INSTANTIATE_TEST_SUITE_P(Isolations, ExecutionByDefault, BOTH, nameOfIsolation);
INSTANTIATE_TEST_SUITE_P(Isolations, ExecutionQuick, BOTH, nameOfIsolation);

}  // namespace
}  // namespace maitred::e2e
