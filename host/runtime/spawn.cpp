#include "host/runtime/spawn.h"

#include "host/runtime/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <kj/debug.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace maitred::host {
namespace {

// Everything the child needs, made before the fork: afterwards only async-signal-safe calls are
// allowed.
struct PreparedChild {
  std::vector<char*> argv;
  std::vector<int> descriptors;
  kj::AutoCloseFd null;
};

void resetSignals() {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Puts the descriptors to 3, 4, … ; first above the range, so that none is overwritten before it is
// moved.
bool placeDescriptors(std::vector<int>& descriptors) {
  int above = 3 + static_cast<int>(descriptors.size());
  for (int& fd : descriptors) {
    fd = fcntl(fd, F_DUPFD, above);
    if (fd < 0) return false;
  }
  for (size_t i = 0; i < descriptors.size(); ++i) {
    if (dup2(descriptors[i], 3 + static_cast<int>(i)) < 0) return false;
  }
  return syscall(SYS_close_range, above, ~0u, 0) == 0;
}

[[noreturn]] void runChild(const ProcessOptions& options, PreparedChild& prepared, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before the request took effect.
  if (getppid() != parent) _exit(127);
  resetSignals();
  if (dup2(prepared.null, 0) < 0 || dup2(options.output, 1) < 0 || dup2(1, 2) < 0) _exit(127);
  if (!placeDescriptors(prepared.descriptors)) _exit(127);
  execv(options.executable.c_str(), prepared.argv.data());
  static const char message[] = "the worker's executable cannot be started\n";
  [[maybe_unused]] auto written = write(2, message, sizeof message - 1);
  _exit(127);
}

pid_t forkChild(const ProcessOptions& options) {
  PreparedChild prepared;
  for (const auto& argument : options.arguments) {
    prepared.argv.push_back(const_cast<char*>(argument.c_str()));
  }
  prepared.argv.push_back(nullptr);
  prepared.descriptors = options.descriptors;
  int null;
  KJ_SYSCALL(null = open("/dev/null", O_RDONLY | O_CLOEXEC));
  prepared.null = kj::AutoCloseFd(null);
  pid_t parent = getpid();
  pid_t child;
  KJ_SYSCALL(child = fork(), "a worker cannot be forked");
  if (child == 0) runChild(options, prepared, parent);
  return child;
}

kj::AutoCloseFd openPidfd(pid_t pid) {
  int fd;
  KJ_SYSCALL(fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  return kj::AutoCloseFd(fd);
}

// waitid() by pidfd; older headers lack the name.
constexpr idtype_t waitByPidfd = static_cast<idtype_t>(3);

}  // namespace

ChildProcess::ChildProcess(const ProcessOptions& options, kj::UnixEventPort& events)
    : processId(forkChild(options)),
      pidfd(openPidfd(processId)),
      observer(events, pidfd, kj::UnixEventPort::FdObserver::OBSERVE_READ) {}

// The kernel may take its time to end a killed process; nobody's loop waits for that.
ChildProcess::~ChildProcess() noexcept(false) {
  if (reaped) return;
  signal(SIGKILL);
  if (reap() != nullptr) return;
  std::thread([child = processId]() {
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }).detach();
}

kj::Maybe<std::string> ChildProcess::reap() {
  siginfo_t info = {};
  int result;
  do {
    result = waitid(waitByPidfd, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG);
  } while (result < 0 && errno == EINTR);
  if (result < 0) {
    reaped = true;
    return std::string("lost: somebody else took its exit status");
  }
  if (info.si_pid == 0) return nullptr;
  reaped = true;
  return describeExit(info.si_code, info.si_status);
}

kj::Promise<std::string> ChildProcess::whenEnded() {
  KJ_IF_MAYBE (text, reap()) {
    return kj::mv(*text);
  }
  return observer.whenBecomesReadable().then([this]() { return whenEnded(); });
}

void ChildProcess::signal(int number) {
  if (!reaped) syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0);
}

uint64_t ChildProcess::residentBytes() const {
  if (reaped) return 0;
  std::string path = "/proc/" + std::to_string(processId) + "/statm";
  FILE* file = fopen(path.c_str(), "re");
  if (file == nullptr) return 0;
  unsigned long long total = 0, resident = 0;
  int fields = fscanf(file, "%llu %llu", &total, &resident);
  fclose(file);
  return fields == 2 ? resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace maitred::host
