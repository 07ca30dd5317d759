// The end of a plugin that runs in the host's own process.
#include "host/log/logs.h"
#include "host/runtime/incarnation.h"
#include "host/runtime/membrane.h"

#include <maitred/testing/harness.h>

#include <trial.capnp.h>

#include <gtest/gtest.h>

#include <cstdlib>

namespace maitred::host {
namespace {

class Silence final : public InstanceLog {
 public:
  void write(LogLevel, std::string_view) override {}
  void feed(std::string_view) override {}
  void endOfInput() override {}
  std::vector<std::string> lastLines() const override { return {}; }
  void clearLastLines() override {}
};

// The plugin holds it as long as it lives.
class Services final : public plugin::Host::Server {
 public:
  explicit Services(bool& held) : held(held) { held = true; }
  ~Services() noexcept(false) { held = false; }

 private:
  bool& held;
};

// What the host takes for gone is gone, a start under way with it: the next life wants its files.
TEST(Inline, GoneMeansGone_WithACallUnderWay) {
  auto io = kj::setupAsyncIo();
  testing::TemporaryDirectory state;
  Silence log;
  bool held = false;
  Launch launch{"",
                std::string(std::getenv("MAITRED_BINARY_DIR")) + "/lib/maitred-test/test-trial.so",
                "trial",
                state.path(),
                "",
                "error",
                {}};
  auto incarnation =
      openInline(launch, {*io.lowLevelProvider, *io.provider, io.unixEventPort}, log);
  auto membrane = kj::refcounted<Revocable>();
  kj::Maybe<plugin::Plugin::Client> client = membrane->wrap(incarnation->plugin());
  auto request = KJ_ASSERT_NONNULL(client).startRequest();
  request.setHost(kj::heap<Services>(held));
  request.getConfig().initAs<trial::TrialConfig>().setStartDelay(3'600'000);
  auto starting = request.send().ignoreResult().catch_([](kj::Exception&&) {}).eagerlyEvaluate(
      nullptr);
  io.waitScope.poll();
  ASSERT_TRUE(held);

  auto gone = incarnation->whenGone();
  client = nullptr;
  membrane->revoke(KJ_EXCEPTION(DISCONNECTED, "the host ends it"));
  incarnation->hangUp();
  EXPECT_EQ(gone.wait(io.waitScope), "dropped");
  EXPECT_FALSE(held) << "the plugin's object lives on";
}

}  // namespace
}  // namespace maitred::host
