#include "failing-disk.h"

#include "small-disk.h"

#include <kj/debug.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace maitred::e2e {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t DISK_BYTES = 24 << 20;

// Where the kernel lets an error of that file system be made up.
std::string triggerOf(const std::string& folder) {
  struct stat facts;
  if (stat(folder.c_str(), &facts) != 0) return {};
  return "/sys/fs/ext4/loop" + std::to_string(minor(facts.st_dev)) + "/trigger_fs_error";
}

bool did(const std::vector<std::string>& words, std::string* whyNot) {
  auto outcome = run(words);
  if (outcome.exitCode == 0) return true;
  *whyNot = words[0] + ": " + outcome.out;
  return false;
}

bool mountImage(const std::string& image, const std::string& folder, std::string* whyNot) {
  return did({"/bin/mount", "-o", "loop,errors=remount-ro", image, folder}, whyNot);
}

bool setFlag(const std::string& path, bool frozen) {
  int raw = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (raw < 0) return false;
  kj::AutoCloseFd fd(raw);
  int flags = 0;
  if (ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0) return false;
  flags = frozen ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
  return ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
}

}  // namespace

std::unique_ptr<FailingDisk> FailingDisk::make(System& system, std::string* whyNot) {
  if (!ownMounts(whyNot)) return nullptr;
  std::string image = system.folder() + "/disk.img", folder = system.folder() + "/state/cook";
  fs::create_directories(folder);
  std::ofstream(image) << "";
  fs::resize_file(image, DISK_BYTES);
  if (!did({"/sbin/mkfs.ext4", "-q", "-F", image}, whyNot)) return nullptr;
  if (!mountImage(image, folder, whyNot)) return nullptr;
  std::unique_ptr<FailingDisk> disk(new FailingDisk(image, folder));
  if (access(triggerOf(folder).c_str(), W_OK) == 0) return disk;
  *whyNot = "this kernel lets no error of a file system be made up";
  return nullptr;
}

FailingDisk::FailingDisk(std::string image, std::string folder)
    : image(std::move(image)), folder(std::move(folder)) {}

FailingDisk::~FailingDisk() noexcept(false) {
  umount2(folder.c_str(), MNT_DETACH);
}

void FailingDisk::fail() {
  auto path = triggerOf(folder);
  int raw;
  KJ_SYSCALL(raw = open(path.c_str(), O_WRONLY | O_CLOEXEC), path);
  kj::AutoCloseFd fd(raw);
  KJ_SYSCALL(write(fd, "test", 4), path);
}

bool FailingDisk::repair() {
  if (umount2(folder.c_str(), 0) != 0) {
    KJ_REQUIRE(errno == EBUSY, "cannot unmount", strerror(errno));
    return false;
  }
  auto checked = run({"/sbin/e2fsck", "-f", "-y", image});
  KJ_REQUIRE(checked.exitCode <= 1, "the file system is damaged", checked.out.c_str());
  std::string whyNot;
  KJ_REQUIRE(mountImage(image, folder, &whyNot), whyNot.c_str());
  return true;
}

bool FrozenFiles::possible(const std::string& folder, std::string* whyNot) {
  bool can = setFlag(folder, true);
  if (!can) *whyNot = std::string("no file can be made immutable here: ") + strerror(errno);
  setFlag(folder, false);
  return can;
}

FrozenFiles::FrozenFiles(const std::string& folder) {
  for (auto& entry : fs::directory_iterator(folder)) {
    auto path = entry.path().string();
    // A file that is mapped does not fail, it ends in SIGBUS.
    if (!path.ends_with("-shm")) paths.push_back(path);
  }
  paths.push_back(folder);
  for (auto& path : paths) KJ_REQUIRE(setFlag(path, true), "cannot freeze", path.c_str());
}

FrozenFiles::~FrozenFiles() noexcept(false) {
  thaw();
}

void FrozenFiles::thaw() {
  for (auto& path : paths) setFlag(path, false);
  paths.clear();
}

}  // namespace maitred::e2e
