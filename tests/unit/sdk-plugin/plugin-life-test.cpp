// The smallest plugin from its finished .so, in both isolations.
#include <maitred/testing/harness.h>

#include <greeter.capnp.h>

#include <gtest/gtest.h>

namespace maitred::test {
namespace {

using testing::Isolation;
using testing::PluginUnderTest;

std::string library() {
  return std::string(std::getenv("MAITRED_BINARY_DIR")) + "/lib/maitred-test/test-greeter.so";
}

class PluginLife : public ::testing::TestWithParam<Isolation> {
 public:
  ~PluginLife() noexcept override {}

 protected:
  kj::AsyncIoContext io = kj::setupAsyncIo();
  PluginUnderTest plugin{io, {.library = library(), .isolation = GetParam()}};

  std::string greet() {
    auto request = plugin.provided<Greeter>().greetRequest();
    request.setName("ana");
    return request.send().wait(io.waitScope).getText().cStr();
  }
};

TEST_P(PluginLife, StartsWithItsConfigAndProvides) {
  plugin.config<GreeterConfig>().setGreeting("good day");
  plugin.start();
  EXPECT_EQ(greet(), "good day ana");
  EXPECT_EQ(plugin.processId() != 0, GetParam() == Isolation::process);
  plugin.stop();
}

TEST_P(PluginLife, AnswersHealthAndMetrics) {
  auto before = plugin.client().healthRequest().send().wait(io.waitScope);
  EXPECT_TRUE(before.getLive());
  EXPECT_FALSE(before.getReady());
  plugin.start();
  auto after = plugin.client().healthRequest().send().wait(io.waitScope);
  EXPECT_TRUE(after.getReady());
  EXPECT_STREQ(after.getMessage().cStr(), "greeting with hello");
  EXPECT_NO_THROW(plugin.client().metricsRequest().send().wait(io.waitScope));
}

TEST_P(PluginLife, AppliesOrRejectsANewConfig) {
  plugin.start();
  auto reconfigure = [&](const char* greeting) {
    auto request = plugin.client().reconfigureRequest();
    request.getConfig().initAs<GreeterConfig>().setGreeting(greeting);
    return request.send().wait(io.waitScope);
  };
  EXPECT_TRUE(reconfigure("servus").getOutcome().isApplied());
  EXPECT_EQ(greet(), "servus ana");
  auto rejected = reconfigure("");
  ASSERT_TRUE(rejected.getOutcome().isRejected());
  EXPECT_STREQ(rejected.getOutcome().getRejected()[0].getPath()[0].cStr(), "greeting");
  EXPECT_EQ(greet(), "servus ana");
}

TEST_P(PluginLife, ChecksWithoutStarting) {
  auto request = plugin.client().checkRequest();
  request.getConfig().initAs<GreeterConfig>().setGreeting("boo");
  auto result = request.send().wait(io.waitScope);
  ASSERT_EQ(result.getProblems().size(), 1u);
  EXPECT_STREQ(result.getProblems()[0].getMessage().cStr(), "too rude");
  EXPECT_STREQ(result.getProblems()[0].getHint().cStr(), "say hello");
}

TEST_P(PluginLife, AnswersQuestionsAndRefusesUnknownOnes) {
  plugin.start();
  auto ask = [&](const char* name) {
    auto request = plugin.client().commandRequest();
    request.setName(name);
    request.setInput("hey");
    return request.send().wait(io.waitScope);
  };
  EXPECT_STREQ(ask("shout").getOutput().cStr(), "hey!");
  try {
    ask("whisper");
    FAIL() << "an unknown question was answered";
  } catch (const kj::Exception& e) {
    EXPECT_EQ(e.getType(), kj::Exception::Type::UNIMPLEMENTED);
  }
}

TEST_P(PluginLife, StartComesOnce) {
  plugin.start();
  EXPECT_THROW(plugin.start(), kj::Exception);
  EXPECT_EQ(greet(), "hello ana");
}

// Only a process can be killed; an inline plugin dies with its host.
TEST(PluginProcess, IsDisconnectedWhenItIsKilled) {
  auto io = kj::setupAsyncIo();
  PluginUnderTest plugin(io, {.library = library(), .isolation = Isolation::process});
  plugin.start();
  auto greeter = plugin.provided<Greeter>();
  plugin.kill();
  try {
    greeter.greetRequest().send().wait(io.waitScope);
    FAIL() << "a dead process answered";
  } catch (const kj::Exception& e) {
    EXPECT_EQ(e.getType(), kj::Exception::Type::DISCONNECTED);
  }
}

TEST(PluginEntry, RunsTheCommandOfTheManifest) {
  auto& entry = testing::loadPlugin(library());
  ASSERT_NE(entry.command, nullptr);
  char name[] = "hello";
  char* argv[] = {name, nullptr};
  EXPECT_EQ(entry.command(1, argv), 1);
}

INSTANTIATE_TEST_SUITE_P(Isolations, PluginLife,
                         ::testing::Values(Isolation::process, Isolation::inlined),
                         [](auto& info) { return std::string(testing::name(info.param)); });

}  // namespace
}  // namespace maitred::test
