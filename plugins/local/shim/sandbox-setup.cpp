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

// Neither waits for the other end of a pipe nor for whoever holds a lease on the file.
constexpr int OUTPUT_FLAGS =
    O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

// A plain file with this one name. The task inherits the descriptor, and would not expect that
// writing does not wait.
void takeOutput(int fd, struct stat& facts, const std::string& name) {
  if (fstat(fd, &facts) != 0) fail("cannot look at " + name);
  if (!S_ISREG(facts.st_mode) || facts.st_nlink != 1) {
    throw StartFailure{backend::Reason::SANDBOX_FAILED,
                       "what lies in the place of " + name + " is not a plain file of its own"};
  }
  if (fcntl(fd, F_SETFL, O_WRONLY | O_APPEND) != 0) fail("cannot use " + name);
}

// While the sandbox is still the host's: what is there already is one of the spec's files.
kj::AutoCloseFd makeOutput(Account::Reader account, const Folders& folders, const char* name) {
  int raw = openat(folders.sandbox, name, OUTPUT_FLAGS | O_CREAT, 0644);
  if (raw < 0) fail(std::string("cannot make ") + name);
  kj::AutoCloseFd fd(raw);
  struct stat facts;
  takeOutput(fd, facts, name);
  giveTo(fd, account, name);
  return fd;
}

void lookAtOutput(Account::Reader account, const Folders& folders, const char* name,
                  kj::AutoCloseFd& output) {
  struct stat ours, facts;
  if (fstat(output, &ours) != 0) fail(std::string("cannot look at ") + name);
  if (fstatat(folders.sandbox, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) return;  // it is removed
  if (facts.st_dev == ours.st_dev && facts.st_ino == ours.st_ino) return;
  int raw = openat(folders.sandbox, name, OUTPUT_FLAGS);
  if (raw < 0) fail(std::string("cannot open ") + name);
  kj::AutoCloseFd fd(raw);
  takeOutput(fd, facts, name);
  // Never given to the account: then it could have any file that it can move or name.
  if (facts.st_uid != (account.getChange() ? account.getUid() : geteuid())) {
    throw StartFailure{backend::Reason::SANDBOX_FAILED,
                       std::string("what lies in the place of ") + name + " is somebody else's"};
  }
  output = kj::mv(fd);
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
  folders.sandbox = ensureFolder(folders.task, SANDBOX, 0700, nullptr, "the sandbox");
  for (auto file : launch.getFiles()) writeFile(folders, launch.getAccount(), file);
  folders.out = makeOutput(launch.getAccount(), folders, "stdout");
  folders.err = makeOutput(launch.getAccount(), folders, "stderr");
  // From here on a process of the account, also another task's, may put there what it likes: a
  // second name of somebody's file, a pipe, a folder in the place of ours.
  giveTo(folders.sandbox, launch.getAccount(), "the sandbox");
  if (fchmod(folders.sandbox, 0750) != 0) fail("cannot set the mode of the sandbox");
}

void lookAtOutputs(Launch::Reader launch, Folders& folders) {
  lookAtOutput(launch.getAccount(), folders, "stdout", folders.out);
  lookAtOutput(launch.getAccount(), folders, "stderr", folders.err);
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
