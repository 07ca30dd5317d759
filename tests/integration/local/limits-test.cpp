// Limits, accounts, fetching, probes, ports, retention: what surrounds a task.
#include "world.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

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
  auto status = world.end("eater", 60);
  EXPECT_EQ(status.state, TaskState::FAILED);
  EXPECT_EQ(status.reason, Reason::OUT_OF_MEMORY) << status.message;
  EXPECT_EQ(world.end("modest").state, TaskState::SUCCEEDED);
}

TEST(LimitsTest, MemoryByWatching_IsToldApart) {
  TempFolder temp;
  World world(withLimits(temp, Settings::LimitMode::watch));
  expectOutOfMemory(world);
}

TEST(LimitsTest, MemoryByControlGroup_IsToldApartAndGroupIsRemoved) {
  auto place = findCgroups(LimitKind::none, "maitred-test-" + std::to_string(getpid()));
  if (place.kind == LimitKind::watch) GTEST_SKIP() << place.why;
  rmdir(place.memoryBase.c_str());
  rmdir(place.cpuBase.c_str());
  TempFolder temp;
  World world(withLimits(temp, Settings::LimitMode::automatic));
  expectOutOfMemory(world);
  world.launch("where", "cat /proc/self/cgroup");
  world.end("where");
  EXPECT_NE(world.output("where").find("/queue.where"), std::string::npos) << world.output("where");
  namespace fs = std::filesystem;
  auto parent = fs::path(place.memoryBase).parent_path();
  auto groupsGone = [&]() {
    for (auto& group : fs::directory_iterator(parent)) {
      if (fs::exists(group.path() / "queue.where") || fs::exists(group.path() / "queue.eater"))
        return false;
    }
    return true;
  };
  world.waitUntil(groupsGone, "the groups of ended tasks to go");
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
  static void runsAs(World::Fill& fill, const char* user) {
    fill = [user](auto spec) { spec.setUser(user); };
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

TEST(FetchTest, FilesAreCopiedMarkedAndUnpacked) {
  TempFolder temp;
  std::ofstream(temp.path + "/tool") << "#!/bin/sh\necho tool\n";
  std::filesystem::create_directory(temp.path + "/d");
  std::ofstream(temp.path + "/d/inner") << "inner\n";
  ASSERT_EQ(system(("tar -C " + temp.path + " -czf " + temp.path + "/a.tar.gz d").c_str()), 0);
  World world(settingsFor(temp.path + "/work"));
  world.launch("t", "./tool && cat d/inner && ls", [&](auto spec) {
    auto uris = spec.initUris(2);
    uris[0].setLocation(temp.path + "/tool");
    uris[0].setExecutable(true);
    uris[1].setLocation("file://" + temp.path + "/a.tar.gz");
    uris[1].setExtract(true);
  });
  EXPECT_EQ(world.end("t").exitCode, 0) << world.end("t").message;
  EXPECT_EQ(world.output("t"), "tool\ninner\na.tar.gz\nd\nstderr\nstdout\ntool\n");
}

TEST(FetchTest, FailureNamesTheUriAndStartsNothing) {
  TempFolder temp;
  World world(settingsFor(temp.path + "/work"));
  world.launch("t", "echo ran",
               [&](auto spec) { spec.initUris(1)[0].setLocation(temp.path + "/absent"); });
  auto status = world.end("t");
  EXPECT_EQ(status.reason, Reason::FETCH_FAILED);
  EXPECT_FALSE(status.commandStarted);
  EXPECT_NE(status.message.find("/absent"), std::string::npos);
  EXPECT_EQ(world.output("t"), "");
}

TEST(FetchTest, TooLargeAndTooSlow) {
  TempFolder temp;
  std::ofstream(temp.path + "/big") << std::string(100'000, 'x');
  auto settings = settingsFor(temp.path + "/work");
  settings.uriBytesMax = 50'000;
  settings.uriTimeoutMs = 300;
  World world(settings);
  world.launch("big", "true",
               [&](auto spec) { spec.initUris(1)[0].setLocation(temp.path + "/big"); });
  EXPECT_EQ(world.end("big").reason, Reason::FETCH_FAILED);
  // A server that accepts and never answers.
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(fd, 4), 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  auto url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/x";
  world.launch("slow", "true", [&](auto spec) { spec.initUris(1)[0].setLocation(url); });
  auto status = world.end("slow");
  EXPECT_EQ(status.reason, Reason::FETCH_FAILED) << status.message;
  close(fd);
}

TEST(ProbeTest, HealthIsToldAndFailureEndsTheTask) {
  TempFolder temp;
  World world(settingsFor(temp.path + "/work"));
  world.launch("t", "touch well; exec sleep 600", [](auto spec) {
    auto probe = spec.initProbe();
    probe.getCheck().setCommand("test -e well");
    probe.setIntervalMs(50);
    probe.setTimeoutMs(2000);
    probe.setFailuresMax(2);
  });
  auto told = [&](backend::Health health) {
    return [&world, health]() {
      for (auto& status : world.told["t"]) {
        if (status.health == health) return true;
      }
      return false;
    };
  };
  world.waitUntil(told(backend::Health::HEALTHY), "a healthy task");
  unlink((world.sandboxOf("t") + "/well").c_str());
  auto status = world.end("t");
  EXPECT_EQ(status.reason, Reason::PROBE_FAILED) << status.message;
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
  // Two neighbours that are free, below the ports that the system hands out to others meanwhile.
  uint16_t taken = 20000 + getpid() % 5000;
  int fd = -1;
  for (; fd < 0; ++taken) {
    fd = listenOn(taken);
    int next = fd < 0 ? -1 : listenOn(taken + 1);
    if (fd >= 0 && next < 0) {
      close(fd);
      fd = -1;
    }
    if (next >= 0) close(next);
    if (fd >= 0) break;
  }
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

}  // namespace
}  // namespace maitred::local::test
