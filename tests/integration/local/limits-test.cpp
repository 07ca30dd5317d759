// Limits, accounts, ports, retention: what surrounds a task.
#include "world.h"

#include <maitred/offload.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace maitred::local::test {
namespace {

using backend::Reason;
using backend::RefusalReason;
using backend::TaskState;

// `tail` keeps all of a line, however long; the last part fails if nothing comes.
constexpr const char* EAT_MEMORY =
    "head -c 300000000 /dev/zero | tail | { sleep 2; head -c 1 | grep -qz ''; }";

Settings withLimits(const TempFolder& temp, Settings::LimitMode mode) {
  auto settings = settingsFor(temp.path + "/work");
  settings.limitMode = mode;
  return settings;
}

void expectOutOfMemory(World& world) {
  world.launch("eater", EAT_MEMORY);
  world.launch("modest", "exec sleep 0.5");
  auto status = world.end("eater", 240);  // in an emulated machine memory fills slowly
  EXPECT_EQ(status.state, TaskState::FAILED);
  EXPECT_EQ(status.reason, Reason::OUT_OF_MEMORY) << status.message;
  EXPECT_EQ(world.end("modest").state, TaskState::SUCCEEDED);
}

// Where groups of that version may be made; skips the test where none may.
class GroupTest : public testing::TestWithParam<Settings::LimitMode> {
 protected:
  void SetUp() override {
    auto mode = GetParam();
    if (mode == Settings::LimitMode::watch) return;
    auto want = mode == Settings::LimitMode::v1 ? LimitKind::v1 : LimitKind::v2;
    place = findCgroups(want, "maitred-test-" + std::to_string(getpid()));
    if (place.kind != want) GTEST_SKIP() << place.why;
    rmdir(place.memoryBase.c_str());
    rmdir(place.cpuBase.c_str());
  }
  // The folder of that task's group beside `base`; empty if there is none.
  static std::string groupOf(const std::string& base, const std::string& task) {
    namespace fs = std::filesystem;
    std::error_code ignored;  // others make and remove groups there
    for (auto& group : fs::directory_iterator(fs::path(base).parent_path(), ignored)) {
      auto folder = group.path() / ("queue." + task);
      if (fs::exists(folder, ignored)) return folder;
    }
    return {};
  }

  TempFolder temp;
  CgroupPlace place;
};

class MemoryTest : public GroupTest {};

TEST_P(MemoryTest, IsLimitedToldApartAndGroupIsRemoved) {
  World world(withLimits(temp, GetParam()));
  expectOutOfMemory(world);
  if (GetParam() == Settings::LimitMode::watch) return;
  world.launch("where", "cat /proc/self/cgroup");
  world.end("where");
  EXPECT_NE(world.output("where").find("/queue.where"), std::string::npos) << world.output("where");
  auto groupsGone = [&]() {
    return groupOf(place.memoryBase, "where").empty() && groupOf(place.memoryBase, "eater").empty();
  };
  world.waitUntil(groupsGone, "the groups of ended tasks to go");
}

class CpuTest : public GroupTest {
 protected:
  void SetUp() override {
    GroupTest::SetUp();
    if (!IsSkipped() && place.cpuBase.empty()) GTEST_SKIP() << "no cpu controller: " << place.why;
  }
  // How often the kernel has held the task back.
  uint64_t throttled(const std::string& task) {
    std::ifstream file(groupOf(place.cpuBase, task) + "/cpu.stat");
    uint64_t value = 0;
    for (std::string name; file >> name >> value;) {
      if (name == "nr_throttled") return value;
    }
    return 0;
  }
};

TEST_P(CpuTest, QuotaIsACeilingAlsoOnAnIdleMachine) {
  auto settings = withLimits(temp, GetParam());
  settings.cpuQuota = true;
  World world(settings);
  world.launch("burner", "while :; do :; done");  // of a tenth of a cpu
  world.waitUntil([&]() { return throttled("burner") >= 3; }, "the task to be held back", 60);
  world.kill("burner", 0);
  EXPECT_EQ(world.end("burner").state, TaskState::KILLED);
}

INSTANTIATE_TEST_SUITE_P(Versions, CpuTest,
                         testing::Values(Settings::LimitMode::v1, Settings::LimitMode::v2),
                         [](auto& info) -> std::string {
                           return info.param == Settings::LimitMode::v1 ? "v1" : "v2";
                         });

INSTANTIATE_TEST_SUITE_P(AllModes, MemoryTest,
                         testing::Values(Settings::LimitMode::watch, Settings::LimitMode::v1,
                                         Settings::LimitMode::v2),
                         [](auto& info) -> std::string {
                           if (info.param == Settings::LimitMode::watch) return "watch";
                           return info.param == Settings::LimitMode::v1 ? "v1" : "v2";
                         });

TEST(DiskTest, SandboxThatGrowsBeyondItsShareEndsTheTask) {
  TempFolder temp;
  auto settings = withLimits(temp, Settings::LimitMode::watch);
  settings.nodes[0].facts.capacity.diskBytes = 1 << 30;
  World world(settings);
  auto share = [](auto spec) { spec.getResources().setDiskBytes(1 << 20); };
  world.launch("modest", "head -c 500000 /dev/zero > a; while ! test -e go; do sleep 0.05; done",
               share);
  ASSERT_FALSE(
      world.launch("eater", "mkdir d; head -c 3000000 /dev/urandom > d/a; exec sleep 600", share));
  auto status = world.end("eater", 60);
  EXPECT_EQ(status.state, TaskState::FAILED);
  EXPECT_EQ(status.reason, Reason::OUT_OF_DISK) << status.message;
  EXPECT_NE(status.message.find("1 MiB"), std::string::npos) << status.message;
  std::ofstream(world.sandboxOf("modest") + "/go") << "";
  EXPECT_EQ(world.end("modest").state, TaskState::SUCCEEDED);
}

TEST(DiskTest, WhatLiesDeepCountsToo) {
  TempFolder temp;
  auto settings = withLimits(temp, Settings::LimitMode::watch);
  settings.nodes[0].facts.capacity.diskBytes = 1 << 30;
  World world(settings);
  ASSERT_FALSE(world.launch(
      "eater",
      "i=0; while [ $i -lt 150 ]; do mkdir d && cd d; i=$((i+1)); done; "
      "head -c 3000000 /dev/urandom > a; exec sleep 600",
      [](auto spec) { spec.getResources().setDiskBytes(1 << 21); }));
  auto status = world.end("eater", 60);
  EXPECT_EQ(status.reason, Reason::OUT_OF_DISK) << status.message;
  EXPECT_NE(status.message.find("2 MiB"), std::string::npos) << status.message;
}

class AccountTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  }
  Settings settings(RunAs rule) {
    auto made = settingsFor(temp.path + "/work");
    made.runAs = rule;
    return made;
  }
  TempFolder temp;
};

TEST_F(AccountTest, Submitter_OwnsItsSandboxAndNothingElse) {
  World world(settings({RunAs::Kind::submitter, "", "", false}));
  world.launch("t",
               "id -un; id -Gn; echo $USER; touch mine && stat -c %U mine . stdout; "
               "touch ../escape 2>/dev/null && echo escaped; ls .. 2>/dev/null; exit 0");
  ASSERT_EQ(world.end("t").exitCode, 0) << world.end("t").message;
  EXPECT_EQ(world.output("t"), "nobody\nnogroup\nnobody\nnobody\nnobody\nnobody\n");
}

TEST_F(AccountTest, UnknownSubmitter_IsRefusedOrMapped) {
  auto unknown = [](auto spec) { spec.setUser("nobody-knows-them"); };
  {
    World world(settings({RunAs::Kind::submitter, "", "", false}));
    auto refusal = world.launch("t", "true", unknown);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->reason, RefusalReason::UNAUTHORIZED);
    EXPECT_NE(refusal->message.find("nobody-knows-them"), std::string::npos);
  }
  World world(settings({RunAs::Kind::submitter, "", "nobody", false}));
  ASSERT_FALSE(world.launch("t", "id -un", unknown));
  world.end("t");
  EXPECT_EQ(world.output("t"), "nobody\n");
}

TEST_F(AccountTest, Root_OnlyIfAllowed) {
  for (auto rule :
       {RunAs{RunAs::Kind::host, "", "", false}, RunAs{RunAs::Kind::fixed, "root", "", false},
        RunAs{RunAs::Kind::submitter, "", "", false}}) {
    World world(settings(rule));
    auto refusal = world.launch("t", "true", [](auto spec) { spec.setUser("root"); });
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->reason, RefusalReason::UNAUTHORIZED);
  }
}

TEST_F(AccountTest, Fixed_RunsEverybodysTasksAsThatAccount) {
  World world(settings({RunAs::Kind::fixed, "nobody", "", false}));
  for (const char* submitter : {"daemon", "nobody-knows-them", "root"}) {
    std::string id = std::string("t-") + submitter;
    ASSERT_FALSE(world.launch(id, "id -un; id -Gn", [&](auto spec) { spec.setUser(submitter); }));
    EXPECT_EQ(world.end(id).exitCode, 0);
    EXPECT_EQ(world.output(id), "nobody\nnogroup\n");
  }
}

TEST_F(AccountTest, Host_IsWhatWeAreWhoeverSubmits) {
  World world(settings({RunAs::Kind::host, "", "", true}));
  ASSERT_FALSE(world.launch("t", "id -u", [](auto spec) { spec.setUser("nobody-knows-them"); }));
  world.end("t");
  EXPECT_EQ(world.output("t"), std::to_string(geteuid()) + "\n");
}

TEST_F(AccountTest, NoWayBackToRoot) {
  World world(settings({RunAs::Kind::submitter, "", "", false}));
  world.launch("t", "grep -E '^(Uid|Gid|Groups|CapEff):' /proc/self/status");
  world.end("t");
  auto out = world.output("t");
  EXPECT_EQ(out.find("\t0\t"), std::string::npos) << out;
  EXPECT_NE(out.find("CapEff:\t0000000000000000"), std::string::npos) << out;
}

TEST_F(AccountTest, UnreachableSandbox_FailsWithAdviceBeforeTheCommand) {
  World world(settings({RunAs::Kind::submitter, "", "", false}));
  chmod(temp.path.c_str(), 0700);
  world.launch("t", "true");
  auto status = world.end("t");
  EXPECT_EQ(status.state, TaskState::FAILED);
  EXPECT_EQ(status.reason, Reason::SANDBOX_FAILED);
  EXPECT_FALSE(status.commandStarted);
  EXPECT_NE(status.message.find("searchable"), std::string::npos) << status.message;
}

// A socket that listens on that port of 127.0.0.1, or -1.
int listenOn(uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 && listen(fd, 1) == 0) {
    return fd;
  }
  close(fd);
  return -1;
}

TEST(PortTest, PortInUseIsNotHandedOut) {
  TempFolder temp;
  auto settings = settingsFor(temp.path + "/work");
  uint16_t taken = quietPorts(2);
  int fd = listenOn(taken);
  ASSERT_GE(fd, 0);
  settings.nodes[0].facts.capacity.ports = {{taken, uint16_t(taken + 1)}};
  World world(settings);
  auto ask = [](auto spec) { spec.initPorts(1); };
  auto refusal = world.launch("a", "echo $PORT0", ask);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, RefusalReason::NO_ROOM);
  ASSERT_FALSE(world.launch("b", "echo $PORT0", ask));
  world.end("b");
  EXPECT_EQ(world.output("b"), std::to_string(taken + 1) + "\n");
  close(fd);
}

TEST(RoomTest, RoomIsTakenAndGivenBack) {
  TempFolder temp;
  World world(settingsFor(temp.path + "/work"));
  auto all = uint64_t(8) << 30;
  world.waitUntil([&]() { return world.room["n1"] == all; }, "the whole room");
  world.launch("t", "exec sleep 600", [&](auto spec) { spec.getResources().setMemoryBytes(all); });
  auto second = world.launch("u", "true");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->reason, RefusalReason::NO_ROOM);
  world.kill("t", 0);
  world.end("t");
  world.waitUntil([&]() { return world.room["n1"] == all; }, "the room given back");
  EXPECT_FALSE(world.launch("u", "true"));
}

TEST(RetentionTest, OldSandboxesGo) {
  TempFolder temp;
  auto settings = settingsFor(temp.path + "/work");
  settings.retention.ageNs = 0;
  std::string sandbox;
  {
    World world(settings);
    world.launch("t", "echo x");
    world.end("t");
    sandbox = world.sandboxOf("t");
    world.waitUntil([&]() { return std::filesystem::exists(sandbox + "/../reported"); },
                    "the record");
  }
  World again(settings);  // housekeeping at the start
  again.waitUntil([&]() { return !std::filesystem::exists(sandbox); }, "the sandbox to go");
}

class HousekeepingTest : public testing::Test {
 protected:
  HousekeepingTest() {
    settings.retention.ageNs = 0;
    settings.tidyMs = 50;
  }
  void pass(World& world, int milliseconds) {
    world.io.provider->getTimer().afterDelay(milliseconds * kj::MILLISECONDS).wait(
        world.io.waitScope);
  }
  void expectGone(World& world, const std::string& id) {
    auto folder = world.sandboxOf(id) + "/..";
    world.waitUntil([&]() { return !std::filesystem::exists(folder); }, "the sandbox to go");
  }

  TempFolder temp;
  Settings settings = settingsFor(temp.path + "/work");
};

TEST_F(HousekeepingTest, GoesOnOnceThePoolHasRoomAgain) {
  World world(settings);
  world.launch("before", "while ! test -e go; do sleep 0.05; done");
  world.waitFor("before", TaskState::RUNNING);
  std::promise<void> release;
  auto released = release.get_future().share();
  std::vector<kj::Promise<void>> calls;  // all threads, and all that may wait
  auto full = kj::runCatchingExceptions([&]() {
    for (;;) calls.push_back(offload([released]() { released.wait(); }));
  });
  EXPECT_TRUE(full != nullptr);
  std::ofstream(world.sandboxOf("before") + "/go") << "";
  EXPECT_EQ(world.end("before").state, TaskState::SUCCEEDED);
  pass(world, 300);
  EXPECT_TRUE(std::filesystem::exists(world.sandboxOf("before")));
  release.set_value();
  expectGone(world, "before");
  ASSERT_FALSE(world.launch("after", "true"));
  world.end("after");
  expectGone(world, "after");
}

TEST_F(HousekeepingTest, WhatCannotBeRemovedIsTriedAgain) {
  World world(settings);
  auto mine = settings.workFolder + "/tasks/queue", away = settings.workFolder + "/away";
  world.acknowledge = false;
  world.launch("t", "true");
  world.end("t");
  std::filesystem::rename(mine, away);
  std::ofstream(mine) << "in the way";
  world.runner->recorded({"queue", "t"}, world.told["t"].back());
  pass(world, 300);
  std::filesystem::remove(mine);
  std::filesystem::rename(away, mine);
  expectGone(world, "t");
}

}  // namespace
}  // namespace maitred::local::test
