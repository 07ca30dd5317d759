// A new config while tasks run: what is taken over in place, and what asks for a restart.
#include "world.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace maitred::local::test {
namespace {

using backend::RefusalReason;
using backend::TaskState;

constexpr const char* UNTIL_GO = "while ! test -e go; do sleep 0.02; done; exit 7";
constexpr uint64_t GIB = uint64_t(1) << 30;

class ReconfigureTest : public testing::Test {
 protected:
  ReconfigureTest() : settings(settingsFor(temp.path + "/work")) {}
  static void go(World& world, const std::string& id) {
    std::ofstream(world.sandboxOf(id) + "/go") << "";
  }
  TempFolder temp;
  Settings settings;
};

TEST_F(ReconfigureTest, CapacityAndAttributes_UnderARunningTask) {
  World world(settings);
  world.launch("t", UNTIL_GO, [](auto spec) { spec.getResources().setMemoryBytes(GIB); });
  world.waitFor("t", TaskState::RUNNING);
  auto next = settings;
  next.nodes[0].facts.capacity.memoryBytes = 16 * GIB;
  next.nodes[0].facts.attributes = {{"rack", {"b"}}};
  EXPECT_EQ(world.runner->reconfigure(next), "");
  world.waitUntil([&]() { return world.room["n1"] == 15 * GIB; }, "the new room");
  next.nodes[0].facts.capacity.memoryBytes = GIB / 2;  // less than is in use
  EXPECT_EQ(world.runner->reconfigure(next), "");
  world.waitUntil([&]() { return world.room["n1"] == 0; }, "no room");
  go(world, "t");
  EXPECT_EQ(world.end("t").exitCode, 7);
  world.waitUntil([&]() { return world.room["n1"] == GIB / 2; }, "the room given back");
}

TEST_F(ReconfigureTest, NodesComeAndGo_AndTheTasksOfThoseThatWentEndAsTheyShould) {
  World world(settings);
  world.launch("t", UNTIL_GO, [](auto spec) { spec.getResources().setMemoryBytes(GIB); });
  world.waitFor("t", TaskState::RUNNING);
  auto next = settings;
  next.nodes[0].facts.id = next.nodes[0].facts.hostname = "n2";
  next.nodes[0].facts.capacity.memoryBytes = 2 * GIB;
  EXPECT_EQ(world.runner->reconfigure(next), "");
  world.waitUntil([&]() { return world.room.contains("n2") && !world.room.contains("n1"); },
                  "the other node");
  ASSERT_FALSE(world.launch("u", "true"));
  EXPECT_EQ(world.end("u").nodeId, "n2");
  // It returns while its task still runs: the room is counted.
  EXPECT_EQ(world.runner->reconfigure(settings), "");
  world.waitUntil([&]() { return world.room.contains("n1"); }, "the first node");
  EXPECT_EQ(world.room["n1"], 7 * GIB);
  EXPECT_EQ(world.runner->reconfigure(next), "");
  go(world, "t");
  auto end = world.end("t");
  EXPECT_EQ(end.exitCode, 7);
  EXPECT_EQ(end.nodeId, "n1");
}

TEST_F(ReconfigureTest, WhatTasksAreStartedWith_IsTheNewestConfigs) {
  World world(settings);
  world.launch("t", UNTIL_GO);
  world.waitFor("t", TaskState::RUNNING);
  auto next = settings;
  next.environment = {{"COLOUR", "green"}};
  next.uriBytesMax = 10;
  next.urlHost = "files.example.org";
  next.urlPort = 99;
  EXPECT_EQ(world.runner->reconfigure(next), "");
  world.launch("u", "echo $COLOUR");
  auto status = world.end("u");
  EXPECT_EQ(world.output("u"), "green\n");
  EXPECT_EQ(status.sandboxUrl.find("http://files.example.org:99/"), 0u) << status.sandboxUrl;
  std::ofstream(temp.path + "/big") << std::string(1000, 'x');
  world.launch("v", "true",
               [&](auto spec) { spec.initUris(1)[0].setLocation(temp.path + "/big"); });
  EXPECT_EQ(world.end("v").reason, backend::Reason::FETCH_FAILED);
  go(world, "t");
  EXPECT_EQ(world.end("t").exitCode, 7);
}

TEST_F(ReconfigureTest, Accounts_HoldForTheNextTask) {
  settings.runAs = {RunAs::Kind::fixed, "nobody-knows-them", "", true};
  World world(settings);
  auto refusal = world.launch("t", "true");
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, RefusalReason::UNAUTHORIZED);
  auto next = settings;
  next.runAs = {RunAs::Kind::host, "", "", true};
  EXPECT_EQ(world.runner->reconfigure(next), "");
  EXPECT_FALSE(world.launch("u", "true"));
  EXPECT_EQ(world.end("u").exitCode, 0);
}

TEST_F(ReconfigureTest, Retention_IsAppliedAtOnce) {
  World world(settings);
  world.launch("t", "true");
  world.end("t");
  auto reported = world.sandboxOf("t") + "/../reported";
  world.waitUntil([&]() { return std::filesystem::exists(reported); }, "the record of the end");
  auto next = settings;
  next.retention.ageNs = 0;
  EXPECT_EQ(world.runner->reconfigure(next), "");
  world.waitUntil([&]() { return !std::filesystem::exists(world.sandboxOf("t")); },
                  "the sandbox to go");
}

TEST_F(ReconfigureTest, WhatNeedsARestart_ChangesNothing) {
  World world(settings);
  auto expectRefused = [&](Settings next, const char* what) {
    next.nodes.clear();
    auto why = world.runner->reconfigure(next);
    EXPECT_NE(why.find(what), std::string::npos) << why;
    EXPECT_FALSE(world.launch(std::string("t-") + (what + 2), "true"));  // the node is still there
  };
  auto other = settings;
  other.cluster = "elsewhere";
  expectRefused(other, "cluster");
  other = settings;
  other.workFolder += "-other";
  expectRefused(other, "work");
  other = settings;
  other.limitMode = Settings::LimitMode::none;
  expectRefused(other, "limited");
}

}  // namespace
}  // namespace maitred::local::test
