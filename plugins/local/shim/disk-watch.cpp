#include "disk-watch.h"

#include "posix.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace maitred::local {

namespace {

constexpr int64_t PAUSE_MS = 1000;
constexpr int64_t PAUSE_FACTOR = 20;
// A look that lost its way is no proof of anything; so many of them one after another are.
constexpr int LOST_MAX = 5;
// So many levels stay open. To one further below we return by the ".." of what is in it.
constexpr size_t LEVELS_HELD = 50;

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};

class Walk {
 public:
  explicit Walk(uint64_t enough) : enough(enough) {}

  void all(int folder) {
    enter(folder, ".");
    while (!levels.empty() && use.bytes <= enough) {
      auto& level = levels.back();
      auto name = held() ? nextFolder(level.dir.get()) : lastOf(level.below);
      if (name) {
        enter(level.fd(), name->c_str());
      } else {
        leave();
      }
    }
  }

  DiskUse use;

 private:
  // One that is held is read step by step; of another the folders in it that are left to look at.
  struct Level {
    std::unique_ptr<DIR, CloseDir> dir;
    dev_t device;
    ino_t inode;
    std::vector<std::string> below;
    int fd() const { return dirfd(dir.get()); }
  };

  bool held() const { return levels.size() <= LEVELS_HELD; }

  static std::optional<std::string> lastOf(std::vector<std::string>& names) {
    if (names.empty()) return std::nullopt;
    auto name = std::move(names.back());
    names.pop_back();
    return name;
  }

  std::optional<Level> open(int parent, const char* name) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    Level level{std::unique_ptr<DIR, CloseDir>(fdopendir(fd)), 0, 0, {}};
    struct stat facts;
    if (level.dir == nullptr || fstat(fd, &facts) != 0) {
      int error = errno;
      if (level.dir == nullptr) close(fd);
      errno = error;
      return std::nullopt;
    }
    level.device = facts.st_dev;
    level.inode = facts.st_ino;
    return level;
  }

  void enter(int parent, const char* name) {
    auto level = open(parent, name);
    if (!level) {
      // Gone since it was listed, or replaced; far down that is some time ago. All else but a
      // folder that is closed to us is a want of descriptors or memory.
      bool gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
      use.whole = use.whole && (errno == EACCES || (gone && held()));
      return;
    }
    if (!levels.empty() && !held()) levels.back().dir = nullptr;
    levels.push_back(std::move(*level));
    if (held()) return;
    auto& its = levels.back();
    while (auto folder = nextFolder(its.dir.get())) its.below.push_back(std::move(*folder));
  }

  // Counts what is in it, up to and with the next folder.
  std::optional<std::string> nextFolder(DIR* dir) {
    while (dirent* entry = use.bytes > enough ? nullptr : readdir(dir)) {
      std::string_view one = entry->d_name;
      struct stat facts;
      if (one == "." || one == ".." ||
          fstatat(dirfd(dir), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        continue;
      }
      bool isFolder = S_ISDIR(facts.st_mode);
      if (isFolder || facts.st_nlink < 2 || seen.insert(facts.st_ino).second) {
        use.bytes += uint64_t(facts.st_blocks) * 512;
      }
      if (isFolder) return std::string(one);
    }
    return std::nullopt;
  }

  // Back to the folder above. If that is another one by now, somebody has moved ours: on from the
  // lowest one that is still open.
  void leave() {
    auto from = std::move(levels.back().dir);
    levels.pop_back();
    if (levels.empty() || levels.back().dir != nullptr) return;
    auto& level = levels.back();
    auto above = open(dirfd(from.get()), "..");
    if (above && above->device == level.device && above->inode == level.inode) {
      level.dir = std::move(above->dir);
      return;
    }
    use.whole = false;
    while (levels.back().dir == nullptr) levels.pop_back();
  }

  uint64_t enough;
  std::vector<Level> levels;
  std::set<ino_t> seen;  // of files with several names
};

}  // namespace

DiskUse diskUse(int folder, uint64_t enough) {
  Walk walk(enough);
  walk.all(folder);
  return walk.use;
}

DiskWatch::DiskWatch(int folder, uint64_t limit, int64_t nowMs)
    : folder(folder), limit(limit), next(nowMs + PAUSE_MS) {}

std::optional<int64_t> DiskWatch::dueAt() const {
  if (limit == 0) return std::nullopt;
  return next;
}

bool DiskWatch::tooMuch(int64_t nowMs) {
  if (limit == 0 || nowMs < next) return false;
  auto use = diskUse(folder, limit);
  lost = use.whole || use.bytes > limit ? 0 : lost + 1;
  int64_t end = steadyMs();
  next = end + std::max(PAUSE_MS, PAUSE_FACTOR * (end - nowMs));
  return use.bytes > limit || lost >= LOST_MAX;
}

}  // namespace maitred::local
