// The whole simulated backend on a simulated clock: a day in a moment.
#include "runner.h"

#include <maitred/backend/spec.h>
#include <maitred/testing/simulated-loop.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <capnp/message.h>

namespace maitred::sim {
namespace {

using backend::TaskState;

// Counts the first terminal state of every task.
class Counter final : public backend::Observer::Server {
 public:
  struct Book : public kj::Refcounted {
    std::map<std::string, TaskState> ends;
    std::map<std::string, int> seen;
  };
  explicit Counter(kj::Own<Book> book) : book(kj::mv(book)) {}
  kj::Promise<void> apply(ApplyContext context) override {
    auto batch = context.getParams().getBatch();
    for (auto status : batch.getTasks()) {
      std::string id = status.getTaskId().cStr();
      ++book->seen[id];
      if (!isTerminal(status.getState())) continue;
      EXPECT_EQ(status.getDuplicate(), book->ends.contains(id)) << id;
      book->ends.try_emplace(id, status.getState());
    }
    auto resume = context.getResults().initResume();
    resume.setDurable(batch.getCursor());
    resume.setWindow(8);
    return kj::READY_NOW;
  }
  kj::Own<Book> book;
};

struct FixedClock final : kj::Clock {
  kj::Date now() const override { return kj::UNIX_EPOCH + 1'000'000 * kj::SECONDS; }
};

TEST(SimRunner, ADayOfFaultsLosesNoTask) {
  testing::SimulatedLoop loop;
  FixedClock clock;
  Settings settings;
  for (int i = 0; i < 20; ++i) {
    NodeFacts node;
    node.id = node.hostname = "n" + std::to_string(i);
    node.pool = "p";
    node.capacity = {1'000'000, uint64_t(1) << 40, 0, {}, {}};
    settings.nodes.push_back(node);
    settings.script.push_back({uint64_t(i) * 3'600'000, node.id, NodeEvent::unreachable});
    settings.script.push_back({uint64_t(i) * 3'600'000 + 900'000, node.id, NodeEvent::reachable});
    settings.script.push_back({uint64_t(i) * 3'600'000 + 1'800'000, node.id, NodeEvent::gone});
  }
  settings.runTime = {1'000, 80'000'000};
  settings.faults = {.launchRefused = 0.05,
                     .lateRefusal = 0.05,
                     .statusLost = 0.3,
                     .statusTwice = 0.2,
                     .failure = 0.1,
                     .statusDelay = {0, 5'000}};
  SimRunner runner(settings, "sim", loop.timer(), clock);
  auto book = kj::refcounted<Counter::Book>();
  auto attach = runner.server().client().attachRequest();
  attach.initConsumer().setName("c");
  attach.setObserver(kj::heap<Counter>(kj::addRef(*book)));
  auto attached = attach.send().wait(loop.waitScope());
  auto session = attached.getSession();
  session.beginRequest().send().wait(loop.waitScope());
  loop.settle();

  constexpr uint count = 500;
  auto launch = session.launchRequest();
  launch.setEpoch(attached.getEpoch());
  auto placements = launch.initPlacements(count);
  for (uint i = 0; i < count; ++i) {
    placements[i].setTaskId(kj::str("t", i));
    auto spec = placements[i].initSpec();
    spec.getCommand().setShell("true");
    spec.initResources().setCpuMillis(100);
    spec.getResources().setMemoryBytes(1 << 20);
    placements[i].getWhere().initNode().setNodeId(kj::str("n", i % 20));
  }
  auto results = launch.send().wait(loop.waitScope());
  uint accepted = 0;
  for (auto result : results.getResults()) accepted += result.isAccepted();
  EXPECT_GT(accepted, 400u);
  EXPECT_LT(accepted, 500u);
  loop.advance(26 * kj::HOURS);
  EXPECT_EQ(book->ends.size(), accepted);
  std::map<TaskState, int> by;
  for (auto& end : book->ends) ++by[end.second];
  EXPECT_GT(by[TaskState::SUCCEEDED], 0);
  EXPECT_GT(by[TaskState::LOST], 0);
  EXPECT_GT(by[TaskState::NOT_STARTED], 0);
  EXPECT_EQ(runner.server().counts().tasks, 0u) << "every end was recorded";
  EXPECT_EQ(runner.server().counts().nodes, 0u);
}

}  // namespace
}  // namespace maitred::sim
