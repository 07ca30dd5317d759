#include "runner.h"

#include "sandbox.h"

#include <kj/debug.h>

namespace maitred::sim {
namespace {

backend::ServerOptions optionsFor(std::string cluster, uint64_t life = 1) {
  backend::ServerOptions options;
  options.firstEpoch = life;
  options.kind = "sim";
  options.cluster = std::move(cluster);
  using backend::Feature;
  options.features = {Feature::PLACE_ON_NODE,  Feature::PLACE_ANYWHERE, Feature::DEFINITE_RECONCILE,
                      Feature::SEEKABLE_FILES, Feature::SIGNALS,        Feature::SECRET_FILES,
                      Feature::PROGRESS};
  return options;
}

}  // namespace

SimRunner::SimRunner(Settings settings, std::string clusterName, kj::Timer& timer,
                     const kj::Clock& clock)
    : timer(timer),
      startedAt(timer.now()),
      startedWall((clock.now() - kj::UNIX_EPOCH) / kj::NANOSECONDS),
      own(std::make_unique<Cluster>(settings, startedWall)),
      cluster(*own),
      core(*this, optionsFor(std::move(clusterName)), timer, clock),
      tasks(*this) {
  for (auto& node : settings.nodes) core.setNode(node);
  setPools(settings);
  core.synced();
  wake();
}

SimRunner::SimRunner(Cluster& world, std::string clusterName, uint64_t life, kj::Timer& timer,
                     const kj::Clock& clock)
    : timer(timer),
      startedAt(timer.now()),
      startedWall((clock.now() - kj::UNIX_EPOCH) / kj::NANOSECONDS),
      cluster(world),
      core(*this, optionsFor(std::move(clusterName), life), timer, clock),
      tasks(*this) {
  for (auto& node : cluster.present()) core.setNode(node);
  cluster.each([&](const TaskKey& key, const Status& truth, const Plan& plan) {
    core.adopt(key, {truth, plan.resources, plan.ports, plan.digestHex, plan.killGraceMs});
  });
  core.synced();
  advance();
}

int64_t SimRunner::now() const {
  return startedWall + (timer.now() - startedAt) / kj::NANOSECONDS;
}

void SimRunner::setPools(const Settings& settings) {
  std::map<std::string, uint32_t> pools;
  for (auto& node : settings.nodes) ++pools[node.pool];
  for (auto& [name, size] : pools) core.setPool({name, size * 100, {}, ""});
}

void SimRunner::advance() {
  tell(cluster.advance(now()));
  wake();
}

void SimRunner::change(Settings next) {
  setPools(next);
  tell(cluster.change(now(), std::move(next)));
  wake();
}

void SimRunner::tell(std::vector<Event> events) {
  for (auto& event : events) {
    if (auto* told = std::get_if<StatusTold>(&event)) {
      core.report(told->key, std::move(told->status));
    } else {
      auto& node = std::get<NodeTold>(event);
      node.gone ? core.removeNode(node.facts.id) : core.setNode(node.facts);
    }
  }
}

// One alarm, for the next thing that happens.
void SimRunner::wake() {
  auto next = cluster.next();
  if (!next || (alarmAt && *alarmAt <= *next)) return;
  alarmAt = next;
  auto delay = std::max<int64_t>(*next - now(), 0) * kj::NANOSECONDS;
  // A former, later alarm finds that it is not its turn.
  tasks.add(timer.afterDelay(delay).then([this, mine = *next]() {
    if (alarmAt != mine) return;
    alarmAt.reset();
    advance();
  }));
}

void SimRunner::taskFailed(kj::Exception&& exception) {
  KJ_LOG(ERROR, "sim: ", exception);
}

void SimRunner::script(const ScriptLine& line) {
  cluster.script(now(), line);
  wake();
}

kj::Promise<std::vector<std::optional<Rejection>>> SimRunner::launch(
    std::vector<backend::LaunchOrder> orders) {
  std::vector<std::optional<Rejection>> answers;
  for (auto& order : orders) {
    auto plan = planOf(*order.spec);
    plan.resources = backend::read(order.spec->getResources());
    plan.ports = order.ports;
    plan.digestHex = order.digestHex;
    plan.killGraceMs = order.spec->getKillGraceMs();
    auto* node = core.node(order.nodeId);
    for (auto& port : order.ports) {
      plan.endpoints.push_back({port.name, node == nullptr ? "" : node->hostname, port.port});
    }
    answers.push_back(cluster.launch(now(), order.key, order.nodeId, std::move(plan)));
    if (!answers.back()) specs[order.key] = kj::mv(order.spec);
  }
  wake();
  return answers;
}

void SimRunner::kill(backend::KillOrder order) {
  cluster.kill(now(), order.key, order.graceMs, order.preempted);
  wake();
}

kj::Promise<void> SimRunner::signal(const TaskKey& key, uint8_t number) {
  bool done = cluster.signal(now(), key, number);
  wake();
  KJ_REQUIRE(done, "the task is not running", key.taskId.c_str());
  return kj::READY_NOW;
}

void SimRunner::recorded(const TaskKey& key, const Status& status) {
  if (!isTerminal(status.state)) return;
  cluster.recorded(now(), key);
  specs.erase(key);
}

kj::Promise<std::vector<backend::Finding>> SimRunner::reconcile(std::vector<TaskKey> keys,
                                                                kj::Duration) {
  for (auto& key : keys) cluster.refresh(now(), key);
  advance();
  return std::vector<backend::Finding>(keys.size());
}

kj::Promise<backend::Sandbox::Client> SimRunner::sandbox(const TaskKey& key) {
  auto spec = specs.find(key);
  KJ_REQUIRE(spec != specs.end(), "the sandbox of this task is gone", key.taskId.c_str());
  return makeSandbox(*spec->second);
}

kj::Promise<std::vector<backend::ExplanationLine>> SimRunner::explain(const TaskKey& key) {
  std::vector<backend::ExplanationLine> lines;
  for (auto& [at, what] : cluster.history(key)) {
    lines.push_back({at, "sim", what, "the task became " + what, 1});
  }
  return lines;
}

}  // namespace maitred::sim
