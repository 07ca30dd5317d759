// How instances are run: who runs them, and what they are told.
#include <backend/translate.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <capnp/message.h>

#include <map>

namespace maitred::cook {
namespace {

using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

Uuid id(const char* text) {
  return Uuid::parse(text).value();
}

struct Execution : ::testing::Test {
  Execution() {
    job.spec.id = id("0f6a4e3c-0000-4000-8000-000000000001");
    job.spec.user = "ana";
    job.spec.command = "true";
    job.spec.cpus = 1.5;
    job.spec.mem = 64;
    one.taskId = id("aaaaaaaa-0000-4000-8000-000000000002");
    one.executor = Executor::cook;
    settings.executor.command = "launcher";
  }
  std::map<std::string, std::string> environment() {
    Pairs all = environmentOf(job, one, settings);
    return {all.begin(), all.end()};
  }
  backend::TaskSpec::Reader spec() {
    message = std::make_unique<capnp::MallocMessageBuilder>();
    auto out = message->initRoot<backend::TaskSpec>();
    writeSpec(job, one, 1000, settings, out);
    return out.asReader();
  }
  Job job;
  Instance one;
  ExecutionSettings settings;
  std::unique_ptr<capnp::MallocMessageBuilder> message;
};

TEST(JavaHash, IsThatOfJavasUuids) {
  EXPECT_EQ(javaHash(id("00000000-0000-0000-0000-000000000000")), 0);
  EXPECT_EQ(javaHash(id("00000001-0000-0002-0000-000400000008")), 1 ^ 2 ^ 4 ^ 8);
  EXPECT_EQ(javaHash(id("80000000-0000-0000-0000-000000000001")), -2147483647);
}

TEST(ChooseExecutor, TheJobsWordCounts) {
  ExecutorSettings settings;
  Uuid job = id("00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(chooseExecutor(settings, Executor::cook, job, 0), Executor::mesos) << "there is none";
  settings.command = "launcher";
  EXPECT_EQ(chooseExecutor(settings, Executor::cook, job, 100), Executor::cook);
  EXPECT_EQ(chooseExecutor(settings, Executor::unknown, job, 0), Executor::mesos);
  settings.portion = 1;
  EXPECT_EQ(chooseExecutor(settings, Executor::mesos, job, 0), Executor::mesos);
  EXPECT_EQ(chooseExecutor(settings, Executor::unknown, job, 4), Executor::cook);
  EXPECT_EQ(chooseExecutor(settings, Executor::unknown, job, 5), Executor::mesos);
  settings.retryLimit = 0;
  EXPECT_EQ(chooseExecutor(settings, Executor::unknown, job, 500), Executor::cook);
}

TEST(ChooseExecutor, ThePortionIsThatOfTheJobs) {
  ExecutorSettings settings{.command = "launcher", .portion = 0.25};
  int chosen = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    Uuid job{0, i};
    chosen += chooseExecutor(settings, Executor::unknown, job, 0) == Executor::cook;
  }
  EXPECT_EQ(chosen, 250);
  // -2147483647 mod 100 is 53.
  Uuid negative = id("80000000-0000-0000-0000-000000000001");
  settings.portion = 0.53;
  EXPECT_EQ(chooseExecutor(settings, Executor::unknown, negative, 0), Executor::mesos);
  settings.portion = 0.54;
  EXPECT_EQ(chooseExecutor(settings, Executor::unknown, negative, 0), Executor::cook);
}

TEST_F(Execution, TheEnvironmentIsCooks) {
  job.spec.environment = Pairs{{"MINE", "1"}, {"COOK_JOB_UUID", "x"}, {"COOK_JOB_GROUP_UUID", "x"}};
  one.number = 3;
  auto all = environment();
  EXPECT_THAT(all, Contains(Pair("MINE", "1")));
  EXPECT_THAT(all, Contains(Pair("COOK_JOB_UUID", job.spec.id.text())));
  EXPECT_THAT(all, Contains(Pair("COOK_INSTANCE_UUID", one.taskId.text())));
  EXPECT_THAT(all, Contains(Pair("COOK_INSTANCE_NUM", "3")));
  EXPECT_THAT(all, Contains(Pair("COOK_JOB_CPUS", "1.5")));
  EXPECT_THAT(all, Contains(Pair("COOK_JOB_MEM_MB", "64.0")));
  EXPECT_THAT(all, Not(Contains(Key("COOK_JOB_GROUP_UUID"))));
  EXPECT_THAT(all, Not(Contains(Key("COOK_JOB_GPUS"))));
  job.spec.group = one.taskId;
  job.spec.gpus = 2;
  EXPECT_THAT(environment(), Contains(Pair("COOK_JOB_GROUP_UUID", one.taskId.text())));
  EXPECT_THAT(environment(), Contains(Pair("COOK_JOB_GPUS", "2.0")));
}

TEST_F(Execution, TheLauncherTellsItsSettings) {
  settings.executor.environment = {{"SITE", "here"}};
  auto all = environment();
  EXPECT_THAT(all, Contains(Pair("SITE", "here")));
  EXPECT_THAT(all, Contains(Pair("EXECUTOR_LOG_LEVEL", "INFO")));
  EXPECT_THAT(all, Contains(Pair("EXECUTOR_MAX_MESSAGE_LENGTH", "512")));
  EXPECT_THAT(all, Contains(Pair("PROGRESS_SAMPLE_INTERVAL_MS", "300000")));
  EXPECT_THAT(all, Contains(Pair("PROGRESS_REGEX_STRING", settings.executor.progressPattern)));
  std::string file = one.taskId.text() + ".progress";
  EXPECT_THAT(all, Contains(Pair("EXECUTOR_PROGRESS_OUTPUT_FILE", file)));
  EXPECT_THAT(all, Not(Contains(Key("EXECUTOR_PROGRESS_OUTPUT_FILE_ENV"))));
  one.executor = Executor::mesos;
  all = environment();
  for (const char* name : {"SITE", "EXECUTOR_LOG_LEVEL", "EXECUTOR_PROGRESS_OUTPUT_FILE"}) {
    EXPECT_THAT(all, Not(Contains(Key(name))));
  }
  EXPECT_FALSE(spec().hasProgress());
}

TEST_F(Execution, TheProgressFileIsTheJobsOrTheVariables) {
  auto file = [&] { return std::string(spec().getProgress().getFile().cStr()); };
  EXPECT_EQ(file(), one.taskId.text() + ".progress");
  settings.executor.environment = {{"EXECUTOR_PROGRESS_OUTPUT_FILE_ENV", "PROGRESS_FILE"}};
  EXPECT_THAT(environment(), Contains(Pair("PROGRESS_FILE", one.taskId.text() + ".progress")));
  job.spec.environment = Pairs{{"PROGRESS_FILE", "mine"}};
  EXPECT_EQ(file(), "mine");
  job.spec.extra = R"({"progress_output_file":"said","progress_regex_string":"([0-9]+)%"})";
  EXPECT_EQ(file(), "said");
  EXPECT_THAT(environment(), Contains(Pair("EXECUTOR_PROGRESS_OUTPUT_FILE", "said")));
  EXPECT_THAT(environment(),
              Contains(Pair("EXECUTOR_PROGRESS_OUTPUT_FILE_ENV", "EXECUTOR_PROGRESS_OUTPUT_FILE")));
  EXPECT_EQ(spec().getProgress().getPattern(), "([0-9]+)%");
  EXPECT_EQ(spec().getProgress().getMessageBytesMax(), 512u);
  EXPECT_EQ(spec().getKillGraceMs(), 2000u);
}

TEST_F(Execution, CheckpointsAreToldUntilTheyFailTooOften) {
  job.spec.extra = R"({"checkpoint":{"mode":"periodic","options":{"preserve-paths":["/b","/a"]},
                       "periodic-options":{"period-sec":30}}})";
  auto all = environment();
  EXPECT_THAT(all, Contains(Pair("COOK_CHECKPOINT_MODE", "periodic")));
  EXPECT_THAT(all, Contains(Pair("COOK_CHECKPOINT_PRESERVE_PATH_0", "/a")));
  EXPECT_THAT(all, Contains(Pair("COOK_CHECKPOINT_PRESERVE_PATH_1", "/b")));
  EXPECT_THAT(all, Contains(Pair("COOK_CHECKPOINT_PERIOD_SEC", "30")));
  settings.checkpoint.attemptsMost = 2;
  for (int number : {0, 1, 2}) {
    Instance failed;
    failed.number = number;
    failed.status = InstanceStatus::failed;
    failed.reason = number == 1 ? Reason::PREEMPTED : Reason::NON_ZERO_EXIT;
    job.instances.push_back(failed);
  }
  one.number = 2;
  EXPECT_THAT(environment(), Contains(Key("COOK_CHECKPOINT_MODE"))) << "one failure counts";
  one.number = 3;
  EXPECT_THAT(environment(), Not(Contains(Key("COOK_CHECKPOINT_MODE"))));
  settings.checkpoint = {.pools = {"other"}};
  EXPECT_THAT(environment(), Not(Contains(Key("COOK_CHECKPOINT_MODE"))));
  settings.checkpoint = {.disabled = true};
  EXPECT_THAT(environment(), Not(Contains(Key("COOK_CHECKPOINT_MODE"))));
}

TEST_F(Execution, AContainerIsHandedOn) {
  job.spec.extra = R"({"container":{"type":"DOCKER","docker":{"image":"debian:12","network":"host",
      "force-pull-image":true,"parameters":[{"key":"user","value":"1:1"}],
      "port-mapping":[{"host-port":80,"container-port":8080,"protocol":"TCP"}]},
      "volumes":[{"host-path":"/a"},{"host-path":"/b","container-path":"/c","mode":"RO"}]}})";
  auto container = spec().getContainer();
  EXPECT_EQ(container.getKind(), "docker");
  EXPECT_EQ(container.getImage(), "debian:12");
  EXPECT_EQ(container.getNetwork(), "host");
  EXPECT_EQ(container.getPull(), backend::Pull::ALWAYS);
  EXPECT_EQ(container.getParameters()[0].getValue(), "1:1");
  EXPECT_EQ(container.getPortMappings()[0].getContainerPort(), 8080);
  EXPECT_EQ(container.getVolumes()[0].getTarget(), "/a");
  EXPECT_FALSE(container.getVolumes()[0].getReadOnly());
  EXPECT_EQ(container.getVolumes()[1].getTarget(), "/c");
  EXPECT_TRUE(container.getVolumes()[1].getReadOnly());
}

// Rows of an older version may hold anything that was let pass then.
TEST_F(Execution, FieldsOfAnotherKindCountAsNotGiven) {
  job.spec.extra = R"({"checkpoint":{"mode":"auto","options":5,"periodic-options":[1]},
      "executor":3,"progress_regex_string":{}})";
  EXPECT_EQ(askedExecutor(job.spec), Executor::unknown);
  EXPECT_THAT(environment(), Contains(Pair("COOK_CHECKPOINT_MODE", "auto")));
  EXPECT_EQ(spec().getProgress().getPattern(), settings.executor.progressPattern.c_str());
}

}  // namespace
}  // namespace maitred::cook
