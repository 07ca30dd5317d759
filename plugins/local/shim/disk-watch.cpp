#include "disk-watch.h"

#include "posix.h"

#include <algorithm>
#include <memory>
#include <set>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace maitred::local {

namespace {

constexpr int64_t PAUSE_MS = 1000;
constexpr int64_t PAUSE_FACTOR = 20;
constexpr int DEPTH_MAX = 100;  // one descriptor each

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};

class Walk {
 public:
  explicit Walk(uint64_t enough) : enough(enough) {}

  void folder(int parent, const char* name, int depth) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return;
    std::unique_ptr<DIR, CloseDir> dir(fdopendir(fd));
    if (dir == nullptr) {
      close(fd);
      return;
    }
    while (dirent* entry = total > enough ? nullptr : readdir(dir.get())) {
      std::string_view one = entry->d_name;
      struct stat facts;
      if (one == "." || one == ".." ||
          fstatat(fd, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        continue;
      }
      bool isFolder = S_ISDIR(facts.st_mode);
      if (isFolder || facts.st_nlink < 2 || seen.insert(facts.st_ino).second) {
        total += uint64_t(facts.st_blocks) * 512;
      }
      if (isFolder && depth < DEPTH_MAX) folder(fd, entry->d_name, depth + 1);
    }
  }

  uint64_t total = 0;

 private:
  uint64_t enough;
  std::set<ino_t> seen;  // of files with several names
};

}  // namespace

uint64_t diskUse(int folder, uint64_t enough) {
  Walk walk(enough);
  walk.folder(folder, ".", 0);
  return walk.total;
}

DiskWatch::DiskWatch(int folder, uint64_t limit, int64_t nowMs)
    : folder(folder), limit(limit), next(nowMs + PAUSE_MS) {}

std::optional<int64_t> DiskWatch::dueAt() const {
  if (limit == 0) return std::nullopt;
  return next;
}

bool DiskWatch::tooMuch(int64_t nowMs) {
  if (limit == 0 || nowMs < next) return false;
  bool more = diskUse(folder, limit) > limit;
  int64_t end = steadyMs();
  next = end + std::max(PAUSE_MS, PAUSE_FACTOR * (end - nowMs));
  return more;
}

}  // namespace maitred::local
