#include "cgroup.h"

#include "shim/posix.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace maitred::local {

namespace {

std::string contents(const std::string& path) {
  return readSmallFile(AT_FDCWD, path.c_str()).value_or("");
}

bool makeFolder(const std::string& path) {
  return mkdir(path.c_str(), 0755) == 0 || errno == EEXIST;
}

// Kills what is listed; true if nothing was.
bool killListed(const std::string& folder) {
  std::string procs = contents(folder + "/cgroup.procs");
  bool empty = true;
  for (const char* p = procs.c_str(); *p != 0;) {
    char* end;
    long pid = strtol(p, &end, 10);
    if (end == p) break;
    // 0 stands for a process outside of our pid namespace; a zombie is listed until it is reaped.
    if (pid > 1) {
      empty = false;
      kill(pid_t(pid), SIGKILL);
    }
    p = end + (*end == '\n');
  }
  return empty;
}

bool emptyFolder(const std::string& folder) {
  writeControl(folder + "/cgroup.kill", "1");  // version 2, at once and also against fork bombs
  int64_t end = steadyMs() + 5000;
  while (!killListed(folder)) {
    if (steadyMs() > end) return false;
    usleep(1000);
  }
  return true;
}

void removeFolder(const std::string& folder) {
  // A group stays busy for a moment after its last process has ended.
  for (int i = 0; i < 200 && rmdir(folder.c_str()) != 0 && errno == EBUSY; ++i) usleep(1000);
}

}  // namespace

Cgroup::Cgroup(LimitKind kind, std::string memoryFolder, std::string cpuFolder)
    : kind(kind), memoryFolder(std::move(memoryFolder)), cpuFolder(std::move(cpuFolder)) {}

std::string Cgroup::create(const CgroupLimits& limits) {
  for (auto& folder : {memoryFolder, cpuFolder}) {
    if (!folder.empty() && !makeFolder(folder)) return errnoText("cannot make " + folder, errno);
  }
  bool v2 = kind == LimitKind::v2;
  std::string path;
  auto set = [&](const std::string& file, const std::string& value) {
    if (path.empty() && !writeControl(file, value)) path = errnoText("cannot set " + file, errno);
  };
  if (limits.memoryBytes > 0 && !memoryFolder.empty()) {
    set(memoryFolder + (v2 ? "/memory.max" : "/memory.limit_in_bytes"),
        std::to_string(limits.memoryBytes));
    // Swap is no way around the limit, where the kernel counts it at all.
    std::string bytes = std::to_string(limits.memoryBytes);
    writeControl(memoryFolder + (v2 ? "/memory.swap.max" : "/memory.memsw.limit_in_bytes"),
                 v2 ? "0" : bytes);
    if (v2) writeControl(memoryFolder + "/memory.oom.group", "1");
  }
  if (limits.cpuMillis > 0 && !cpuFolder.empty()) {
    uint64_t shares = std::clamp<uint64_t>(limits.cpuMillis * 1024 / 1000, 2, 262144);
    uint64_t weight = std::clamp<uint64_t>(limits.cpuMillis / 10, 1, 10000);
    set(cpuFolder + (v2 ? "/cpu.weight" : "/cpu.shares"), std::to_string(v2 ? weight : shares));
    if (limits.cpuQuota) {
      std::string quota = std::to_string(std::max<uint64_t>(limits.cpuMillis * 100, 1000));
      set(cpuFolder + (v2 ? "/cpu.max" : "/cpu.cfs_quota_us"), v2 ? quota + " 100000" : quota);
    }
  }
  return path;
}

bool Cgroup::join() {
  for (auto& folder : {memoryFolder, cpuFolder}) {
    if (!folder.empty() && !writeControl(folder + "/cgroup.procs", "0")) return false;
  }
  return true;
}

uint64_t Cgroup::oomKills() const {
  if (memoryFolder.empty()) return 0;
  std::string text =
      contents(memoryFolder + (kind == LimitKind::v2 ? "/memory.events" : "/memory.oom_control"));
  size_t at = text.find("oom_kill ");
  return at == std::string::npos ? 0
                                 : strtoull(text.c_str() + at + strlen("oom_kill "), nullptr, 10);
}

bool Cgroup::killAll() {
  return memoryFolder.empty() || emptyFolder(memoryFolder);
}

void Cgroup::remove() {
  if (!memoryFolder.empty()) removeFolder(memoryFolder);
  if (!cpuFolder.empty() && cpuFolder != memoryFolder) removeFolder(cpuFolder);
}

void clearCgroups(const std::vector<std::string>& folders) {
  for (auto& folder : folders) {
    emptyFolder(folder);
    removeFolder(folder);
  }
}

}  // namespace maitred::local
