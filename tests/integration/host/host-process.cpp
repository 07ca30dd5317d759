#include "host-process.h"

#include <gtest/gtest.h>
#include <kj/debug.h>
#include <signal.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

namespace maitred::host::test {

using Clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(20);

namespace {
kj::AsyncIoContext& sharedLoop() {
  static kj::AsyncIoContext* loop = new kj::AsyncIoContext(kj::setupAsyncIo());
  return *loop;
}
}  // namespace

HostProcess::HostProcess(std::string isolation)
    : isolation(std::move(isolation)), io(sharedLoop()) {}

HostProcess::~HostProcess() noexcept {
  if (process > 0) {
    signal(SIGKILL);
    join();
  }
}

void HostProcess::write(const std::vector<InstanceText>& instances) {
  std::ostringstream text;
  text << "host:\n  state: ./state\n  http: { listen: \"\" }\n  isolation: " << isolation
       << "\n  drain_timeout: " << drainTimeout << "\n  worker: { " << worker << " }\n  edge: { "
       << edge << " }\n  plugin_path: [" << dir.path() << ", " << getenv("MAITRED_BINARY_DIR")
       << "/lib/maitred-test]\nplugins:\n";
  for (const auto& instance : instances) {
    text << "  - name: " << instance.name << "\n    library: " << instance.library << "\n"
         << instance.rest;
  }
  std::ofstream(dir.path() + "/maitred.yaml") << text.str();
}

void HostProcess::spawn() {
  std::string program = std::string(getenv("MAITRED_BINARY_DIR")) + "/bin/test-host";
  std::string config = dir.path() + "/maitred.yaml", log = dir.path() + "/output";
  process = fork();
  KJ_REQUIRE(process >= 0);
  if (process == 0) {
    int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    if (isolation == "inline") setenv("MAITRED_TRIAL_INLINE", "1", 1);
    ::signal(SIGPIPE, SIG_DFL);
    execl(program.c_str(), program.c_str(), config.c_str(), nullptr);
    _exit(127);
  }
}

bool HostProcess::tryConnect() {
  std::string path = dir.path() + "/state/admin.sock";
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0) {
    close(fd);
    return false;
  }
  connection = io.lowLevelProvider->wrapSocketFd(fd, kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP);
  rpc = kj::heap<capnp::TwoPartyClient>(*connection);
  client = rpc->bootstrap().castAs<admin::Admin>();
  return true;
}

void HostProcess::start() {
  spawn();
  eventually("the admin socket answers", [&]() { return tryConnect(); });
}

void HostProcess::startAndSettle() {
  start();
  eventually("all instances are active", [&]() {
    auto status = this->status();
    auto instances = status.getStatus().getInstances();
    for (auto instance : instances) {
      if (instance.getState() != admin::InstanceState::ACTIVE) return false;
    }
    return instances.size() > 0;
  });
}

int HostProcess::runToEnd() {
  spawn();
  return join();
}

void HostProcess::eventually(const std::string& what, std::function<bool()> condition) {
  for (auto end = Clock::now() + patience; Clock::now() < end;) {
    if (condition()) return;
    timer().afterDelay(20 * kj::MILLISECONDS).wait(io.waitScope);
  }
  ADD_FAILURE() << "in vain waited for: " << what << "\n" << output();
  KJ_FAIL_REQUIRE("timeout", what);
}

void HostProcess::eventuallyActive(const std::string& instance) {
  eventually(instance + " is active",
             [&]() { return state(instance) == admin::InstanceState::ACTIVE; });
}

std::string HostProcess::ask(const std::string& instance, const std::string& name,
                             const std::string& input) {
  auto request = client->askRequest();
  request.setInstance(instance);
  request.setName(name);
  request.setInput(input);
  std::string answer;
  KJ_IF_MAYBE (e, kj::runCatchingExceptions(
                      [&]() { answer = request.send().wait(io.waitScope).getOutput().cStr(); })) {
    return kj::str(e->getType(), ": ", e->getDescription()).cStr();
  }
  return answer;
}

capnp::Response<admin::Admin::StatusResults> HostProcess::status() {
  return client->statusRequest().send().wait(io.waitScope);
}

namespace {
admin::InstanceStatus::Reader find(admin::HostStatus::Reader status, const std::string& name) {
  for (auto instance : status.getInstances()) {
    if (instance.getName() == name.c_str()) return instance;
  }
  KJ_FAIL_REQUIRE("no such instance", name);
}
}  // namespace

admin::InstanceState HostProcess::state(const std::string& instance) {
  return find(status().getStatus(), instance).getState();
}
std::string HostProcess::lastFailure(const std::string& instance) {
  auto answer = status();
  return find(answer.getStatus(), instance).getLastFailure().cStr();
}
std::vector<std::string> HostProcess::postMortem(const std::string& instance) {
  auto answer = status();
  std::vector<std::string> lines;
  for (auto line : find(answer.getStatus(), instance).getLastLog()) lines.push_back(line.cStr());
  return lines;
}
uint32_t HostProcess::pidOf(const std::string& instance) {
  return find(status().getStatus(), instance).getPid();
}
uint32_t HostProcess::restarts(const std::string& instance) {
  return find(status().getStatus(), instance).getRestarts();
}
std::string HostProcess::address(const std::string& instance, const std::string& listener) {
  auto answer = status();
  for (auto each : find(answer.getStatus(), instance).getListeners()) {
    if (each.getName() == listener.c_str()) return each.getAddress().cStr();
  }
  return "";
}

capnp::Response<admin::Admin::ReloadResults> HostProcess::reload() {
  return client->reloadRequest().send().wait(io.waitScope);
}

std::string HostProcess::output() const {
  std::ifstream file(dir.path() + "/output");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void HostProcess::signal(int number) {
  kill(process, number);
}

int HostProcess::join() {
  int status = 0;
  for (auto end = Clock::now() + patience; Clock::now() < end;) {
    pid_t got = waitpid(process, &status, WNOHANG);
    if (got == process) {
      process = 0;
      return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ADD_FAILURE() << "the host did not end\n" << output();
  kill(process, SIGKILL);
  waitpid(process, &status, 0);
  process = 0;
  return -SIGKILL;
}

std::string HostProcess::readFrom(const std::string& address) {
  auto target = io.provider->getNetwork().parseAddress(address.c_str()).wait(io.waitScope);
  auto stream = target->connect().wait(io.waitScope);
  return stream->readAllText().wait(io.waitScope).cStr();
}

bool processExists(pid_t pid) {
  return kill(pid, 0) == 0;
}

}  // namespace maitred::host::test
