#include "work-folder.h"

#include "remove-folder.h"
#include "shim/disk-watch.h"
#include "shim/posix.h"
#include "shim/record-files.h"
#include "stored-facts.h"

#include <maitred/backend/spec.h>

#include <kj/debug.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace maitred::local {

namespace fs = std::filesystem;

namespace {

// After a worker was killed its successor may be faster than the kernel's tidying up.
constexpr int64_t LOCK_WAIT_MS = 5'000;

bool lockWithin(int fd, int64_t timeoutMs) {
  int64_t end = steadyMs() + timeoutMs;
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    if (steadyMs() > end) return false;
    usleep(5'000);
  }
  return true;
}

kj::AutoCloseFd openLock(int folder, const char* name) {
  int fd = openat(folder, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  KJ_REQUIRE(fd >= 0, "cannot open a lock file in the work folder", name, strerror(errno));
  return kj::AutoCloseFd(fd);
}

}  // namespace

std::shared_ptr<kj::AutoCloseFd> openProcess(int32_t pid, uint64_t start) {
  if (pid <= 0) return nullptr;
  int fd = int(syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return nullptr;
  auto owned = std::make_shared<kj::AutoCloseFd>(fd);
  // Opened first, compared then: the number cannot change hands in between.
  if (processStart(pid) != start) return nullptr;
  pollfd ended{fd, POLLIN, 0};
  return poll(&ended, 1, 0) == 0 ? owned : nullptr;
}

bool signalProcess(int pidfd, int number, int value) {
  siginfo_t info{};
  info.si_signo = number;
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_uid = getuid();
  info.si_value.sival_int = value;
  return syscall(SYS_pidfd_send_signal, pidfd, number, &info, 0) == 0;
}

WorkFolder::WorkFolder(std::string path) : root(std::move(path)) {
  std::error_code error;
  fs::create_directories(root, error);
  KJ_REQUIRE(!error, "cannot make the work folder", root.c_str(), error.message().c_str());
  int fd = open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  KJ_REQUIRE(fd >= 0, "cannot open the work folder", root.c_str(), strerror(errno));
  folder = kj::AutoCloseFd(fd);
  // Tasks pass through it, but cannot list what is there.
  KJ_REQUIRE(fchmod(folder, 0711) == 0, "the work folder belongs to another account", root.c_str());
  lock = openLock(folder, "lock");
  KJ_REQUIRE(lockWithin(lock, LOCK_WAIT_MS),
             "another instance uses this work folder; give each its own work_directory",
             root.c_str());
}

std::string WorkFolder::closedFolder() const {
  for (size_t slash = root.find('/', 1); slash != std::string::npos;
       slash = root.find('/', slash + 1)) {
    auto above = root.substr(0, slash);
    struct stat facts;
    if (stat(above.c_str(), &facts) == 0 && (facts.st_mode & S_IXOTH) == 0) return above;
  }
  return {};
}

kj::AutoCloseFd WorkFolder::openStarting() const {
  return openLock(folder, "starting");
}

bool WorkFolder::waitForStarting(int64_t timeoutMs) const {
  auto fd = openStarting();
  return lockWithin(fd, timeoutMs);
}

void WorkFolder::holdStarting(int fd) {
  KJ_SYSCALL(flock(fd, LOCK_SH));
}

std::string WorkFolder::taskPath(const backend::TaskKey& key) const {
  return root + "/tasks/" + key.text();
}

FoundTask WorkFolder::look(const backend::TaskKey& key) const {
  FoundTask found;
  found.facts.key = key;
  found.damaged = true;
  int raw = open(taskPath(key).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (raw < 0) return found;
  kj::AutoCloseFd task(raw);
  auto facts = readFacts(task);
  found.recorded = facts || faccessat(task, RECORD, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  if (!facts) return found;
  found.damaged = false;
  found.facts = std::move(*facts);
  found.facts.key = key;
  // Before the files: a shim that ends in between has written them by then.
  if (found.facts.bootId == bootId()) {
    found.shim = openProcess(found.facts.shimPid, found.facts.shimStart);
  }
  found.end = readEnd(task, ENDED);
  auto reported = readEnd(task, REPORTED);
  found.reported = reported.has_value();
  if (!found.end) found.end = std::move(reported);
  if (found.end) {
    found.facts.startedAt = found.end->startedAt;
    found.shim = nullptr;
  } else if (found.shim == nullptr) {
    found.end = EndFactsOnDisk{vanished(found.facts.startedAt != 0, found.facts.bootId != bootId()),
                               unixNow(), found.facts.startedAt, found.facts.startedAt != 0};
  }
  return found;
}

std::vector<FoundTask> WorkFolder::scan() const {
  std::vector<FoundTask> all;
  std::error_code error;
  for (auto& consumer : fs::directory_iterator(root + "/tasks", error)) {
    if (!backend::validId(consumer.path().filename().string())) continue;
    for (auto& task : fs::directory_iterator(consumer.path(), error)) {
      backend::TaskKey key{consumer.path().filename(), task.path().filename()};
      if (backend::validId(key.taskId)) all.push_back(look(key));
    }
  }
  return all;
}

void WorkFolder::markReported(const backend::TaskKey& key) const {
  auto path = taskPath(key) + "/";
  if (rename((path + ENDED).c_str(), (path + REPORTED).c_str()) == 0 || errno != ENOENT) return;
  // It vanished: there is no such file yet. Written now, so that a later life does not tell it
  // again.
  if (access((path + REPORTED).c_str(), F_OK) == 0) return;
  auto found = look(key);
  if (found.damaged || !found.end) return;
  capnp::MallocMessageBuilder message;
  auto ended = message.initRoot<Ended>();
  ended.setState(found.end->ending.state);
  ended.setReason(found.end->ending.reason);
  ended.setMessage(found.end->ending.message);
  ended.setAt(found.end->at);
  ended.setStartedAt(found.end->startedAt);
  ended.setCommandStarted(found.end->commandStarted);
  int raw = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (raw < 0) return;
  kj::AutoCloseFd task(raw);
  writeMessage(task, REPORTED, message);
}

std::string WorkFolder::remove(const backend::TaskKey& key) const {
  auto consumer = root + "/tasks/" + key.consumer;
  int raw = open(consumer.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (raw < 0) return errno == ENOENT ? "" : errnoText("cannot open " + consumer, errno);
  kj::AutoCloseFd parent(raw);
  return removeTaskFolder(parent, key.taskId);
}

uint64_t WorkFolder::sizeOf(const backend::TaskKey& key) const {
  int raw = open(taskPath(key).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (raw < 0) return 0;
  kj::AutoCloseFd task(raw);
  return diskUse(task, UINT64_MAX).bytes;
}

std::string WorkFolder::fault() const {
  // One block, since an empty file can be made on a full disk.
  static const kj::byte block[4096] = {1};
  if (!writeWhole(folder, "trial", kj::arrayPtr(block, sizeof(block)))) {
    return errnoText("cannot write into the work folder " + root, errno);
  }
  unlinkat(folder, "trial", 0);
  return {};
}

}  // namespace maitred::local
