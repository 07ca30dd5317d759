// Folders nested deeper than there are descriptors: measured and removed all the same.
#include "shim/disk-watch.h"
#include "work-folder.h"

#include <maitred/testing/harness.h>

#include <gtest/gtest.h>
#include <kj/io.h>

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace maitred::local {
namespace {

namespace fs = std::filesystem;

constexpr int DEPTH = 500;

kj::AutoCloseFd openPath(const std::string& path) {
  return kj::AutoCloseFd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// So many folders below each other, all of that name; the descriptor is the lowest one's.
kj::AutoCloseFd nest(const std::string& path, const char* name, int depth) {
  auto fd = openPath(path);
  for (int i = 0; i < depth; ++i) {
    EXPECT_EQ(mkdirat(fd, name, 0755), 0);
    fd = kj::AutoCloseFd(openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  return fd;
}

void writeInto(const kj::AutoCloseFd& folder, const char* name, size_t size) {
  kj::AutoCloseFd fd(openat(folder, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  std::string bytes(size, 'x');
  EXPECT_EQ(write(fd, bytes.data(), size), ssize_t(size));
}

class DeepFoldersTest : public ::testing::Test {
 protected:
  DeepFoldersTest() {
    fs::create_directories(sandbox);
    std::ofstream(task + "/record") << "record";
    std::ofstream(task + "/reported") << "reported";
    getrlimit(RLIMIT_NOFILE, &before);
    rlimit few{200, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~DeepFoldersTest() noexcept override { setrlimit(RLIMIT_NOFILE, &before); }

  testing::TemporaryDirectory temp;
  std::string work = temp.path() + "/work";
  std::string task = work + "/tasks/q/t";
  std::string sandbox = task + "/sandbox";
  backend::TaskKey key{"q", "t"};
  rlimit before;
};

TEST_F(DeepFoldersTest, AreRemoved) {
  nest(sandbox, "d", DEPTH);
  auto lowest = nest(sandbox, "e", DEPTH);
  writeInto(lowest, "file", 10);
  std::ofstream(temp.path() + "/outside") << "stays";
  EXPECT_EQ(symlinkat(temp.path().c_str(), lowest, "link"), 0);
  fs::create_directories(task + "/deep-1/of an earlier life");
  EXPECT_EQ(WorkFolder(work).remove(key), "");
  EXPECT_FALSE(fs::exists(task));
  EXPECT_TRUE(fs::exists(temp.path() + "/outside"));
  EXPECT_EQ(WorkFolder(work).remove(key), "") << "it is gone";
}

TEST_F(DeepFoldersTest, FoldersThatTheTaskHasClosedAreRemoved) {
  fs::create_directories(sandbox + "/closed/inner");
  std::ofstream(sandbox + "/closed/file") << "x";
  chmod((sandbox + "/closed/inner").c_str(), 0);
  chmod((sandbox + "/closed").c_str(), 0500);
  EXPECT_EQ(WorkFolder(work).remove(key), "");
  EXPECT_FALSE(fs::exists(task));
}

TEST_F(DeepFoldersTest, AreMeasured) {
  auto lowest = nest(sandbox, "d", DEPTH);
  writeInto(lowest, "file", 1 << 20);
  fs::create_directories(sandbox + "/d/beside");
  writeInto(openPath(sandbox + "/d/beside"), "file", 1 << 20);
  auto use = diskUse(openPath(task), UINT64_MAX);
  EXPECT_TRUE(use.whole);
  EXPECT_GE(use.bytes, uint64_t(2) << 20);
  EXPECT_LT(use.bytes, (uint64_t(2) << 20) + DEPTH * 8192);
  EXPECT_GE(WorkFolder(work).sizeOf(key), uint64_t(2) << 20);
  EXPECT_EQ(WorkFolder(work).remove(key), "");
}

// Several branches at each level far down, so that the way back is taken more than once.
TEST_F(DeepFoldersTest, EachBranchIsMeasuredOnce) {
  auto fd = nest(sandbox, "d", 100);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(mkdirat(fd, "b", 0755), 0);
    kj::AutoCloseFd branch(openat(fd, "b", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    EXPECT_EQ(mkdirat(branch, "c", 0755), 0);
    writeInto(kj::AutoCloseFd(openat(branch, "c", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), "file",
              1 << 20);
    EXPECT_EQ(mkdirat(fd, "a", 0755), 0);
    fd = kj::AutoCloseFd(openat(fd, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    writeInto(fd, "file", 1 << 20);
  }
  auto use = diskUse(openPath(task), UINT64_MAX);
  EXPECT_TRUE(use.whole);
  EXPECT_GE(use.bytes, uint64_t(10) << 20);
  EXPECT_LT(use.bytes, uint64_t(11) << 20);
  EXPECT_LT(diskUse(openPath(task), 3 << 20).bytes, uint64_t(6) << 20) << "enough is enough";
}

}  // namespace
}  // namespace maitred::local
