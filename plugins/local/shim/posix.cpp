#include "posix.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

namespace maitred::local {

int64_t unixNow() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return int64_t(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

int64_t steadyMs() {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return int64_t(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

std::optional<std::string> readSmallFile(int folder, const char* name, size_t max) {
  int raw = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (raw < 0) return std::nullopt;
  kj::AutoCloseFd fd(raw);
  std::string out;
  char buffer[4096];
  while (out.size() < max) {
    ssize_t n = read(fd, buffer, std::min(sizeof(buffer), max - out.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) break;
    out.append(buffer, size_t(n));
  }
  return out;
}

std::optional<uint64_t> processStart(pid_t pid) {
  auto stat = readSmallFile(AT_FDCWD, ("/proc/" + std::to_string(pid) + "/stat").c_str());
  if (!stat) return std::nullopt;
  // The name in parentheses may hold anything, also blanks and parentheses: count from the last
  // one.
  size_t at = stat->rfind(')');
  if (at == std::string::npos) return std::nullopt;
  const char* p = stat->c_str() + at + 1;
  for (int field = 2; field < 21; ++field) {
    p = strchr(p + 1, ' ');
    if (p == nullptr) return std::nullopt;
  }
  return strtoull(p + 1, nullptr, 10);
}

std::string bootId() {
  auto id = readSmallFile(AT_FDCWD, "/proc/sys/kernel/random/boot_id");
  if (!id) return {};
  while (!id->empty() && id->back() == '\n') id->pop_back();
  return *id;
}

int openWithoutLinks(int folder, const std::string& path, int flags) {
  kj::AutoCloseFd owned;
  for (size_t start = 0; start < path.size();) {
    size_t end = std::min(path.find('/', start), path.size());
    std::string part = path.substr(start, end - start);
    start = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      errno = EXDEV;
      return -1;
    }
    bool last = start >= path.size();
    int next = openat(folder, part.c_str(),
                      (last ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC) | O_NOFOLLOW);
    if (next < 0) return -1;
    owned = kj::AutoCloseFd(next);
    folder = next;
  }
  return owned == nullptr ? openat(folder, ".", flags) : owned.release();
}

bool writeControl(const std::string& path, std::string_view value) {
  int raw = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (raw < 0) return false;
  kj::AutoCloseFd fd(raw);
  return write(fd, value.data(), value.size()) == ssize_t(value.size());
}

bool writeWhole(int folder, const char* name, kj::ArrayPtr<const kj::byte> bytes) {
  std::string beside = std::string(name) + ".new";
  int raw =
      openat(folder, beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (raw < 0) return false;
  kj::AutoCloseFd fd(raw);
  while (bytes.size() > 0) {
    ssize_t n = write(fd, bytes.begin(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      int error = n < 0 ? errno : ENOSPC;
      unlinkat(folder, beside.c_str(), 0);
      errno = error;
      return false;
    }
    bytes = bytes.slice(size_t(n), bytes.size());
  }
  return renameat(folder, beside.c_str(), folder, name) == 0;
}

bool sendEvent(int socket, int folder, kj::ArrayPtr<const kj::byte> bytes) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // Through the descriptor: the work folder's own path may be longer than a socket's name may be.
  snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/events", folder);
  ssize_t n;
  do {
    n = sendto(socket, bytes.begin(), bytes.size(), MSG_NOSIGNAL,
               reinterpret_cast<sockaddr*>(&address), sizeof(address));
  } while (n < 0 && errno == EINTR);
  return n == ssize_t(bytes.size());
}

std::string errnoText(const std::string& what, int error) {
  return what + ": " + strerror(error);
}

}  // namespace maitred::local
