// The finished .so, asked as a queue asks it, in both isolations.
#include <maitred/schema/queue-extensions.capnp.h>
#include <maitred/testing/harness.h>

#include <cook-demo.capnp.h>

#include <gtest/gtest.h>

namespace cook_demo {
namespace {

namespace queue = maitred::queue;
using maitred::testing::Isolation;
using maitred::testing::PluginUnderTest;

class DemoTest : public ::testing::TestWithParam<Isolation> {
 protected:
  ~DemoTest() noexcept override {}  // KJ destructors may throw, those of GoogleTest may not

  DemoTest() {
    auto config = plugin.config<DemoConfig>();
    auto refuse = config.initRefuse(2);
    refuse[0].setPrefix("bad");
    refuse[0].setMessage("first");
    refuse[1].setPrefix("bad.worse");
    refuse[1].setMessage("second");
    auto defer = config.initDefer(1);
    defer[0].setPrefix("later");
    defer[0].setMessage("not yet");
    defer[0].setTimes(2);
    plugin.start();
  }

  std::string refusal(kj::StringPtr name) {
    auto request = plugin.provided<queue::SubmissionValidator>().validateRequest();
    request.initJobs(1)[0].initJob().setName(name);
    auto response = request.send().wait(io.waitScope);
    auto verdict = response.getVerdicts()[0];
    return verdict.isRejected() ? verdict.getRejected().cStr() : "";
  }
  bool mayStart(kj::StringPtr name, uint32_t deferrals) {
    auto request = plugin.provided<queue::LaunchFilter>().filterRequest();
    auto job = request.initJobs(1)[0];
    job.initCandidate().initJob().setName(name);
    job.setDeferrals(deferrals);
    return request.send().wait(io.waitScope).getVerdicts()[0].isAccepted();
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  PluginUnderTest plugin{io, {.library = PLUGIN_FILE, .isolation = GetParam()}};
};
INSTANTIATE_TEST_SUITE_P(Both, DemoTest, ::testing::Values(Isolation::process, Isolation::inlined),
                         [](const auto& param) { return std::string(name(param.param)); });

TEST_P(DemoTest, RefusesByName) {
  EXPECT_EQ(refusal("good"), "");
  EXPECT_EQ(refusal("bad.job"), "first");
  EXPECT_EQ(refusal("bad.worse.job"), "first\nsecond");
}

TEST_P(DemoTest, DefersSoOften) {
  EXPECT_TRUE(mayStart("good", 0));
  EXPECT_FALSE(mayStart("later.job", 0));
  EXPECT_FALSE(mayStart("later.job", 1));
  EXPECT_TRUE(mayStart("later.job", 2));
}

}  // namespace
}  // namespace cook_demo
