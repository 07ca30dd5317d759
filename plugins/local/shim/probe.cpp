#include "probe.h"

#include "command.h"
#include "posix.h"

#include <csignal>
#include <cstdlib>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace maitred::local {

namespace {

constexpr int64_t INTERVAL_DEFAULT_MS = 10'000;
constexpr int64_t TIMEOUT_DEFAULT_MS = 5'000;

int connectTo(Probe::Reader probe) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(probe.getPort());
  if (inet_pton(AF_INET, probe.getHost().cStr(), &address.sin_addr) != 1) return -1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0)
    return fd;
  return -1;
}

// Healthy is a status from 200 to 399, as Kubernetes has it.
bool httpAnswers(Probe::Reader probe) {
  int fd = connectTo(probe);
  if (fd < 0) return false;
  std::string request = "GET " + std::string(probe.getTarget().cStr()) +
                        " HTTP/1.1\r\nHost: " + probe.getHost().cStr() + ":" +
                        std::to_string(probe.getPort()) +
                        "\r\nUser-Agent: maitred-probe\r\nConnection: close\r\n\r\n";
  if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) != ssize_t(request.size()))
    return false;
  char answer[13];  // "HTTP/1.1 200 "
  if (recv(fd, answer, sizeof(answer), MSG_WAITALL) != ssize_t(sizeof(answer))) return false;
  return memcmp(answer, "HTTP/1.", 7) == 0 && (answer[9] == '2' || answer[9] == '3');
}

[[noreturn]] void check(Launch::Reader launch, const Folders& folders) {
  auto probe = launch.getProbe();
  if (probe.getKind() == Probe::Kind::COMMAND) becomeProbeCommand(launch, folders);
  bool good = probe.getKind() == Probe::Kind::HTTP ? httpAnswers(probe) : connectTo(probe) >= 0;
  _exit(good ? 0 : 1);
}

}  // namespace

Prober::Prober(Launch::Reader launch, const Folders& folders, int64_t startedMs)
    : launch(launch),
      folders(folders),
      probe(launch.getProbe()),
      graceEnd(startedMs + probe.getGraceMs()),
      interval(probe.getIntervalMs() > 0 ? probe.getIntervalMs() : INTERVAL_DEFAULT_MS),
      timeout(probe.getTimeoutMs() > 0 ? probe.getTimeoutMs() : TIMEOUT_DEFAULT_MS) {
  next = startedMs + std::min<int64_t>(interval, 1000);
}

std::optional<int64_t> Prober::dueAt() const {
  if (probe.getKind() == Probe::Kind::NONE || tooOften) return std::nullopt;
  return next;
}

void Prober::tick(int64_t nowMs) {
  if (!dueAt() || nowMs < next) return;
  if (running != 0) {
    // The group first: a command may have children. The end comes by childEnded().
    kill(-running, SIGKILL);
    kill(running, SIGKILL);
    next = nowMs + interval;
    return;
  }
  pid_t pid = fork();
  if (pid == 0) check(launch, folders);
  running = pid > 0 ? pid : 0;
  next = nowMs + (running != 0 ? timeout : interval);
}

bool Prober::childEnded(pid_t pid, int waitStatus, int64_t nowMs) {
  if (pid != running || running == 0) return false;
  running = 0;
  next = nowMs + interval;
  auto before = current;
  if (WIFEXITED(waitStatus) && WEXITSTATUS(waitStatus) == 0) {
    failures = 0;
    wasHealthy = true;
    current = backend::Health::HEALTHY;
  } else if (nowMs >= graceEnd || wasHealthy) {
    ++failures;
    current = backend::Health::UNHEALTHY;
    tooOften = probe.getFailuresMax() > 0 && failures >= probe.getFailuresMax();
  }
  return current != before;
}

}  // namespace maitred::local
