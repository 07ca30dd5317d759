#include "small-disk.h"

#include <kj/debug.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

namespace maitred::e2e {
namespace {

std::string reason(const char* what) {
  return std::string(what) + ": " + std::strerror(errno);
}

class MountedDisk final : public SmallDisk {
 public:
  explicit MountedDisk(std::string folder) : folder(std::move(folder)) {}
  ~MountedDisk() noexcept(false) { umount2(folder.c_str(), MNT_DETACH); }

  void fill() override {
    int fd = open(filler().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    KJ_REQUIRE(fd >= 0, "cannot fill the disk", strerror(errno));
    kj::AutoCloseFd closer(fd);
    std::string block(64 * 1024, 'x');
    for (size_t size = block.size(); size > 0;) {
      if (write(fd, block.data(), size) < 0) size /= 2;
    }
  }
  void makeRoom() override { unlink(filler().c_str()); }

 private:
  std::string folder;
  std::string filler() const { return folder + "/filler"; }
};

class LimitedDisk final : public SmallDisk {
 public:
  explicit LimitedDisk(System& system) : system(system) {}

  void fill() override { setLimit(0); }
  void makeRoom() override { setLimit(RLIM_INFINITY); }

 private:
  System& system;

  void setLimit(rlim_t soft) {
    for (const char* instance : {"cook", "local"}) {
      pid_t pid = system.status(instance).value("pid", 0);
      rlimit limit{soft, RLIM_INFINITY};
      KJ_SYSCALL(prlimit(pid == 0 ? system.pid() : pid, RLIMIT_FSIZE, &limit, nullptr));
    }
  }
};

}  // namespace

bool ownMounts(std::string* whyNot) {
  static const std::string fault = []() -> std::string {
    if (unshare(CLONE_NEWNS) != 0) return reason("no mount namespace of its own");
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return reason("its mounts cannot be made private");
    }
    testing::TemporaryDirectory trial;
    const char* folder = trial.path().c_str();
    if (mount(folder, folder, nullptr, MS_BIND, nullptr) != 0) return reason("no mounting");
    umount2(folder, MNT_DETACH);
    return "";
  }();
  *whyNot = fault;
  return fault.empty();
}

std::unique_ptr<SmallDisk> mountedDisk(System& system, std::string* whyNot) {
  if (!ownMounts(whyNot)) return nullptr;
  std::string folder = system.folder() + "/state";
  std::filesystem::create_directory(folder);
  if (mount("maitred-test", folder.c_str(), "tmpfs", MS_NOSUID, "size=24m,mode=0755") != 0) {
    *whyNot = reason("no file system can be mounted");
    return nullptr;
  }
  return std::make_unique<MountedDisk>(folder);
}

std::unique_ptr<SmallDisk> limitedDisk(System& system) {
  return std::make_unique<LimitedDisk>(system);
}

bool ReadOnlyFolder::possible(std::string* whyNot) {
  return ownMounts(whyNot);
}

ReadOnlyFolder::ReadOnlyFolder(const std::string& folder) : folder(folder) {
  KJ_SYSCALL(mount(folder.c_str(), folder.c_str(), nullptr, MS_BIND, nullptr), folder);
  KJ_SYSCALL(mount(nullptr, folder.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr),
             folder);
}

ReadOnlyFolder::~ReadOnlyFolder() noexcept(false) {
  umount2(folder.c_str(), MNT_DETACH);
}

void ReadOnlyFolder::lift() {
  KJ_SYSCALL(mount(nullptr, folder.c_str(), nullptr, MS_BIND | MS_REMOUNT, nullptr), folder);
}

}  // namespace maitred::e2e
