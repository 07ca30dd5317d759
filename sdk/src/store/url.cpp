#include "database.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace maitred::store {

std::optional<std::string> faultInUrl(std::string_view url) {
  constexpr std::string_view sqlite = "sqlite:";
  if (url.starts_with("postgresql:") || url.starts_with("postgres:")) {
    return "PostgreSQL stores are not in this version: use sqlite:NAME.db";
  }
  if (!url.starts_with(sqlite)) {
    return "\"" + std::string(url) +
           "\" is no store: write sqlite:NAME.db or sqlite:/absolute/path.db";
  }
  auto path = url.substr(sqlite.size());
  if (path.empty() || path.ends_with('/')) {
    return "\"" + std::string(url) + "\" names no file: write sqlite:NAME.db";
  }
  if (path.find('\0') != path.npos) return "the store's path contains a zero byte";
  return std::nullopt;
}

std::string pathOf(const std::string& url, const std::string& directory) {
  if (auto fault = faultInUrl(url)) throw StoreError(StoreError::Kind::sql, *fault);
  auto path = url.substr(strlen("sqlite:"));
  if (path.front() == '/') return path;
  return (directory.empty() ? "." : directory) + "/" + path;
}

FileLock::FileLock(const std::string& path) : fd(-1) {
  auto name = path + ".lock";
  fd = open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw StoreError(StoreError::Kind::io, "cannot create " + name + ": " + strerror(errno));
  }
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    auto n = pread(fd, holder, sizeof(holder) - 1, 0);
    close(fd);
    std::string pid(holder, n > 0 ? strcspn(holder, "\n") : 0);
    throw StoreError(
        StoreError::Kind::busy,
        "store " + path + " is in use by process " + (pid.empty() ? "(unknown)" : pid) +
            ": two instances must not share a file; stop that process or choose another file");
  }
  auto pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    // The pid only helps people; the lock itself holds.
  }
}

FileLock::~FileLock() {
  if (ftruncate(fd, 0) != 0) {
    // Nobody relies on the file being empty.
  }
  close(fd);
}

}  // namespace maitred::store
