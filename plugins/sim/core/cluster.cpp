#include "cluster.h"

namespace maitred::sim {
namespace {

using backend::Reason;
using backend::TaskState;

constexpr int64_t ms = 1'000'000;
constexpr size_t historyMax = 50;
constexpr size_t progressMax = 100;

// Stable across runs and machines, unlike std::hash.
uint64_t hashOf(uint64_t seed, const std::string& text) {
  uint64_t hash = 14695981039346656037ull ^ seed;
  for (unsigned char c : text) hash = (hash ^ c) * 1099511628211ull;
  return hash;
}

}  // namespace

Cluster::Cluster(Settings given, int64_t now) : settings(std::move(given)) {
  for (auto& node : settings.nodes) nodes[node.id] = node;
  for (auto& line : settings.script) script(now, line);
}

uint64_t Cluster::draw(Task& task, Spread spread) {
  auto most = std::max(spread.minMs, spread.maxMs);
  return std::uniform_int_distribution<uint64_t>(spread.minMs, most)(task.chance);
}

std::optional<Rejection> Cluster::launch(int64_t now, const TaskKey& key, const std::string& nodeId,
                                         Plan plan) {
  if (all.contains(key)) return std::nullopt;
  Task task;
  task.nodeId = nodeId;
  task.plan = std::move(plan);
  task.chance.seed(hashOf(settings.seed, key.text()));
  if (dice(task) < settings.faults.launchRefused) {
    return Rejection{backend::RefusalReason::LIMITED, "a simulated refusal", 100};
  }
  bool lateRefusal = dice(task) < settings.faults.lateRefusal;
  bool fails = dice(task) < settings.faults.failure;
  if (!task.plan.exitCode && !task.plan.exitSignal) task.plan.exitCode = fails ? 1 : 0;
  if (!task.plan.runMs) task.plan.runMs = draw(task, settings.runTime);
  auto startsIn = draw(task, settings.startTime);
  auto& placed = all[key] = std::move(task);
  placed.truth.state = TaskState::STARTING;
  placed.truth.at = now;
  placed.truth.nodeId = nodeId;
  placed.truth.hostname = nodes.contains(nodeId) ? nodes[nodeId].hostname : nodeId;
  placed.startsAt = now + int64_t(startsIn) * ms;
  if (lateRefusal || away.contains(nodeId) || !nodes.contains(nodeId)) {
    finish(now, key, placed, TaskState::NOT_STARTED, Reason::STALE_ROOM, "a late refusal");
    return std::nullopt;
  }
  become(now, key, placed);
  at(placed.startsAt, {Due::Kind::start, key, {}, {}, 0});
  return std::nullopt;
}

void Cluster::starts(int64_t now, const TaskKey& key, Task& task) {
  if (task.truth.state != TaskState::STARTING) return;
  task.truth.state = TaskState::RUNNING;
  task.truth.at = now;
  task.truth.commandStarted = true;
  task.truth.endpoints = task.plan.endpoints;
  task.endsAt = now + int64_t(*task.plan.runMs) * ms;
  if (task.plan.runMaxMs != 0 && task.plan.runMaxMs < *task.plan.runMs) {
    task.endsAt = now + int64_t(task.plan.runMaxMs) * ms;
    task.tooLong = true;
  }
  become(now, key, task);
  // Before the end, which may come at the same time as the last one.
  auto& percents = task.plan.progress;
  for (size_t i = 0; i < percents.size(); ++i) {
    auto when = now + int64_t((i + 1) * *task.plan.runMs / percents.size()) * ms;
    if (when > task.endsAt) break;
    at(when, {Due::Kind::progress, key, {}, {}, 0, {i + 1, percents[i], "simulated"}});
  }
  at(task.endsAt, {Due::Kind::end, key, {}, {}, task.endsAt});
}

void Cluster::progresses(int64_t now, const TaskKey& key, Task& task, ProgressFacts progress) {
  if (isTerminal(task.truth.state)) return;
  task.truth.progress = std::move(progress);
  task.truth.at = now;
  become(now, key, task);
}

void Cluster::ends(int64_t now, const TaskKey& key, Task& task) {
  auto& truth = task.truth;
  if (isTerminal(truth.state)) return;
  if (task.dyingBy) {
    truth.exitSignal = task.dyingBy;
    finish(now, key, task, TaskState::KILLED,
           task.preempted ? Reason::PREEMPTED : Reason::KILLED_BY_CONSUMER, "");
  } else if (task.tooLong) {
    truth.exitSignal = 9;
    finish(now, key, task, TaskState::FAILED, Reason::RAN_TOO_LONG, "the limit of its run time");
  } else if (task.plan.exitSignal) {
    truth.exitSignal = task.plan.exitSignal;
    finish(now, key, task, TaskState::FAILED, Reason::SIGNALLED, "");
  } else {
    truth.exitCode = task.plan.exitCode;
    auto state = *truth.exitCode == 0 ? TaskState::SUCCEEDED : TaskState::FAILED;
    finish(now, key, task, state, Reason::EXITED, "");
  }
}

void Cluster::finish(int64_t now, const TaskKey& key, Task& task, TaskState state, Reason reason,
                     std::string why) {
  task.truth.state = state;
  task.truth.reason = reason;
  task.truth.message = std::move(why);
  task.truth.at = now;
  become(now, key, task);
}

// The task's truth has changed: it goes on its way to the backend, by which things happen to it.
void Cluster::become(int64_t now, const TaskKey& key, Task& task, bool faultless) {
  task.history.push_back({now, nameOf(task.truth.state).cStr()});
  witness(now, key, task.truth, false);
  if (task.history.size() > historyMax) task.history.erase(task.history.begin());
  auto& faults = settings.faults;
  bool ended = isTerminal(task.truth.state);
  if (ended) at(now + int64_t(settings.repeatMs) * ms, {Due::Kind::repeat, key, {}, {}, 0});
  if (task.unheard || (!faultless && dice(task) < faults.statusLost)) return;
  auto when = faultless ? now : now + int64_t(draw(task, faults.statusDelay)) * ms;
  task.lastTold = std::max(when, task.lastTold);
  at(task.lastTold, {Due::Kind::tell, key, task.truth, {}, 0});
  if (!faultless && dice(task) < faults.statusTwice) {
    at(task.lastTold, {Due::Kind::tell, key, task.truth, {}, 0});
  }
}

void Cluster::kill(int64_t now, const TaskKey& key, uint32_t graceMs, bool preempted) {
  auto found = all.find(key);
  if (found == all.end() || isTerminal(found->second.truth.state)) return;
  auto& task = found->second;
  task.preempted = preempted;
  if (task.truth.state == TaskState::STARTING) {
    task.dyingBy = 9;
    ends(now, key, task);
    return;
  }
  task.truth.state = TaskState::KILLING;
  task.truth.at = now;
  become(now, key, task);
  if (graceMs == 0) {
    task.dyingBy = 9;
    at(now, {Due::Kind::force, key, {}, {}, 0});
  } else if (!task.plan.ignoresTerm) {
    task.dyingBy = 15;
    at(now, {Due::Kind::force, key, {}, {}, 0});
  } else {
    at(now + int64_t(graceMs) * ms, {Due::Kind::force, key, {}, {}, 0});
  }
}

bool Cluster::signal(int64_t now, const TaskKey& key, uint8_t number) {
  auto found = all.find(key);
  if (found == all.end() || found->second.truth.state != TaskState::RUNNING) return false;
  auto& task = found->second;
  task.history.push_back({now, "signal " + std::to_string(number)});
  if (number == 15 && task.plan.ignoresTerm) return true;
  task.plan.exitSignal = number;
  task.tooLong = false;
  ends(now, key, task);
  return true;
}

void Cluster::recorded(int64_t now, const TaskKey& key) {
  auto found = all.find(key);
  if (found == all.end() || !isTerminal(found->second.truth.state)) return;
  witness(now, key, found->second.truth, true);
  all.erase(found);
}

std::vector<NodeFacts> Cluster::present() const {
  std::vector<NodeFacts> list;
  for (auto& [id, facts] : nodes) {
    if (!away.contains(id)) list.push_back(facts);
  }
  return list;
}

void Cluster::refresh(int64_t now, const TaskKey& key) {
  auto found = all.find(key);
  if (found != all.end() && !found->second.unheard) become(now, key, found->second, true);
}

void Cluster::script(int64_t now, const ScriptLine& line) {
  at(now + int64_t(line.atMs) * ms, {Due::Kind::script, {}, {}, line, 0});
}

void Cluster::nodeEvent(int64_t now, const ScriptLine& line, std::vector<Event>& events) {
  auto found = nodes.find(line.node);
  if (found == nodes.end()) return;
  auto& facts = found->second;
  bool cut = line.event == NodeEvent::unreachable, healed = line.event == NodeEvent::reachable;
  bool gone = line.event == NodeEvent::gone;
  if (gone) {
    away.insert(line.node);
  } else {
    if (line.event == NodeEvent::back) away.erase(line.node);
    facts.state = cut                                 ? backend::NodeState::UNREACHABLE
                  : line.event == NodeEvent::draining ? backend::NodeState::DRAINING
                                                      : backend::NodeState::READY;
  }
  events.push_back(NodeTold{facts, gone});
  for (auto& [key, task] : all) {
    if (task.nodeId != line.node) continue;
    bool alive = !isTerminal(task.truth.state);
    if (gone && alive) {
      task.unheard = false;
      auto state = task.truth.commandStarted ? TaskState::LOST : TaskState::NOT_STARTED;
      finish(now, key, task, state, Reason::NODE_LOST, "its node is gone");
    } else if (cut && alive) {
      Status away = task.truth;
      away.state = TaskState::UNREACHABLE;
      away.at = now;
      at(now, {Due::Kind::tell, key, away, {}, 0});
      task.unheard = true;
    } else if (healed && task.unheard) {
      task.unheard = false;
      become(now, key, task, true);
    }
  }
}

std::vector<Event> Cluster::change(int64_t now, Settings next) {
  std::vector<Event> events;
  std::set<std::string> named;
  for (auto& node : next.nodes) named.insert(node.id);
  for (auto& node : settings.nodes) {
    if (named.contains(node.id)) continue;
    nodeEvent(now, {0, node.id, NodeEvent::gone}, events);
    nodes.erase(node.id);
    away.erase(node.id);
  }
  for (auto& node : next.nodes) {
    auto known = nodes.find(node.id);
    auto facts = node;
    if (known != nodes.end()) facts.state = known->second.state;
    nodes[node.id] = facts;
    if (!away.contains(node.id)) events.push_back(NodeTold{facts, false});
  }
  settings = std::move(next);
  return events;
}

std::optional<int64_t> Cluster::next() const {
  if (agenda.empty()) return std::nullopt;
  return agenda.begin()->first;
}

void Cluster::happen(int64_t when, Due& due, std::vector<Event>& events) {
  if (due.kind == Due::Kind::script) return nodeEvent(when, due.line, events);
  auto found = all.find(due.key);
  if (found == all.end()) return;
  auto& task = found->second;
  switch (due.kind) {
    case Due::Kind::start:
      starts(when, due.key, task);
      break;
    case Due::Kind::progress:
      progresses(when, due.key, task, std::move(due.progress));
      break;
    case Due::Kind::end:
      if (due.endsAt == task.endsAt) ends(when, due.key, task);
      break;
    case Due::Kind::force:
      if (!task.dyingBy) task.dyingBy = 9;
      ends(when, due.key, task);
      break;
    case Due::Kind::tell:
      events.push_back(StatusTold{due.key, std::move(due.status)});
      break;
    case Due::Kind::repeat:  // not recorded yet, or it would have been forgotten
      become(when, due.key, task);
      break;
    case Due::Kind::script:
      break;
  }
}

std::vector<Event> Cluster::advance(int64_t now) {
  std::vector<Event> events;
  while (!agenda.empty() && agenda.begin()->first <= now) {
    auto node = agenda.extract(agenda.begin());
    happen(node.key(), node.mapped(), events);
  }
  return events;
}

std::vector<std::pair<int64_t, std::string>> Cluster::history(const TaskKey& key) const {
  auto found = all.find(key);
  if (found == all.end()) return {};
  return found->second.history;
}

Plan planOf(backend::TaskSpec::Reader spec) {
  Plan plan;
  auto text = [&](kj::StringPtr name) -> const char* {
    for (auto variable : spec.getEnvironment()) {
      if (variable.getName() == name) return variable.getValue().cStr();
    }
    for (auto label : spec.getLabels()) {
      if (label.getName() == name) return label.getValue().cStr();
    }
    return nullptr;
  };
  auto value = [&](kj::StringPtr name) -> std::optional<uint64_t> {
    const char* said = text(name);
    if (said == nullptr) return std::nullopt;
    return strtoull(said, nullptr, 10);
  };
  constexpr uint64_t longest = uint64_t(365) * 24 * 3600 * 1000;
  if (auto runMs = value("SIM_RUN_MS")) plan.runMs = std::min(*runMs, longest);
  if (auto exit = value("SIM_EXIT")) plan.exitCode = int32_t(std::min<uint64_t>(*exit, 255));
  if (auto signal = value("SIM_SIGNAL")) plan.exitSignal = uint8_t(std::min<uint64_t>(*signal, 64));
  plan.ignoresTerm = value("SIM_IGNORE_TERM").value_or(0) != 0;
  plan.runMaxMs = std::min(spec.getRunMaxMs(), longest);
  const char* percents = spec.hasProgress() ? text("SIM_PROGRESS") : nullptr;
  while (percents != nullptr && *percents != 0 && plan.progress.size() < progressMax) {
    char* end;
    plan.progress.push_back(int16_t(std::clamp<long>(strtol(percents, &end, 10), 0, 100)));
    if (end == percents || *end != ',') break;
    percents = end + 1;
  }
  return plan;
}

}  // namespace maitred::sim
