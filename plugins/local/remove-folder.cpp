#include "remove-folder.h"

#include "shim/posix.h"
#include "shim/record-files.h"

#include <kj/io.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace maitred::local {

namespace {

// So many folders are open at one time. One further down is moved up, beside the sandbox, where
// tasks cannot reach, and has its turn there.
constexpr int LEVELS = 40;
// A folder that is not empty once it was emptied is one that somebody still writes into.
constexpr int ATTEMPTS = 3;

struct CloseFolder {
  void operator()(DIR* dir) const { closedir(dir); }
};
using Listing = std::unique_ptr<DIR, CloseFolder>;

Listing listingOf(kj::AutoCloseFd fd) {
  Listing dir(fdopendir(fd.get()));
  if (dir != nullptr) fd.release();
  return dir;
}

// The next name but "." and ".."; null at the end.
const char* nextName(const Listing& dir) {
  while (dirent* entry = readdir(dir.get())) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") return entry->d_name;
  }
  return nullptr;
}

kj::AutoCloseFd openToList(int parent, const char* name) {
  return kj::AutoCloseFd(openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// As root nothing of this is needed; otherwise it is our own folder that a task has closed.
bool unlock(int parent, const char* name) {
  kj::AutoCloseFd fd(openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd.get() < 0) return false;
  return chmod(("/proc/self/fd/" + std::to_string(fd.get())).c_str(), 0700) == 0;
}

class Remover {
 public:
  explicit Remover(int top) : top(top) {}

  // All folders in `top`, with what is below them.
  void folders() {
    do {
      moved = false;
      auto dir = listingOf(openToList(top, "."));
      if (dir == nullptr) return fail(".");
      while (const char* name = nextName(dir)) {
        struct stat facts;
        if (fstatat(top, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(facts.st_mode)) {
          folder(top, name, 0);
        }
      }
    } while (moved && fault.empty());
  }

  // What is no folder in `top`.
  void files() {
    auto dir = listingOf(openToList(top, "."));
    if (dir == nullptr) return fail(".");
    while (const char* name = nextName(dir)) {
      if (unlinkat(top, name, 0) != 0 && errno != ENOENT) fail(name);
    }
  }

  std::string fault;  // the first

 private:
  void fail(const char* name) {
    if (fault.empty()) fault = errnoText(std::string("cannot remove ") + name, errno);
  }

  void folder(int parent, const char* name, int depth) {
    if (depth == LEVELS) return moveUp(parent, name);
    for (int i = 0; i < ATTEMPTS; ++i) {
      auto fd = openToList(parent, name);
      if (fd.get() < 0 && errno == EACCES && unlock(parent, name)) fd = openToList(parent, name);
      if (fd.get() < 0) return errno == ENOENT ? void() : fail(name);
      empty(kj::mv(fd), depth);
      if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return;
      if (errno != ENOTEMPTY && errno != EEXIST) break;
    }
    fail(name);
  }

  void empty(kj::AutoCloseFd opened, int depth) {
    auto dir = listingOf(kj::mv(opened));
    if (dir == nullptr) return fail("a folder");
    int fd = dirfd(dir.get());
    bool unlocked = false;
    while (const char* name = nextName(dir)) {
      int result = unlinkat(fd, name, 0);
      if (result != 0 && errno == EACCES && !unlocked) {
        unlocked = true;
        if (fchmod(fd, 0700) == 0) result = unlinkat(fd, name, 0);
      }
      if (result == 0 || errno == ENOENT) continue;
      if (errno == EISDIR) {
        folder(fd, name, depth + 1);
      } else {
        fail(name);
      }
    }
  }

  void moveUp(int parent, const char* name) {
    bool unlocked = false;
    for (;;) {
      auto beside = "deep-" + std::to_string(++number);
      if (renameat(parent, name, top, beside.c_str()) == 0) {
        moved = true;
        return;
      }
      bool again = errno == EEXIST || errno == ENOTEMPTY;  // an earlier removal's
      if (errno == EACCES && !unlocked) again = unlocked = unlock(parent, name);
      if (!again) return errno == ENOENT ? void() : fail(name);
    }
  }

  int top;
  bool moved = false;
  uint64_t number = 0;
};

}  // namespace

std::string removeTaskFolder(int parent, const std::string& name) {
  auto task = openToList(parent, name.c_str());
  if (task.get() < 0) return errno == ENOENT ? "" : errnoText("cannot open " + name, errno);
  Remover remover(task);
  remover.folders();
  if (!remover.fault.empty()) return remover.fault;
  if (unlinkat(task, RECORD, 0) != 0 && errno != ENOENT) {
    return errnoText("cannot remove the record", errno);
  }
  remover.files();
  if (!remover.fault.empty()) return remover.fault;
  if (unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return errnoText("cannot remove " + name, errno);
  }
  return {};
}

}  // namespace maitred::local
