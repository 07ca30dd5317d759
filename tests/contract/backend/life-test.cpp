// The backend's own life: it drains, and it dies.
#include "contract.h"

namespace maitred::backend {
namespace {

TEST_P(BackendContract, ADrainingBackendTakesNothingNew) {
  auto c = consumer("c");
  c.connect();
  EXPECT_EQ(c.launch("a", work(500)), "");
  auto request = plugin->client().drainRequest();
  request.setDeadlineMs(5'000);
  c.wait(request.send().ignoreResult());
  EXPECT_EQ(c.launch("b"), "draining");
  EXPECT_EQ(c.untilEnd("a").state, TaskState::SUCCEEDED) << "what runs goes on";
}

TEST_P(BackendContract, AfterACrashEveryExpectedTaskGetsAnAnswer) {
  {
    auto c = consumer("c");
    c.connect();
    EXPECT_EQ(c.launch("long", work(60'000)), "");
    EXPECT_EQ(c.launch("short", work(300, 5)), "");
    EXPECT_TRUE(c.untilState("long", TaskState::RUNNING));
    EXPECT_TRUE(c.untilState("short", TaskState::RUNNING));
    plugin->kill();
    EXPECT_EQ(failure([&]() { c.launch("x"); }), kj::Exception::Type::DISCONNECTED);
  }
  plugin = nullptr;
  start();
  auto c = consumer("c");
  c.attach();
  c.expect("long", ExpectedPhase::RUNNING);
  c.expect("short", ExpectedPhase::RUNNING);
  c.begin();
  ASSERT_TRUE(c.snapshotIsComplete());
  if (candidate().remembers) {
    EXPECT_EQ(c.last("long")->state, TaskState::RUNNING);
    EXPECT_EQ(c.untilEnd("short").exitCode, 5);
    c.kill("long", 0);
    EXPECT_EQ(c.untilEnd("long").state, TaskState::KILLED);
  } else {
    EXPECT_EQ(c.untilEnd("long").state, TaskState::LOST);
    EXPECT_EQ(c.untilEnd("short").state, TaskState::LOST);
  }
}

}  // namespace
}  // namespace maitred::backend
