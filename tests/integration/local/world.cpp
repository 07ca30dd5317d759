#include "world.h"

#include <kj/debug.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace maitred::local::test {

namespace {

class Recorder final : public backend::Observer::Server {
 public:
  explicit Recorder(World& world) : world(world) {}

  kj::Promise<void> apply(ApplyContext context) override {
    auto batch = context.getParams().getBatch();
    for (auto change : batch.getNodes()) {
      if (change.isFull()) note(change.getFull().getRoom());
      if (change.isRoom()) note(change.getRoom());
      if (change.isGone()) world.room.erase(change.getGone().cStr());
    }
    bool end = false;
    for (auto status : batch.getTasks()) {
      end = end || backend::isTerminal(status.getState());
      world.told[status.getTaskId().cStr()].push_back(backend::read(status));
    }
    if (end && !world.acknowledge) return kj::NEVER_DONE;
    auto resume = context.getResults().initResume();
    resume.setDurable(batch.getCursor());
    resume.setWindow(8);
    return kj::READY_NOW;
  }

 private:
  void note(backend::Room::Reader room) {
    world.room[room.getNodeId().cStr()] = room.getAvailable().getMemoryBytes();
  }
  World& world;
};

}  // namespace

TempFolder::TempFolder() {
  const char* base = getenv("TMPDIR");
  path = std::string(base != nullptr ? base : "/tmp") + "/maitred-local-XXXXXX";
  KJ_REQUIRE(mkdtemp(path.data()) != nullptr, "cannot make a temporary folder");
  chmod(path.c_str(), 0755);  // other accounts' tasks run in it
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool processLives(pid_t pid) {
  auto stat = contents("/proc/" + std::to_string(pid) + "/stat");
  auto at = stat.rfind(") ");
  return at != std::string::npos && stat[at + 2] != 'Z';
}

uint16_t quietPorts(uint16_t count) {
  auto free = [](uint16_t port) {
    kj::AutoCloseFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  };
  uint16_t found = 0;
  for (uint16_t port = uint16_t(20000 + getpid() % 9000); port < 32000; ++port) {
    found = free(port) ? uint16_t(found + 1) : 0;
    if (found == count) return uint16_t(port + 1 - count);
  }
  KJ_FAIL_REQUIRE("no free ports");
}

Settings settingsFor(const std::string& workFolder) {
  Settings settings;
  settings.workFolder = workFolder;
  settings.runAs.kind = RunAs::Kind::host;
  settings.runAs.allowRoot = true;
  NodeSettings node;
  node.address = "127.0.0.1";
  node.facts.id = node.facts.hostname = "n1";
  node.facts.pool = "default";
  node.facts.capacity.cpuMillis = 8000;
  node.facts.capacity.memoryBytes = uint64_t(8) << 30;
  uint16_t first = quietPorts(100);
  node.facts.capacity.ports = {{first, uint16_t(first + 99)}};
  settings.nodes.push_back(node);
  return settings;
}

World::World(Settings given, const std::string& consumer) : settings(std::move(given)) {
  context = kj::heap<Context>(Surroundings{.instance = "local",
                                           .stateDirectory = settings.workFolder,
                                           .policyPath = {},
                                           .listeners = {},
                                           .lowLevelIo = *io.lowLevelProvider,
                                           .io = *io.provider,
                                           .events = io.unixEventPort,
                                           .sink = [](log::Level level, kj::StringPtr line) {
                                             if (level >= log::Level::warning)
                                               std::cerr << line.cStr() << '\n';
                                           }});
  runner = kj::heap<LocalRunner>(settings, *context);
  runner->start().wait(io.waitScope);
  auto attach = runner->client().attachRequest();
  attach.initConsumer().setName(consumer);
  attach.setObserver(kj::heap<Recorder>(*this));
  session = attach.send().wait(io.waitScope).getSession();
  session.beginRequest().send().wait(io.waitScope);
}

World::~World() noexcept {
  session = nullptr;
  runner = nullptr;
}

std::optional<backend::Rejection> World::launch(const std::string& id, const std::string& shell,
                                                Fill fill) {
  auto request = session.launchRequest();
  request.setEpoch(1);
  auto placement = request.initPlacements(1)[0];
  placement.setTaskId(id);
  auto spec = placement.initSpec();
  spec.setName(id);
  spec.getCommand().setShell(shell);
  spec.initResources().setCpuMillis(100);
  spec.getResources().setMemoryBytes(64 << 20);
  spec.setUser("nobody");
  fill(spec);
  backend::seal(spec);
  placement.getWhere().initAnywhere().setPool("default");
  auto answer = request.send().wait(io.waitScope);
  auto result = answer.getResults()[0];
  if (!result.isRefused()) return std::nullopt;
  auto refused = result.getRefused();
  return backend::Rejection{refused.getReason(), refused.getMessage().cStr(),
                            refused.getRetryAfterMs()};
}

void World::kill(const std::string& id, uint32_t graceMs, bool preempted) {
  auto request = session.killRequest();
  auto kill = request.initKills(1)[0];
  kill.setTaskId(id);
  kill.setGraceMs(graceMs);
  kill.setPreempted(preempted);
  request.send().wait(io.waitScope);
}

kj::Promise<void> World::signal(const std::string& id, uint8_t number) {
  auto request = session.signalRequest();
  request.setTaskId(id);
  request.setNumber(number);
  return request.send().ignoreResult();
}

void World::waitUntil(const std::function<bool()>& condition, const char* what, int seconds) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!condition()) {
    KJ_REQUIRE(std::chrono::steady_clock::now() < deadline, "waited too long", what);
    io.provider->getTimer().afterDelay(2 * kj::MILLISECONDS).wait(io.waitScope);
  }
}

backend::Status World::waitFor(const std::string& id, backend::TaskState state, int seconds) {
  const backend::Status* found = nullptr;
  waitUntil(
      [&]() {
        for (auto& status : told[id]) {
          if (status.state == state || backend::isTerminal(status.state)) found = &status;
        }
        return found != nullptr;
      },
      "a status of the task", seconds);
  return *found;
}

backend::Status World::end(const std::string& id, int seconds) {
  return waitFor(id, backend::TaskState::UNSPECIFIED, seconds);
}

std::string World::sandboxOf(const std::string& id) {
  return settings.workFolder + "/tasks/queue/" + id + "/sandbox";
}

std::string World::output(const std::string& id, const char* file) {
  return contents(sandboxOf(id) + "/" + file);
}

}  // namespace maitred::local::test
