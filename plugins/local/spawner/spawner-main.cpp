#include "wire.h"

#include "shim/control.h"
#include "shim/posix.h"
#include "shim/shim.h"

#include <capnp/serialize.h>
#include <kj/io.h>

#include <cerrno>
#include <csignal>
#include <unordered_map>

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace maitred::local {

namespace {

class SpawnerProcess {
 public:
  SpawnerProcess(int socket, int signals) : socket(socket), signals(signals) {}

  // Until the plugin is gone. Shims stay and need nobody.
  void run() {
    for (;;) {
      pollfd wanted[2] = {{socket, POLLIN, 0}, {signals, POLLIN, 0}};
      if (poll(wanted, 2, -1) < 0 && errno != EINTR) return;
      if (wanted[1].revents != 0) reap();
      if (wanted[0].revents != 0 && !readOrder()) return;
    }
  }

 private:
  bool readAll(void* into, size_t size) {
    auto* at = static_cast<char*>(into);
    while (size > 0) {
      ssize_t n = recv(socket, at, size, 0);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      at += n;
      size -= size_t(n);
    }
    return true;
  }

  void report(SpawnerReport::Kind kind, int32_t value, uint64_t token) {
    SpawnerReport message{kind, value, token};
    while (send(socket, &message, sizeof(message), MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
  }

  bool readOrder() {
    SpawnerOrder order;
    if (!readAll(&order, sizeof(order))) return false;
    auto words = kj::heapArray<capnp::word>(order.bytes / sizeof(capnp::word));
    if (!readAll(words.begin(), words.asBytes().size())) return false;
    if (order.kind == SpawnerOrder::launch) {
      start(order.token, words);
    } else {
      deliver(order);
    }
    return true;
  }

  void start(uint64_t token, kj::ArrayPtr<const capnp::word> words) {
    pid_t pid = fork();
    if (pid == 0) {
      close(socket);
      close(signals);
      // The message came from our own plugin: no limit but its size.
      capnp::FlatArrayMessageReader reader(words, {UINT64_MAX / 8, 64});
      runShim(reader.getRoot<Launch>());
    }
    if (pid < 0) return report(SpawnerReport::failed, errno, token);
    shims[token] = pid;
    tokens[pid] = token;
  }

  // Only to children that were not reaped yet: such a pid cannot have been given to another
  // process.
  void deliver(const SpawnerOrder& order) {
    auto shim = shims.find(order.token);
    if (shim != shims.end()) sigqueue(shim->second, order.number, {.sival_int = order.value});
  }

  void reap() {
    signalfd_siginfo ignored;
    while (read(signals, &ignored, sizeof(ignored)) > 0) {
    }
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      auto token = tokens.find(pid);
      if (token == tokens.end()) continue;
      int value = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      report(SpawnerReport::gone, value, token->second);
      shims.erase(token->second);
      tokens.erase(token);
    }
  }

  int socket, signals;
  std::unordered_map<uint64_t, pid_t> shims;
  std::unordered_map<pid_t, uint64_t> tokens;
};

}  // namespace

void spawnerMain(int socket, int starting) {
  // Nothing of the host's may stay open here or in a shim: listeners, stores with locks, the log's
  // pipe. First out of the way of the numbers that the two are to have.
  int high = fcntl(socket, F_DUPFD, 10);
  int lock = fcntl(starting, F_DUPFD, 10);
  if (dup2(high, 3) < 0 || dup2(lock, STARTING_FD) < 0) _exit(1);
  close_range(STARTING_FD + 1, ~0U, 0);
  int null = open("/dev/null", O_RDWR);
  if (null < 0) _exit(1);
  for (int fd : {0, 1, 2}) dup2(null, fd);
  close(null);
  setsid();  // a terminal's Ctrl-C is for the host
  prctl(PR_SET_NAME, "maitred-spawn");
  prctl(PR_SET_PDEATHSIG, 0);
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t mask;
  sigemptyset(&mask);
  // The shims' own ones too: a shim must not die of an order that comes before it listens.
  for (int number :
       {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGPIPE, shimKill(), shimPreempt(), shimSignal()}) {
    sigaddset(&mask, number);
  }
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  int signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  int code = 0;
  if (kj::runCatchingExceptions([&]() { SpawnerProcess(3, signals).run(); }) != nullptr) code = 1;
  _exit(code);
}

}  // namespace maitred::local
