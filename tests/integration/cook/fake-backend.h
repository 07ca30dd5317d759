#pragma once
// A backend in the test's own process. A task's command says what becomes of it: `exit N` ends at
// once with that code, `hold` runs until it is told, `refuse` is refused at the launch, `late` is
// refused after it.

#include <maitred/backend/server.h>

#include <kj/async-io.h>

namespace maitred::cook {

class FakeBackend final : public backend::TaskRunner {
 public:
  FakeBackend(kj::AsyncIoContext& io, uint64_t cpuMillis)
      : server(*this, options(), io.provider->getTimer(), kj::systemPreciseCalendarClock()) {
    backend::NodeFacts node;
    node.id = "n1";
    node.hostname = "host1";
    node.pool = "default";
    node.capacity.cpuMillis = cpuMillis;
    node.capacity.memoryBytes = uint64_t{1} << 40;
    server.setNode(node);
    server.synced();
  }

  backend::Backend::Client client() { return server.client(); }

  // Ends a task that holds.
  void end(const std::string& id, int code) { report(id, exited(code)); }

  std::vector<std::string> launched;            // ids, in order
  std::map<std::string, std::string> commands;  // by id
  std::map<std::string, std::string> users;
  std::map<std::string, std::map<std::string, std::string>> environments;
  std::vector<std::string> killed;
  int refusals = 0;
  bool deaf = false;  // tasks go on although they are told to end

 private:
  std::map<std::string, backend::TaskKey> keys;
  backend::Server server;

  static backend::ServerOptions options() {
    backend::ServerOptions options;
    options.kind = "fake";
    options.cluster = "fake";
    options.features = {backend::Feature::PLACE_ON_NODE};
    return options;
  }
  static backend::Status exited(int code) {
    backend::Status status;
    status.state = code == 0 ? backend::TaskState::SUCCEEDED : backend::TaskState::FAILED;
    status.reason = backend::Reason::EXITED;
    status.exitCode = code;
    status.commandStarted = true;
    return status;
  }
  void report(const std::string& id, backend::Status status) { server.report(keys.at(id), status); }

  std::optional<backend::Rejection> take(backend::LaunchOrder& order) {
    const std::string& id = order.key.taskId;
    std::string command = order.spec->getCommand().getShell().cStr();
    if (command == "refuse" && refusals++ < 2) {
      return backend::Rejection{backend::RefusalReason::NO_ROOM, "not today", 0};
    }
    if (command == "impossible") {
      return backend::Rejection{backend::RefusalReason::UNSUPPORTED, "cannot do that", 0};
    }
    launched.push_back(id);
    keys[id] = order.key;
    commands[id] = command;
    users[id] = order.spec->getUser().cStr();
    for (auto variable : order.spec->getEnvironment()) {
      environments[id][variable.getName().cStr()] = variable.getValue().cStr();
    }
    return std::nullopt;
  }

  kj::Promise<std::vector<std::optional<backend::Rejection>>> launch(
      std::vector<backend::LaunchOrder> orders) override {
    std::vector<std::optional<backend::Rejection>> answers;
    for (auto& order : orders) answers.push_back(take(order));
    for (std::size_t i = 0; i < orders.size(); ++i) {
      if (answers[i]) continue;
      const std::string& id = orders[i].key.taskId;
      if (commands[id] == "late" && refusals++ < 2) {
        backend::Status never;
        never.state = backend::TaskState::NOT_STARTED;
        never.reason = backend::Reason::NO_ROOM;
        report(id, never);
        continue;
      }
      backend::Status running;
      running.state = backend::TaskState::RUNNING;
      running.commandStarted = true;
      running.sandboxPath = "/sandbox/" + id;
      report(id, running);
      if (commands[id].starts_with("exit ")) report(id, exited(std::stoi(commands[id].substr(5))));
      if (commands[id] == "late" || commands[id] == "refuse") report(id, exited(0));
    }
    return kj::mv(answers);
  }

  void kill(backend::KillOrder order) override {
    killed.push_back(order.key.taskId);
    if (deaf) return;
    backend::Status status;
    status.state = backend::TaskState::KILLED;
    status.reason = backend::Reason::KILLED_BY_CONSUMER;
    status.exitSignal = 15;
    server.report(order.key, status);
  }
  kj::Promise<void> signal(const backend::TaskKey&, uint8_t) override { return kj::READY_NOW; }
  void recorded(const backend::TaskKey&, const backend::Status&) override {}
};

}  // namespace maitred::cook
