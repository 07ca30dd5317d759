// Control groups against a made-up tree: what is looked for where, and what is written.
#include "cgroup/cgroup.h"

#include <maitred/testing/harness.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/stat.h>

namespace maitred::local {
namespace {

namespace fs = std::filesystem;

class CgroupTest : public ::testing::Test {
 protected:
  CgroupTest() { fs::create_directories(proc); }
  void write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << text;
  }
  static std::string read(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  // The kernel makes these files with a group; here they have to be there before.
  void group(const std::string& folder, std::vector<std::string> files = {}) {
    files.push_back("cgroup.procs");
    for (auto& file : files) write(folder + "/" + file, "");
  }
  void mount(const std::string& point, const std::string& type, const std::string& options,
             const std::string& root = "/") {
    std::ofstream(proc + "/mountinfo", std::ios::app)
        << "30 23 0:26 " << root << " " << point << " rw,relatime shared:9 - " << type << " cgroup "
        << options << "\n";
  }
  void own(const std::string& lines) {
    std::ofstream(proc + "/cgroup", std::ios::app) << lines << "\n";
  }
  CgroupPlace find(LimitKind want = LimitKind::none) { return findCgroups(want, "mine", proc); }

  testing::TemporaryDirectory temp;
  std::string proc = temp.path() + "/proc";
  std::string v2 = temp.path() + "/unified", memory = temp.path() + "/memory";
  std::string cpu = temp.path() + "/cpu,cpuacct";
};

TEST_F(CgroupTest, NoMount_IsWatched) {
  EXPECT_EQ(find().kind, LimitKind::watch);
  mount("/home", "ext4", "rw");
  EXPECT_EQ(find().kind, LimitKind::watch);
  EXPECT_EQ(find(LimitKind::v2).kind, LimitKind::watch);
}

TEST_F(CgroupTest, Version2_OwnGroupFirst) {
  mount(v2, "cgroup2", "rw,nsdelegate");
  own("0::/system.slice/maitred.service");
  auto place = v2 + "/system.slice/maitred.service";
  write(place + "/cgroup.controllers", "cpuset cpu io memory pids\n");
  write(place + "/cgroup.subtree_control", "");
  group(place + "/mine", {"cgroup.subtree_control"});
  auto found = find();
  EXPECT_EQ(found.kind, LimitKind::v2);
  EXPECT_EQ(found.memoryBase, place + "/mine");
  EXPECT_EQ(found.cpuBase, found.memoryBase);
  EXPECT_EQ(read(place + "/cgroup.subtree_control"), "+memory +cpu");
}

TEST_F(CgroupTest, Version2_TheOneAboveWhereTheOwnOneHandsNothingOn) {
  mount(v2, "cgroup2", "rw");
  own("0::/outer/inner");
  write(v2 + "/outer/inner/cgroup.controllers", "memory cpu\n");
  fs::create_directories(v2 + "/outer/inner/cgroup.subtree_control");  // cannot be written
  write(v2 + "/outer/cgroup.controllers", "memory cpu\n");
  write(v2 + "/outer/cgroup.subtree_control", "");
  group(v2 + "/outer/mine", {"cgroup.subtree_control"});
  EXPECT_EQ(find().memoryBase, v2 + "/outer/mine");
}

TEST_F(CgroupTest, Version2WithoutControllers_LeavesVersion1) {
  mount(v2, "cgroup2", "rw");
  mount(memory, "cgroup", "rw,memory");
  mount(cpu, "cgroup", "rw,cpu,cpuacct");
  own("5:memory:/\n4:cpu,cpuacct:/batch\n0::/");
  write(v2 + "/cgroup.controllers", "\n");  // version 1 has them all
  write(v2 + "/cgroup.subtree_control", "");
  group(memory + "/mine");
  group(cpu + "/batch/mine");
  auto found = find();
  EXPECT_EQ(found.kind, LimitKind::v1);
  EXPECT_EQ(found.memoryBase, memory + "/mine");
  EXPECT_EQ(found.cpuBase, cpu + "/batch/mine");
  EXPECT_EQ(find(LimitKind::v2).kind, LimitKind::watch);
}

TEST_F(CgroupTest, Version1_WithinAContainer) {
  mount(memory, "cgroup", "rw,memory", "/docker/abc");
  own("5:memory:/docker/abc/deep");
  group(memory + "/deep/mine");
  auto found = find(LimitKind::v1);
  EXPECT_EQ(found.memoryBase, memory + "/deep/mine");
  EXPECT_EQ(found.cpuBase, "");
}

TEST_F(CgroupTest, Version2_Writes) {
  auto task = v2 + "/task";
  group(task, {"memory.max", "memory.swap.max", "memory.oom.group", "cpu.weight", "cpu.max"});
  Cgroup one(LimitKind::v2, task, task);
  EXPECT_EQ(one.create({uint64_t(64) << 20, 1500, true}), "");
  EXPECT_EQ(read(task + "/memory.max"), "67108864");
  EXPECT_EQ(read(task + "/memory.swap.max"), "0");
  EXPECT_EQ(read(task + "/memory.oom.group"), "1");
  EXPECT_EQ(read(task + "/cpu.weight"), "150");
  EXPECT_EQ(read(task + "/cpu.max"), "150000 100000");
  EXPECT_TRUE(one.join());
  EXPECT_EQ(read(task + "/cgroup.procs"), "0");
  EXPECT_EQ(one.oomKills(), 0u);
  write(task + "/memory.events", "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 1\n");
  EXPECT_EQ(one.oomKills(), 2u);
}

TEST_F(CgroupTest, Version1_Writes) {
  auto inMemory = memory + "/task", inCpu = cpu + "/task";
  group(inMemory, {"memory.limit_in_bytes", "memory.memsw.limit_in_bytes"});
  group(inCpu, {"cpu.shares", "cpu.cfs_quota_us"});
  Cgroup one(LimitKind::v1, inMemory, inCpu);
  EXPECT_EQ(one.create({uint64_t(64) << 20, 500, false}), "");
  EXPECT_EQ(read(inMemory + "/memory.limit_in_bytes"), "67108864");
  EXPECT_EQ(read(inMemory + "/memory.memsw.limit_in_bytes"), "67108864");
  EXPECT_EQ(read(inCpu + "/cpu.shares"), "512");
  EXPECT_EQ(read(inCpu + "/cpu.cfs_quota_us"), "");
  EXPECT_TRUE(one.join());
  EXPECT_EQ(read(inMemory + "/cgroup.procs"), "0");
  EXPECT_EQ(read(inCpu + "/cgroup.procs"), "0");
  write(inMemory + "/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
  EXPECT_EQ(one.oomKills(), 1u);
}

TEST_F(CgroupTest, LimitThatCannotBeSet_IsToldWithItsFile) {
  group(v2 + "/task");
  Cgroup one(LimitKind::v2, v2 + "/task", v2 + "/task");
  auto fault = one.create({uint64_t(64) << 20, 500, false});
  EXPECT_NE(fault.find(v2 + "/task/memory.max"), std::string::npos) << fault;
  Cgroup none(LimitKind::v2, temp.path() + "/absent/task", temp.path() + "/absent/task");
  EXPECT_NE(none.create({}).find("/absent/task"), std::string::npos);
  EXPECT_FALSE(none.join());
}

TEST_F(CgroupTest, LimitsThatAreNotAskedFor_AreNotWritten) {
  group(v2 + "/task", {"memory.max", "cpu.weight"});
  EXPECT_EQ(Cgroup(LimitKind::v2, v2 + "/task", v2 + "/task").create({}), "");
  EXPECT_EQ(read(v2 + "/task/memory.max"), "");
  EXPECT_EQ(read(v2 + "/task/cpu.weight"), "");
}

}  // namespace
}  // namespace maitred::local
