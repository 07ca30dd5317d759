#include "shim.h"

#include "command.h"
#include "control.h"
#include "core/ending.h"
#include "disk-watch.h"
#include "family.h"
#include "fetch.h"
#include "limit-kind.h"
#include "posix.h"
#include "probe.h"
#include "progress-watch.h"
#include "record-files.h"
#include "start-failure.h"

#include <kj/function.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace maitred::local {

namespace {

constexpr int64_t WATCH_INTERVAL_MS = 250;
constexpr int64_t RETRY_MS = 100;
constexpr int64_t PROGRESS_RETRY_MS = 1000;
// A command that ends sooner is told of once, by its end, which says when it began.
constexpr int64_t STARTED_TELL_MS = 20;
constexpr int64_t CLEAN_UP_MS = 10'000;
constexpr int64_t WRITE_ATTEMPTS = 600;  // one a second: a full disk may be mended

class Shim {
 public:
  explicit Shim(Launch::Reader launch)
      : launch(launch),
        limits(launch.getLimits()),
        kind(kindOf(limits.getKind())),
        cgroup(kind, limits.getMemoryFolder().cStr(), limits.getCpuFolder().cStr()) {}

  int run();

 private:
  void becomeShim();
  void prepare();
  void writeRecord(int64_t startedAt);
  void fetch();
  void supervise();  // until `current` has ended
  int64_t nextWakeUp();
  void readSignals();
  void checkTimers();
  void obey(const signalfd_siginfo& order);
  void stop(StopCause why, int64_t graceMs);
  bool reap();  // true once `current` is over; it is left a zombie, so that its group stays ours
  kj::Array<capnp::word> event(kj::Function<void(ShimEvent::Builder)> fill);
  void tell(kj::Function<void(ShimEvent::Builder)> fill);
  void tellStarted();  // unless it was told
  void tellProgress(int64_t nowMs);
  void tellAlive(int64_t nowMs);
  void sendPending(bool wait);
  int finish();

  Launch::Reader launch;
  Limits::Reader limits;
  LimitKind kind;
  Cgroup cgroup;
  Folders folders;
  kj::AutoCloseFd signals, events;
  EndFacts facts;
  int64_t startedAt = 0;  // unix ns
  pid_t current = 0;      // the fetcher, then the task's main process
  kj::Maybe<kj::Own<Prober>> prober;
  std::optional<DiskWatch> disk;
  std::optional<ProgressWatch> progress;
  std::optional<int64_t> killAt, runEnd, watchAt, retryAt, tellAt, beatAt;  // steady ms
  kj::Array<capnp::word> pending;  // event that did not go out yet
};

void Shim::becomeShim() {
  prctl(PR_SET_NAME, "maitred-shim");
  setpgid(0, 0);  // the session is the spawner's, which has no terminal
  becomeReaper();
  umask(022);
  sigset_t all;
  sigfillset(&all);
  // Blocked, not ignored: what is ignored stays so in every program that the task starts.
  sigprocmask(SIG_BLOCK, &all, nullptr);
  sigset_t wanted;
  sigemptyset(&wanted);
  for (int number : {SIGCHLD, shimKill(), shimPreempt(), shimSignal()}) sigaddset(&wanted, number);
  signals = kj::AutoCloseFd(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  events = kj::AutoCloseFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

void Shim::writeRecord(int64_t at) {
  startedAt = at;
  capnp::MallocMessageBuilder message;
  message.setRoot(launch.getRecord());
  auto record = message.getRoot<Record>();
  record.setStartedAt(at);
  record.setShimPid(getpid());
  record.setShimStart(processStart(getpid()).value_or(0));
  if (!writeMessage(folders.task, RECORD, message)) {
    throw StartFailure{backend::Reason::SANDBOX_FAILED,
                       errnoText("cannot write the record", errno)};
  }
}

void Shim::prepare() {
  folders = makeTaskFolder(launch);
  writeRecord(launch.getUris().size() == 0 ? unixNow() : 0);
  close(STARTING_FD);
  makeSandbox(launch, folders);
  if (launch.getUris().size() > 0) fetch();
  std::string fault =
      cgroup.create({limits.getMemoryBytes(), limits.getCpuMillis(), limits.getCpuQuota()});
  if (!fault.empty()) throw StartFailure{backend::Reason::INFRASTRUCTURE, fault};
}

void Shim::fetch() {
  int pipeEnds[2];
  if (pipe2(pipeEnds, O_CLOEXEC) != 0) {
    throw StartFailure{backend::Reason::INFRASTRUCTURE, errnoText("cannot make a pipe", errno)};
  }
  kj::AutoCloseFd readEnd(pipeEnds[0]);
  kj::AutoCloseFd writeEnd(pipeEnds[1]);
  current = fork();
  if (current == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    std::string fault;
    if (!becomeAccount(launch.getAccount()) || fchdir(folders.sandbox) != 0) {
      fault = errnoText("cannot enter the sandbox as the task's account", errno);
    }
    cleanChild(3, writeEnd);
    if (fault.empty()) fault = fetchUris(launch.getUris(), launch.getFetch());
    _exit(fault.empty() ? 0
                        : write(writeEnd, fault.data(), std::min<size_t>(fault.size(), 2000)) > 0);
  }
  writeEnd = nullptr;
  runEnd = steadyMs() + launch.getFetch().getTimeoutMs();
  supervise();
  bool tooSlow = facts.cause == StopCause::ranTooLong;
  killFamily(current, CLEAN_UP_MS);
  current = 0;
  char text[2000];
  ssize_t n = read(readEnd, text, sizeof(text));
  std::string fault(text, n > 0 ? size_t(n) : 0);
  if (tooSlow) {
    facts.cause = StopCause::none;
    fault = "fetching took longer than " + std::to_string(launch.getFetch().getTimeoutMs()) + " ms";
  } else if (fault.empty() && facts.waitStatus != 0) {
    fault = "the fetching process was killed";
  }
  killAt = runEnd = std::nullopt;
  if (facts.cause != StopCause::none) throw StartFailure{backend::Reason::UNSPECIFIED, ""};
  if (!fault.empty()) throw StartFailure{backend::Reason::FETCH_FAILED, fault};
  writeRecord(unixNow());
}

kj::Array<capnp::word> Shim::event(kj::Function<void(ShimEvent::Builder)> fill) {
  capnp::MallocMessageBuilder message;
  auto event = message.initRoot<ShimEvent>();
  event.setConsumer(launch.getRecord().getConsumer());
  event.setTaskId(launch.getRecord().getTaskId());
  event.setShimPid(getpid());
  fill(event);
  return capnp::messageToFlatArray(message);
}

void Shim::tell(kj::Function<void(ShimEvent::Builder)> fill) {
  pending = event(kj::mv(fill));
  sendPending(false);
}

void Shim::tellStarted() {
  if (!tellAt) return;
  tellAt = std::nullopt;
  tell([&](ShimEvent::Builder event) { event.setStarted(startedAt); });
}

// A report that cannot be sent at once waits: unlike all else it is worth something to whoever
// listens later, and is written down only at the end.
void Shim::tellProgress(int64_t nowMs) {
  tellStarted();
  auto words = event([&](ShimEvent::Builder its) { progress->write(its.initProgress()); });
  if (pending.size() == 0 && sendEvent(events, folders.work, words.asBytes())) {
    progress->told(nowMs);
  } else {
    progress->later(nowMs + PROGRESS_RETRY_MS);
  }
}

void Shim::tellAlive(int64_t nowMs) {
  beatAt = nowMs + launch.getBeatMs();
  auto words = event([&](ShimEvent::Builder its) { its.setAlive(); });
  // One that is lost is made up for by the next.
  if (pending.size() == 0) sendEvent(events, folders.work, words.asBytes());
}

// A full queue is waited for only at the end, when there is nothing left to watch over.
void Shim::sendPending(bool wait) {
  retryAt = std::nullopt;
  if (pending.size() == 0) return;
  for (int i = 0; !sendEvent(events, folders.work, pending.asBytes()); ++i) {
    bool full = errno == EAGAIN || errno == ENOBUFS;
    if (!full) break;  // nobody listens: whoever comes next reads the files
    if (!wait || i >= 200) {
      retryAt = steadyMs() + RETRY_MS;
      return;
    }
    usleep(5'000);
  }
  pending = nullptr;
}

void Shim::stop(StopCause why, int64_t graceMs) {
  if (facts.cause == StopCause::none) facts.cause = why;
  // The fetcher has nothing to tidy up.
  if (!facts.commandStarted) graceMs = 0;
  int64_t at = steadyMs() + graceMs;
  if (!killAt && graceMs > 0) {
    kill(-current, SIGTERM);
    kill(-current, SIGCONT);
  }
  if (!killAt || at < *killAt) killAt = at;
}

void Shim::obey(const signalfd_siginfo& order) {
  int number = int(order.ssi_signo);
  if (number == shimKill()) stop(StopCause::consumer, order.ssi_int);
  if (number == shimPreempt()) stop(StopCause::preempted, order.ssi_int);
  if (number == shimSignal() && facts.commandStarted && order.ssi_int > 0) {
    kill(current, order.ssi_int);
  }
}

void Shim::readSignals() {
  signalfd_siginfo order;
  while (read(signals, &order, sizeof(order)) == ssize_t(sizeof(order))) {
    // Anybody may send a signal to a process of his own; only an account that is ours commands us.
    bool ours = order.ssi_uid == geteuid() || order.ssi_uid == 0;
    if (order.ssi_signo != SIGCHLD && ours) obey(order);
  }
}

void Shim::checkTimers() {
  int64_t now = steadyMs();
  if (killAt && now >= *killAt) {
    kill(-current, SIGKILL);
    for (pid_t pid : descendants()) kill(pid, SIGKILL);
    killAt = now + RETRY_MS;
  }
  if (runEnd && now >= *runEnd) {
    runEnd = std::nullopt;
    facts.runMaxMs = launch.getRunMaxMs();
    stop(StopCause::ranTooLong, launch.getKillGraceMs());
  }
  if (watchAt && now >= *watchAt) {
    watchAt = now + WATCH_INTERVAL_MS;
    if (privateMemory(descendants()) > limits.getMemoryBytes()) stop(StopCause::outOfMemory, 0);
  }
  if (disk && !killAt && disk->tooMuch(now)) {
    facts.diskUnseen = disk->unseen();
    stop(StopCause::outOfDisk, 0);
  }
  if (retryAt && now >= *retryAt) sendPending(false);
  if (tellAt && now >= *tellAt) tellStarted();
  if (progress && progress->tick(now)) tellProgress(now);
  if (beatAt && now >= *beatAt) tellAlive(now);
  KJ_IF_MAYBE (p, prober) {
    (*p)->tick(now);
    if ((*p)->failedTooOften() && !killAt) {
      stop(StopCause::probeFailed, launch.getKillGraceMs());
    }
  }
}

bool Shim::reap() {
  for (;;) {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return false;
    if (info.si_pid == current) {
      // From siginfo to the form of waitpid(), without reaping.
      facts.waitStatus = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status & 0x7f;
      return true;
    }
    int status = 0;
    waitpid(info.si_pid, &status, 0);
    KJ_IF_MAYBE (p, prober) {
      if ((*p)->childEnded(info.si_pid, status, steadyMs())) {
        tellStarted();
        tell([&](ShimEvent::Builder event) { event.setHealth((*p)->health()); });
      }
    }
  }
}

int64_t Shim::nextWakeUp() {
  std::optional<int64_t> probeAt, diskAt, progressAt;
  KJ_IF_MAYBE (p, prober) probeAt = (*p)->dueAt();
  if (disk && !killAt) diskAt = disk->dueAt();
  if (progress) progressAt = progress->dueAt();
  int64_t next = INT64_MAX;
  for (auto& time : {killAt, runEnd, watchAt, retryAt, tellAt, beatAt, probeAt, diskAt,
                     progressAt}) {
    if (time && *time < next) next = *time;
  }
  if (next == INT64_MAX) return -1;
  return std::clamp<int64_t>(next - steadyMs(), 0, 3'600'000);
}

void Shim::supervise() {
  while (!reap()) {
    checkTimers();  // after reaping: a probe's end may be the reason to stop
    pollfd wanted{signals, POLLIN, 0};
    poll(&wanted, 1, int(nextWakeUp()));
    readSignals();
  }
}

int Shim::run() {
  becomeShim();
  facts.memoryLimit = limits.getMemoryBytes();
  facts.diskLimit = limits.getDiskBytes();
  try {
    prepare();
    current = startCommand(launch, folders, cgroup);
    facts.commandStarted = true;
    tellAt = steadyMs() + STARTED_TELL_MS;
    if (launch.getBeatMs() > 0) beatAt = steadyMs() + launch.getBeatMs();
    if (launch.getRunMaxMs() > 0) runEnd = steadyMs() + int64_t(launch.getRunMaxMs());
    if (kind == LimitKind::watch && limits.getMemoryBytes() > 0) {
      watchAt = steadyMs() + WATCH_INTERVAL_MS;
    }
    disk.emplace(folders.sandbox, limits.getDiskBytes(), steadyMs());
    if (launch.hasProgress()) progress.emplace(launch, folders, steadyMs());
    if (launch.getProbe().getKind() != Probe::Kind::NONE) {
      prober = kj::heap<Prober>(launch, folders, steadyMs());
    }
    supervise();
  } catch (const StartFailure& failure) {
    facts.failure = failure.text;
    facts.failureReason = failure.reason;
  }
  return finish();
}

int Shim::finish() {
  bool clean = cgroup.killAll();
  clean = killFamily(current, CLEAN_UP_MS) && clean;
  if (!clean) facts.note = "some of its processes could not be ended";
  facts.oomKilled = cgroup.oomKills() > 0;

  capnp::MallocMessageBuilder message;
  auto ended = message.initRoot<Ended>();
  writeEnding(endingOf(facts), ended);
  ended.setAt(unixNow());
  ended.setStartedAt(facts.commandStarted ? startedAt : 0);
  ended.setCommandStarted(facts.commandStarted);
  if (progress) {
    progress->finish(steadyMs());
    if (progress->any()) progress->write(ended.initProgress());
  }

  bool written = folders.task != nullptr && writeMessage(folders.task, ENDED, message);
  tell([&](ShimEvent::Builder event) { event.setEnded(ended); });
  sendPending(true);
  bool told = pending.size() == 0;
  // Told is good until the plugin forgets; only the file is good for ever.
  for (int i = 0; !written && folders.task != nullptr && i < WRITE_ATTEMPTS; ++i) {
    usleep(1'000'000);
    written = writeMessage(folders.task, ENDED, message);
  }
  cgroup.remove();
  return told ? 0 : 1;
}

}  // namespace

void runShim(Launch::Reader launch) {
  int code = 1;
  // Nothing may leave a forked child: its caller's frames belong to the spawner.
  kj::runCatchingExceptions([&]() { code = Shim(launch).run(); });
  _exit(code);
}

}  // namespace maitred::local
