// The finished .so between a queue and a receiver that the test makes, in both isolations.
#include <maitred/http.h>
#include <maitred/schema/queue.capnp.h>
#include <maitred/testing/harness.h>

#include <webhook.capnp.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace webhook_plugin {
namespace {

namespace http = maitred::http;
namespace queue = maitred::queue;
using maitred::testing::Isolation;
using maitred::testing::PluginUnderTest;

// What the test and its queue share: who watches, and from where on.
struct Watched {
  kj::Maybe<queue::Watcher::Client> watcher;
  uint64_t after = 0;
  uint32_t times = 0;
  uint64_t knows = 0;  // sequence of the job that changed last
};

class FakeQueue final : public queue::Queue::Server {
 public:
  explicit FakeQueue(Watched& watched) : watched(watched) {}
  kj::Promise<void> watch(WatchContext context) override {
    watched.watcher = context.getParams().getWatcher();
    watched.after = context.getParams().getAfterSequence();
    ++watched.times;
    context.getResults().setSubscription(kj::heap<queue::Subscription::Server>());
    return kj::READY_NOW;
  }
  // Knows the job that was told last, unless the test takes its history away.
  kj::Promise<void> query(QueryContext context) override {
    if (watched.knows == 0) return kj::READY_NOW;
    auto job = context.getResults().initJobs(1)[0];
    job.initSpec().setId(context.getParams().getJobIds()[0]);
    job.setSequence(watched.knows);
    return kj::READY_NOW;
  }

 private:
  Watched& watched;
};

class WebhookTest : public ::testing::TestWithParam<Isolation> {
 protected:
  WebhookTest() : io(kj::setupAsyncIo()), socket(maitred::testing::listenOnLoopback()) {
    http::Router router;
    router.on("POST", "/jobs", [this](http::Request& request) {
      bodies.push_back(request.json());
      attempts.push_back(std::string(*request.header("X-Webhook-Attempt")));
      signatures.push_back(std::string(request.header("X-Webhook-Signature").value_or("")));
      return http::Response::empty(status);
    });
    server = kj::heap<http::Server>(io.provider->getTimer(), kj::systemPreciseCalendarClock(),
                                    http::Limits(), kj::mv(router), http::oneUser("guest"));
    server->listen(io.lowLevelProvider->wrapListenSocketFd(socket.fd.get()));
  }

  ~WebhookTest() noexcept override {}  // KJ destructors may throw, those of GoogleTest may not

  // An instance of the plugin over the state of the one before.
  kj::Own<PluginUnderTest> begin(uint32_t waitingMax = 1000) {
    auto plugin = kj::heap<PluginUnderTest>(
        io, PluginUnderTest::Options{.library = PLUGIN_FILE,
                                     .isolation = GetParam(),
                                     .stateDirectory = state.path()});
    auto config = plugin->config<WebhookConfig>();
    config.setUrl("http://127.0.0.1:" + std::to_string(socket.port) + "/jobs");
    config.setSecret("a key of the test's own");
    config.setHistory(true);
    config.setRetryFirst(20);
    config.setRetryMost(40);
    config.setAwayAfter(50);
    config.setWaitingMax(waitingMax);
    plugin->grant("queue", "cook", capnp::typeId<queue::Queue>(), kj::heap<FakeQueue>(watched));
    plugin->start();
    EXPECT_TRUE(eventually([&]() { return watched.watcher != nullptr; }));
    return plugin;
  }

  template <typename Condition>
  bool eventually(Condition condition) {
    for (int i = 0; i < 1000 && !condition(); ++i) {
      io.provider->getTimer().afterDelay(10 * kj::MILLISECONDS).wait(io.waitScope);
    }
    return condition();
  }

  // Tells the plugin of a job; returns when it has written it down.
  void tell(kj::StringPtr id, uint64_t sequence, queue::JobState state) {
    auto request = KJ_ASSERT_NONNULL(watched.watcher).applyRequest();
    auto job = request.initChanges(1)[0];
    job.initSpec().setId(id);
    job.setState(state);
    job.setSequence(sequence);
    auto instance = job.initInstances(1)[0];
    instance.setState(state == queue::JobState::COMPLETED ? queue::InstanceState::SUCCESS
                                                          : queue::InstanceState::RUNNING);
    request.setSequence(sequence);
    watched.knows = sequence;
    request.send().wait(io.waitScope);
  }

  bool ready(PluginUnderTest& plugin) {
    return plugin.client().healthRequest().send().wait(io.waitScope).getReady();
  }

  kj::AsyncIoContext io;
  maitred::testing::Listening socket;
  maitred::testing::TemporaryDirectory state;
  Watched watched;
  unsigned status = 204;
  std::vector<nlohmann::json> bodies;
  std::vector<std::string> attempts, signatures;
  kj::Own<http::Server> server;
};
INSTANTIATE_TEST_SUITE_P(Both, WebhookTest,
                         ::testing::Values(Isolation::process, Isolation::inlined),
                         [](const auto& param) { return std::string(name(param.param)); });

TEST_P(WebhookTest, TellsAFinishedJobOnce) {
  auto plugin = begin();
  EXPECT_EQ(watched.after, 0u);
  tell("a", 1, queue::JobState::RUNNING);
  tell("a", 2, queue::JobState::COMPLETED);
  tell("a", 3, queue::JobState::COMPLETED);  // a later change of the same end
  tell("b", 4, queue::JobState::COMPLETED);
  ASSERT_TRUE(eventually([&]() { return bodies.size() == 2; }));
  EXPECT_EQ(bodies[0]["uuid"], "a");
  EXPECT_EQ(bodies[0]["event"], "a-2");
  EXPECT_EQ(bodies[0]["state"], "success");
  EXPECT_EQ(bodies[1]["uuid"], "b");
  EXPECT_EQ(attempts[0], "1");
  EXPECT_EQ(signatures[0].substr(0, 7), "sha256=");
  plugin->stop();
}

TEST_P(WebhookTest, TellsAgainWhatWasRetried) {
  auto plugin = begin();
  tell("a", 1, queue::JobState::COMPLETED);
  tell("a", 2, queue::JobState::WAITING);
  tell("a", 3, queue::JobState::COMPLETED);
  ASSERT_TRUE(eventually([&]() { return bodies.size() == 2; }));
  EXPECT_EQ(bodies[1]["event"], "a-3");
  plugin->stop();
}

TEST_P(WebhookTest, WaitsForAReceiverThatIsAway) {
  auto plugin = begin();
  status = 503;
  tell("a", 1, queue::JobState::COMPLETED);
  EXPECT_TRUE(eventually([&]() { return !ready(*plugin); }));
  status = 204;
  EXPECT_TRUE(eventually([&]() { return ready(*plugin); }));
  EXPECT_GT(bodies.size(), 1u);
  EXPECT_NE(attempts.back(), "1");
  plugin->stop();
}

TEST_P(WebhookTest, LosesNothingWhenItIsKilled) {
  auto plugin = begin();
  status = 503;
  tell("a", 7, queue::JobState::COMPLETED);
  ASSERT_TRUE(eventually([&]() { return !bodies.empty(); }));
  watched.watcher = nullptr;
  plugin->kill();
  plugin = nullptr;
  bodies.clear();
  attempts.clear();
  status = 204;
  plugin = begin();
  EXPECT_EQ(watched.after, 7u);
  ASSERT_TRUE(eventually([&]() { return !bodies.empty(); }));
  EXPECT_EQ(bodies[0]["uuid"], "a");
  EXPECT_NE(attempts[0], "1");  // the receiver is warned that it may know it
  plugin->stop();
}

TEST_P(WebhookTest, HearsAllOfAQueueThatHasAnotherHistory) {
  auto plugin = begin();
  tell("a", 7, queue::JobState::COMPLETED);
  ASSERT_TRUE(eventually([&]() { return bodies.size() == 1; }));
  plugin->stop();
  plugin = nullptr;
  watched.watcher = nullptr;
  watched.knows = 3;
  plugin = begin();
  EXPECT_EQ(watched.after, 0u);
  tell("a", 3, queue::JobState::COMPLETED);
  tell("b", 4, queue::JobState::COMPLETED);
  ASSERT_TRUE(eventually([&]() { return bodies.size() == 2; }));
  EXPECT_EQ(bodies[1]["uuid"], "b");
  plugin->stop();
}

TEST_P(WebhookTest, SetsAsideWhatIsRefusedAndTriesItAgainWhenAsked) {
  auto plugin = begin();
  status = 422;
  tell("a", 1, queue::JobState::COMPLETED);
  ASSERT_TRUE(eventually([&]() { return bodies.size() == 1; }));
  status = 204;
  tell("b", 2, queue::JobState::COMPLETED);
  ASSERT_TRUE(eventually([&]() { return bodies.size() == 2; }));
  EXPECT_EQ(bodies[1]["uuid"], "b");
  auto request = plugin->client().commandRequest();
  request.setName("retry-refused");
  EXPECT_EQ(request.send().wait(io.waitScope).getOutput(), "{\"retried\": 1}");
  ASSERT_TRUE(eventually([&]() { return bodies.size() == 3; }));
  EXPECT_EQ(bodies[2]["uuid"], "a");
  plugin->stop();
}

TEST_P(WebhookTest, WatchesTheQueueNoMoreWhileTooManyWait) {
  auto plugin = begin(1);
  status = 503;
  tell("a", 5, queue::JobState::COMPLETED);
  EXPECT_TRUE(eventually([&]() { return !ready(*plugin); }));
  EXPECT_EQ(watched.times, 1u);
  status = 204;
  EXPECT_TRUE(eventually([&]() { return watched.times == 2; }));
  EXPECT_EQ(watched.after, 5u);
  plugin->stop();
}

}  // namespace
}  // namespace webhook_plugin
