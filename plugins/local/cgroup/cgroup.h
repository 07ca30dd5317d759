#pragma once
// Control groups, version 1 or 2, whichever of them we may write to. The plugin finds out once
// where; a shim makes one folder for its task, and removes it at the end. Blocking calls on /sys,
// safe in a forked child.

#include <cstdint>
#include <string>
#include <vector>

namespace maitred::local {

enum class LimitKind { none, watch, v1, v2 };

// Where tasks' folders go. With v2 both are the same.
struct CgroupPlace {
  LimitKind kind = LimitKind::watch;
  std::string memoryBase;  // existing folders
  std::string cpuBase;
  std::string why;  // for the log: what was found, or why nothing was
};

// Looks for a place where a group `name` can be made and limits can be set. `want` none tries both
// versions, 2 first; v1 or v2 only that one. The answer's kind is `watch` if there is no such
// place.
// `process` is the folder with `mountinfo` and `cgroup` that say what there is.
CgroupPlace findCgroups(LimitKind want, const std::string& name,
                        const std::string& process = "/proc/self");

struct CgroupLimits {
  uint64_t memoryBytes = 0;  // 0 = no limit
  uint64_t cpuMillis = 0;
  bool cpuQuota = false;  // a ceiling besides the weight
};

// One task's groups. Folders are absolute paths; an empty one is not used.
class Cgroup {
 public:
  Cgroup(LimitKind kind, std::string memoryFolder, std::string cpuFolder);

  // Makes the folders and sets the limits. Returns what failed, or an empty string.
  std::string create(const CgroupLimits& limits);
  // Moves the calling process in. Call it after fork() and while still privileged. False with errno
  // set.
  bool join();
  // How many processes the kernel has killed for want of memory.
  uint64_t oomKills() const;
  // SIGKILL to everything inside, repeated until it is empty; false if something survived.
  bool killAll();
  // Removes the folders; those that are not there are no fault.
  void remove();

 private:
  LimitKind kind;
  std::string memoryFolder, cpuFolder;
};

// For folders of a shim that is gone: empties and removes them.
void clearCgroups(const std::vector<std::string>& folders);

}  // namespace maitred::local
