// Sessions: who sees what, who may act, what is told again.
#include "contract.h"

namespace maitred::backend {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

INSTANTIATE_TEST_SUITE_P(All, BackendContract,
                         ::testing::Combine(::testing::ValuesIn(candidates()),
                                            ::testing::Values(testing::Isolation::process,
                                                              testing::Isolation::inlined)),
                         nameOfCase);

TEST_P(BackendContract, SaysWhatItIs) {
  auto info = backend().infoRequest().send().wait(io.waitScope);
  EXPECT_EQ(info.getInfo().getKind(), candidate().name);
  EXPECT_NE(info.getInfo().getCluster(), "");
  EXPECT_TRUE(has(Feature::PLACE_ON_NODE) || has(Feature::PLACE_ANYWHERE));
}

TEST_P(BackendContract, SnapshotShowsNodesWithRoom) {
  auto c = consumer("c");
  c.connect();
  ASSERT_FALSE(c.seen->nodes.empty());
  for (auto& [id, node] : c.seen->nodes) {
    EXPECT_FALSE(node.facts.pool.empty());
    EXPECT_FALSE(node.facts.hostname.empty());
    EXPECT_EQ(node.facts.state, NodeState::READY);
    EXPECT_GT(node.available.cpuMillis, 0u);
    EXPECT_TRUE(node.facts.capacity.covers(node.available));
    EXPECT_GT(node.generation, 0u);
  }
  EXPECT_EQ(c.seen->batches.back().phase, Phase::SNAPSHOT_END);
}

TEST_P(BackendContract, OnlyOwnTasksAreVisible) {
  auto c = consumer("c"), d = consumer("d");
  c.connect();
  d.connect();
  EXPECT_EQ(c.launch("same", work(300)), "");
  EXPECT_EQ(d.launch("same", work(300, 7)), "") << "ids are a matter of each consumer";
  EXPECT_EQ(c.launch("mine", work(300)), "");
  EXPECT_EQ(d.reconcile("mine"), "gone");
  d.kill("mine", 0);
  EXPECT_EQ(c.untilEnd("same").exitCode, 0);
  EXPECT_EQ(d.untilEnd("same").exitCode, 7);
  EXPECT_EQ(c.untilEnd("mine").state, TaskState::SUCCEEDED);
  EXPECT_FALSE(d.seen->tasks.contains("mine"));
}

TEST_P(BackendContract, AKnownIdIsHarmlessAndATakenOneRefused) {
  auto c = consumer("c");
  c.connect();
  EXPECT_EQ(c.launch("a", work(500)), "");
  EXPECT_EQ(c.launch("a", work(500)), "known");
  EXPECT_EQ(c.launch("a", work(501)), "idTaken");
  EXPECT_EQ(c.untilEnd("a").state, TaskState::SUCCEEDED);
}

TEST_P(BackendContract, AStaleEpochIsRefused) {
  auto c = consumer("c");
  c.connect();
  c.epoch += 1;
  EXPECT_EQ(c.launch("a"), "staleEpoch");
  c.epoch -= 1;
  EXPECT_EQ(c.launch("a"), "") << "a refusal leaves no trace";
}

TEST_P(BackendContract, RoomIsSharedAndGivenBack) {
  auto c = consumer("c"), d = consumer("d");
  c.connect();
  d.connect();
  auto node = c.firstNode();
  auto all = c.seen->nodes[node].available.cpuMillis;
  auto most = [&](TaskSpec::Builder spec) {
    work(60'000)(spec);
    spec.getResources().setCpuMillis(all * 6 / 10);
  };
  auto seen = d.seen->nodes[node].generation;
  EXPECT_EQ(c.launchAll({{.id = "a", .nodeId = node}}, most).at(0), "");
  EXPECT_EQ(d.launchAll({{.id = "a", .nodeId = node, .generation = seen}}, most).at(0), "noRoom");
  EXPECT_TRUE(
      d.until([&]() { return d.seen->nodes[node].available.cpuMillis == all - all * 6 / 10; }));
  EXPECT_EQ(d.launchAll({{.id = "a", .nodeId = node, .generation = 1u << 30}}).at(0), "staleRoom");
  EXPECT_EQ(d.launchAll({{.id = "a", .nodeId = "no-such-node"}}).at(0), "noSuchNode");
  c.kill("a", 0);
  EXPECT_TRUE(d.until([&]() { return d.seen->nodes[node].available.cpuMillis == all; }));
}

TEST_P(BackendContract, AnInvalidSpecIsRefusedWithAReason) {
  auto c = consumer("c");
  c.connect();
  EXPECT_EQ(c.launch("a", [](auto spec) { spec.getResources().setMemoryBytes(0); }), "invalidSpec");
  EXPECT_EQ(c.launch("a", [](auto spec) { spec.getCommand().setShell(""); }), "invalidSpec");
  EXPECT_EQ(c.launch("a", [](auto spec) { spec.initFiles(1)[0].setPath("../x"); }), "invalidSpec");
  EXPECT_EQ(c.launch("Bad Id"), "invalidSpec");
  EXPECT_EQ(c.launch("a"), "");
}

TEST_P(BackendContract, TheHigherFenceTakesOver) {
  auto c = consumer("c", 1);
  c.connect();
  auto next = consumer("c", 2);
  next.connect();
  EXPECT_EQ(c.launch("a"), "fenced");
  EXPECT_EQ(failure([&]() { c.kill("a", 0); }), kj::Exception::Type::FAILED);
  auto late = consumer("c", 1);
  EXPECT_EQ(failure([&]() { late.attach(); }), kj::Exception::Type::FAILED);
  EXPECT_EQ(next.launch("a"), "");
}

TEST_P(BackendContract, WhatIsNotDurableIsToldAgain) {
  auto c = consumer("c");
  c.connect();
  c.seen->forgetful = true;
  EXPECT_EQ(c.launch("a", work(0, 3)), "");
  EXPECT_EQ(c.untilEnd("a").exitCode, 3);
  c.drop();
  c.attach();
  c.expect("a", ExpectedPhase::RUNNING);
  c.seen->forgetful = true;
  c.begin();
  EXPECT_EQ(c.untilEnd("a").exitCode, 3);
  EXPECT_FALSE(c.untilEnd("a").orphan);
  c.drop();
  c.connect();
  EXPECT_EQ(c.untilEnd("a").exitCode, 3);
  EXPECT_TRUE(c.untilEnd("a").orphan) << "not expected this time";
}

TEST_P(BackendContract, AnUnansweredBatchIsToldAgain) {
  auto c = consumer("c");
  c.connect();
  c.seen->holding = true;
  EXPECT_EQ(c.launch("a", work(0)), "");
  EXPECT_EQ(c.untilEnd("a").state, TaskState::SUCCEEDED);
  c.connect();
  EXPECT_EQ(c.untilEnd("a").state, TaskState::SUCCEEDED);
}

TEST_P(BackendContract, ExpectedTasksGetAnAnswerOthersAreOrphans) {
  auto c = consumer("c");
  c.connect();
  EXPECT_EQ(c.launch("known", work(60'000)), "");
  EXPECT_EQ(c.launch("stray", work(60'000)), "");
  EXPECT_TRUE(c.untilState("known", TaskState::RUNNING));
  EXPECT_TRUE(c.untilState("stray", TaskState::RUNNING));
  c.drop();
  capnp::MallocMessageBuilder message;
  auto spec = message.initRoot<TaskSpec>();
  TestConsumer::fill(spec, work(0, 4));
  c.attach();
  c.expect("known", ExpectedPhase::RUNNING);
  c.expect("vanished", ExpectedPhase::RUNNING);
  c.expect("unsent", ExpectedPhase::LAUNCHING, "", spec.asReader());
  c.begin();
  ASSERT_TRUE(c.snapshotIsComplete());
  EXPECT_EQ(c.last("known")->state, TaskState::RUNNING);
  EXPECT_FALSE(c.last("known")->orphan);
  EXPECT_TRUE(c.last("stray")->orphan);
  EXPECT_EQ(c.untilEnd("vanished").state, TaskState::LOST);
  EXPECT_EQ(c.untilEnd("unsent").exitCode, 4) << "a lost launch is repeated";
  c.kill("known", 0);
  c.kill("stray", 0);
  EXPECT_EQ(c.untilEnd("known").state, TaskState::KILLED);
  EXPECT_EQ(c.untilEnd("stray").state, TaskState::KILLED);
}

TEST_P(BackendContract, LaunchNeedsBegin) {
  auto c = consumer("c");
  c.attach();
  EXPECT_EQ(failure([&]() { c.launchAll({{.id = "a", .nodeId = "x"}}); }), std::nullopt);
  EXPECT_THAT(c.launchAll({{.id = "a", .nodeId = "x"}}), ElementsAre("staleEpoch"));
}

TEST_P(BackendContract, ReconcileAnswersDefinitely) {
  auto c = consumer("c");
  c.connect();
  EXPECT_EQ(c.launch("a", work(60'000)), "");
  EXPECT_TRUE(c.untilState("a", TaskState::RUNNING));
  EXPECT_EQ(c.reconcile("a"), "running");
  EXPECT_TRUE(c.until([&]() { return c.reconcile("never") == "gone"; }));
  c.kill("a", 0);
  c.untilEnd("a");
}

TEST_P(BackendContract, ManyTasksAndASmallWindow) {
  auto c = consumer("c");
  c.connect();
  c.seen->window = 2;
  constexpr int count = 500;
  std::vector<TestConsumer::Task> tasks;
  for (int i = 0; i < count; ++i) tasks.push_back({.id = "t" + std::to_string(i)});
  auto answers = c.launchAll(tasks, [](TaskSpec::Builder spec) {
    work(0)(spec);
    spec.getResources().setCpuMillis(1);
  });
  EXPECT_THAT(answers, Each("")) << "at least 500 placements fit into a call";
  auto ended = [&]() {
    int n = 0;
    for (auto& [id, statuses] : c.seen->tasks) n += isTerminal(statuses.back().state);
    return n;
  };
  EXPECT_TRUE(c.until([&]() { return ended() == count; }, 90)) << ended() << " have ended";
  for (auto& task : tasks) EXPECT_EQ(c.untilEnd(task.id).state, TaskState::SUCCEEDED) << task.id;
  EXPECT_LE(c.seen->openMost, 4u) << "never more batches open than any window said";
}

}  // namespace
}  // namespace maitred::backend
