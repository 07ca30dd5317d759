#include "sandbox-setup.h"

#include "posix.h"
#include "record-files.h"
#include "start-failure.h"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

namespace maitred::local {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw StartFailure{backend::Reason::SANDBOX_FAILED, errnoText(what, errno)};
}

void giveTo(int fd, Account::Reader account, const std::string& what) {
  if (account.getChange() && fchown(fd, account.getUid(), account.getGid()) != 0) {
    fail("cannot give " + what + " to " + std::string(account.getName().cStr()));
  }
}

kj::AutoCloseFd openFolder(int parent, const std::string& name, const std::string& what) {
  int fd = openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) fail("cannot open " + what);
  return kj::AutoCloseFd(fd);
}

// Makes it if it is not there; `owner` null keeps it the host's.
kj::AutoCloseFd ensureFolder(int parent, const std::string& name, mode_t mode,
                             kj::Maybe<Account::Reader> owner, const std::string& what) {
  bool made = mkdirat(parent, name.c_str(), mode) == 0;
  if (!made && errno != EEXIST) fail("cannot make " + what);
  auto fd = openFolder(parent, name, what);
  if (made) {
    fchmod(fd, mode);  // whatever the umask says
    KJ_IF_MAYBE (account, owner) giveTo(fd, *account, what);
  }
  return fd;
}

void writeFile(const Folders& folders, Account::Reader account, backend::File::Reader file) {
  std::string path(file.getPath().cStr(), file.getPath().size());
  kj::Own<kj::AutoCloseFd> folder;
  int parent = folders.sandbox;
  size_t start = 0;
  for (size_t slash; (slash = path.find('/', start)) != std::string::npos; start = slash + 1) {
    folder = kj::heap(ensureFolder(parent, path.substr(start, slash - start), 0750, account,
                                   "the folder of " + path));
    parent = *folder;
  }
  std::string name = path.substr(start);
  int raw =
      openat(parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (raw < 0) fail("cannot make the file " + path);
  kj::AutoCloseFd fd(raw);
  auto bytes = file.getContent();
  while (bytes.size() > 0) {
    ssize_t n = write(fd, bytes.begin(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("cannot write the file " + path);
    bytes = bytes.slice(size_t(n), bytes.size());
  }
  giveTo(fd, account, "the file " + path);
  if (fchmod(fd, file.getMode() & 0777) != 0) fail("cannot set the mode of " + path);
}

}  // namespace

Folders makeTaskFolder(Launch::Reader launch) {
  Folders folders;
  auto record = launch.getRecord();
  int raw = open(launch.getWorkFolder().cStr(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (raw < 0) fail("cannot open the work folder");
  folders.work = kj::AutoCloseFd(raw);
  auto tasks = ensureFolder(folders.work, "tasks", 0711, nullptr, "the folder of tasks");
  auto mine =
      ensureFolder(tasks, record.getConsumer().cStr(), 0711, nullptr, "the consumer's folder");
  // A task id is used once for ever: a folder of that name is another task's, and stays as it is.
  if (mkdirat(mine, record.getTaskId().cStr(), 0711) != 0) fail("cannot make the task's folder");
  folders.task = openFolder(mine, record.getTaskId().cStr(), "the task's folder");
  fchmod(folders.task, 0711);
  folders.sandboxPath = std::string(launch.getWorkFolder().cStr()) + "/tasks/" +
                        record.getConsumer().cStr() + "/" + record.getTaskId().cStr() + "/" +
                        SANDBOX;
  return folders;
}

void makeSandbox(Launch::Reader launch, Folders& folders) {
  folders.sandbox = ensureFolder(folders.task, SANDBOX, 0750, launch.getAccount(), "the sandbox");
  for (auto file : launch.getFiles()) writeFile(folders, launch.getAccount(), file);
}

kj::AutoCloseFd openOutput(Launch::Reader launch, const Folders& folders, const char* name) {
  int fd =
      openat(folders.sandbox, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0) fail(std::string("cannot make ") + name);
  kj::AutoCloseFd owned(fd);
  giveTo(fd, launch.getAccount(), name);
  return owned;
}

bool becomeAccount(Account::Reader account) {
  if (!account.getChange()) return true;
  std::vector<gid_t> groups;
  for (auto group : account.getGroups()) groups.push_back(group);
  return setgroups(groups.size(), groups.data()) == 0 &&
         setresgid(account.getGid(), account.getGid(), account.getGid()) == 0 &&
         setresuid(account.getUid(), account.getUid(), account.getUid()) == 0;
}

}  // namespace maitred::local
