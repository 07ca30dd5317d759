// What is said of a job, without a plugin.
#include "message.h"

#include <capnp/message.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace webhook_plugin {
namespace {

namespace queue = maitred::queue;

struct Made {
  capnp::MallocMessageBuilder message;
  queue::Job::Builder job = message.initRoot<queue::Job>();

  explicit Made(uint32_t instances, queue::InstanceState last) {
    job.setState(queue::JobState::COMPLETED);
    job.setSequence(42);
    job.initSpec().setId("1b2c");
    job.getSpec().setUser("ana");
    auto list = job.initInstances(instances);
    for (auto instance : list) instance.setState(queue::InstanceState::FAILED);
    if (instances > 0) list[instances - 1].setState(last);
  }
};

TEST(Message, TellsInstancesWithReasonsAndExitCodes) {
  Made made(2, queue::InstanceState::FAILED);
  made.job.getInstances()[0].setReasonCode(1002);
  made.job.getInstances()[1].setHasExitCode(true);
  made.job.getInstances()[1].setExitCode(3);
  auto body = nlohmann::json::parse(bodyOf(made.job, 65536));
  EXPECT_EQ(body["event"], "1b2c-42");
  EXPECT_EQ(body["user"], "ana");
  EXPECT_EQ(body["name"], "cookjob");
  EXPECT_EQ(body["state"], "failed");
  EXPECT_EQ(body["instances"][0]["reasonCode"], 1002);
  EXPECT_TRUE(body["instances"][0]["exitCode"].is_null());
  EXPECT_EQ(body["instances"][1]["exitCode"], 3);
}

TEST(Message, HasSucceededIfOneInstanceHas) {
  Made made(2, queue::InstanceState::SUCCESS);
  EXPECT_EQ(nlohmann::json::parse(bodyOf(made.job, 65536))["state"], "success");
}

TEST(Message, KeepsTheLatestInstancesWithinTheLimit) {
  Made made(100, queue::InstanceState::SUCCESS);
  auto text = bodyOf(made.job, 4096);
  EXPECT_LE(text.size(), 4096u);
  auto body = nlohmann::json::parse(text);
  EXPECT_GT(body["instances"].size(), 5u);
  EXPECT_EQ(body["instances"].size() + size_t(body["instancesOmitted"]), 100u);
  EXPECT_EQ(body["instances"].back()["state"], "success");
}

TEST(Message, BearsTextThatIsNotUtf8) {
  Made made(0, {});
  made.job.getSpec().setName("\xff");
  EXPECT_TRUE(nlohmann::json::accept(bodyOf(made.job, 4096)));
}

TEST(Message, AKilledJobHasNotFinishedWhileItsInstanceRuns) {
  Made made(1, queue::InstanceState::RUNNING);
  EXPECT_FALSE(finished(made.job));
  made.job.getInstances()[0].setState(queue::InstanceState::FAILED);
  EXPECT_TRUE(finished(made.job));
}

// A known pair, so that receivers in other languages can be held against it.
TEST(Message, SignsAsOthersDo) {
  EXPECT_EQ(signatureOf("key", "The quick brown fox jumps over the lazy dog"),
            "sha256=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
}

}  // namespace
}  // namespace webhook_plugin
