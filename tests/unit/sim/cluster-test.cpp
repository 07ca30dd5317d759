#include "core/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::sim {
namespace {

using backend::Reason;
using backend::TaskState;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t ms = 1'000'000;

Settings settings() {
  Settings s;
  for (auto id : {"a", "b"}) {
    NodeFacts node;
    node.id = node.hostname = id;
    node.capacity = {4000, 1 << 30, 0, {}, {}};
    s.nodes.push_back(node);
  }
  return s;
}

TaskKey task(int i) {
  return {"c", "t" + std::to_string(i)};
}

// Runs until nothing is left (or the end), confirming ends as they are heard.
struct Story {
  explicit Story(Settings s) : cluster(std::move(s), 0) {}

  void go(int64_t until, bool confirm = true) {
    while (cluster.next() && *cluster.next() <= until) {
      auto now = *cluster.next();
      for (auto& event : cluster.advance(now)) {
        if (auto* told = std::get_if<StatusTold>(&event)) {
          heard[told->key].push_back(told->status);
          log += std::to_string(now) + told->key.taskId + nameOf(told->status.state).cStr() + "\n";
          if (confirm && isTerminal(told->status.state)) cluster.recorded(now, told->key);
        } else {
          nodes.push_back(std::get<NodeTold>(event).facts.id);
        }
      }
    }
  }
  std::vector<TaskState> states(const TaskKey& key) {
    std::vector<TaskState> out;
    for (auto& status : heard[key]) out.push_back(status.state);
    return out;
  }

  Cluster cluster;
  std::map<TaskKey, std::vector<Status>> heard;
  std::vector<std::string> nodes;
  std::string log;
};

TEST(Cluster, ATaskRunsAsPlanned) {
  Story run(settings());
  EXPECT_FALSE(run.cluster.launch(0, task(1), "a", {.runMs = 500, .exitCode = 3}));
  EXPECT_FALSE(run.cluster.launch(0, task(2), "b", {.runMs = 900, .runMaxMs = 100}));
  EXPECT_FALSE(run.cluster.launch(0, task(3), "b", {.runMs = 1, .exitSignal = 11}));
  run.go(10'000 * ms);
  EXPECT_THAT(run.states(task(1)),
              ElementsAre(TaskState::STARTING, TaskState::RUNNING, TaskState::FAILED));
  EXPECT_EQ(run.heard[task(1)].back().exitCode, 3);
  EXPECT_EQ(run.heard[task(1)].back().at, 500 * ms);
  EXPECT_EQ(run.heard[task(2)].back().reason, Reason::RAN_TOO_LONG);
  EXPECT_EQ(run.heard[task(2)].back().at, 100 * ms);
  EXPECT_EQ(run.heard[task(3)].back().exitSignal, 11);
  EXPECT_EQ(run.cluster.tasks(), 0u);
}

TEST(Cluster, KillsAskFirstAndThenForce) {
  Story run(settings());
  run.cluster.launch(0, task(1), "a", {.runMs = 60'000});
  run.cluster.launch(0, task(2), "a", {.runMs = 60'000, .ignoresTerm = true});
  run.cluster.launch(0, task(3), "a", {.runMs = 60'000, .ignoresTerm = true});
  run.go(ms);
  run.cluster.kill(ms, task(1), 5'000, false);
  run.cluster.kill(ms, task(2), 5'000, true);
  run.cluster.kill(ms, task(3), 5'000, false);
  run.cluster.kill(2 * ms, task(3), 10, false);  // escalates
  run.go(100'000 * ms);
  EXPECT_EQ(run.heard[task(1)].back().exitSignal, 15);
  EXPECT_EQ(run.heard[task(1)].back().at, ms);
  EXPECT_EQ(run.heard[task(2)].back().exitSignal, 9);
  EXPECT_EQ(run.heard[task(2)].back().reason, Reason::PREEMPTED);
  EXPECT_EQ(run.heard[task(2)].back().at, 5'001 * ms);
  EXPECT_EQ(run.heard[task(3)].back().at, 12 * ms);
}

TEST(Cluster, NodesComeAndGo) {
  auto s = settings();
  s.script = {{100, "a", NodeEvent::gone},
              {200, "b", NodeEvent::unreachable},
              {300, "a", NodeEvent::back},
              {5'000, "b", NodeEvent::reachable}};
  Story run(s);
  run.cluster.launch(0, task(1), "a", {.runMs = 1'000});
  run.cluster.launch(0, task(2), "b", {.runMs = 1'000});
  run.cluster.launch(0, task(3), "b", {.runMs = 90'000});
  run.go(4'000 * ms);
  EXPECT_EQ(run.heard[task(1)].back().state, TaskState::LOST);
  EXPECT_EQ(run.states(task(2)).back(), TaskState::UNREACHABLE) << "it ended, but nobody heard";
  run.go(6'000 * ms);
  EXPECT_EQ(run.states(task(2)).back(), TaskState::SUCCEEDED);
  EXPECT_EQ(run.states(task(3)).back(), TaskState::RUNNING);
  EXPECT_THAT(run.nodes, ElementsAre("a", "b", "a", "b"));
}

TEST(Cluster, LostEndsAreToldAgainUntilRecorded) {
  auto s = settings();
  s.faults.statusLost = 0.9;
  Story run(s);
  for (int i = 0; i < 50; ++i) run.cluster.launch(0, task(i), "a", {.runMs = 10});
  run.go(3'600'000 * ms);
  EXPECT_EQ(run.cluster.tasks(), 0u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(run.states(task(i)).back(), TaskState::SUCCEEDED) << i;
}

TEST(Cluster, ReconcileTellsTheTruthWithoutFaults) {
  auto s = settings();
  s.faults.statusLost = 1;
  Story run(s);
  run.cluster.launch(0, task(1), "a", {.runMs = 10'000});
  run.go(5'000 * ms);
  EXPECT_THAT(run.states(task(1)), IsEmpty());
  run.cluster.refresh(5'000 * ms, task(1));
  run.go(5'000 * ms);
  EXPECT_THAT(run.states(task(1)), ElementsAre(TaskState::RUNNING));
}

TEST(Cluster, FaultsHaveTheirShare) {
  auto s = settings();
  s.faults = {.launchRefused = 0.2,
              .lateRefusal = 0.2,
              .statusTwice = 0.5,
              .failure = 0.5,
              .statusDelay = {0, 50}};
  Story run(s);
  int refused = 0, late = 0, failed = 0;
  for (int i = 0; i < 2'000; ++i) refused += run.cluster.launch(0, task(i), "a", {}).has_value();
  run.go(100'000 * ms);
  for (auto& [key, statuses] : run.heard) {
    late += statuses.back().state == TaskState::NOT_STARTED;
    failed += statuses.back().state == TaskState::FAILED;
    for (size_t i = 1; i < statuses.size(); ++i) ASSERT_GE(statuses[i].at, statuses[i - 1].at);
  }
  EXPECT_NEAR(refused, 400, 80);
  EXPECT_NEAR(late, 320, 80);
  EXPECT_NEAR(failed, 640, 100);
}

TEST(Cluster, TheSameSeedGivesTheSameStory) {
  auto s = settings();
  s.faults = {.launchRefused = 0.1,
              .lateRefusal = 0.1,
              .statusLost = 0.3,
              .statusTwice = 0.3,
              .failure = 0.3,
              .statusDelay = {0, 500}};
  s.runTime = {10, 5'000};
  auto story = [&](uint64_t seed, int first) {
    s.seed = seed;
    Story run(s);
    for (int i = first; i < 40; ++i) run.cluster.launch(0, task(i), i % 2 ? "a" : "b", {});
    run.go(1'000'000 * ms);
    return std::make_pair(run.log, run.states(task(39)));
  };
  EXPECT_EQ(story(1, 0), story(1, 0));
  EXPECT_NE(story(1, 0).first, story(2, 0).first);
  EXPECT_EQ(story(1, 0).second, story(1, 30).second) << "what else runs makes no difference";
}

TEST(Cluster, Change_NodesComeAndGoUnderRunningTasks) {
  Story story(settings());
  Plan plan;
  plan.runMs = 1000;
  story.cluster.launch(0, task(1), "a", plan);
  story.cluster.launch(0, task(2), "b", plan);
  story.go(10 * ms);
  auto next = settings();
  next.nodes.erase(next.nodes.begin() + 1);  // b
  next.nodes[0].capacity.cpuMillis = 8000;
  next.nodes.push_back(next.nodes[0]);
  next.nodes.back().id = next.nodes.back().hostname = "c";
  next.runTime = {5, 5};
  std::vector<std::string> told;
  for (auto& event : story.cluster.change(20 * ms, next)) {
    auto& node = std::get<NodeTold>(event);
    told.push_back(node.facts.id + (node.gone ? " gone " : " ") +
                   std::to_string(node.facts.capacity.cpuMillis));
  }
  EXPECT_THAT(told, ElementsAre("b gone 4000", "a 8000", "c 8000"));
  EXPECT_FALSE(story.cluster.launch(20 * ms, task(3), "c", Plan()));
  story.cluster.launch(20 * ms, task(4), "b", Plan());
  story.go(30 * ms);
  EXPECT_EQ(story.heard[task(2)].back().state, TaskState::LOST);
  EXPECT_EQ(story.heard[task(2)].back().reason, Reason::NODE_LOST);
  EXPECT_EQ(story.heard[task(3)].back().state, TaskState::SUCCEEDED);  // the new run time
  EXPECT_EQ(story.heard[task(4)].back().state, TaskState::NOT_STARTED);
  EXPECT_EQ(story.heard[task(1)].back().state, TaskState::RUNNING);
  story.go(2000 * ms);
  EXPECT_EQ(story.heard[task(1)].back().state, TaskState::SUCCEEDED);
  EXPECT_EQ(story.heard[task(1)].back().at, 1000 * ms);
}

TEST(Cluster, Change_KeepsWhatTheScriptHasDone) {
  auto s = settings();
  s.script = {{5, "a", NodeEvent::draining}, {5, "b", NodeEvent::gone}};
  Story story(s);
  story.go(10 * ms);
  s.nodes[0].capacity.cpuMillis = 8000;
  auto events = story.cluster.change(20 * ms, s);
  ASSERT_EQ(events.size(), 1u);  // b stays away
  EXPECT_EQ(std::get<NodeTold>(events[0]).facts.state, backend::NodeState::DRAINING);
}

}  // namespace
}  // namespace maitred::sim
