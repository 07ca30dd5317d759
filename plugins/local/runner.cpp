#include "runner.h"

#include "core/spec-check.h"
#include "files/sandbox-server.h"
#include "launch-message.h"
#include "shim/control.h"
#include "shim/posix.h"

#include <maitred/async.h>
#include <maitred/offload.h>

#include <capnp/message.h>
#include <kj/debug.h>

#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace maitred::local {

using backend::Reason;
using backend::RefusalReason;
using backend::Rejection;
using backend::TaskKey;
using backend::TaskState;

namespace {

constexpr uint32_t RETRY_SOON_MS = 1'000;

backend::ServerOptions optionsOf(const Settings& settings) {
  backend::ServerOptions options;
  options.kind = "local";
  options.cluster = settings.cluster;
  options.features = {backend::Feature::PLACE_ON_NODE,
                      backend::Feature::PLACE_ANYWHERE,
                      backend::Feature::DEFINITE_RECONCILE,
                      backend::Feature::SEEKABLE_FILES,
                      backend::Feature::SIGNALS,
                      backend::Feature::SECRET_FILES,
                      backend::Feature::PROGRESS};
  return options;
}

}  // namespace

LocalRunner::LocalRunner(Settings given, Context& context)
    : settings(std::move(given)),
      context(context),
      folder(std::make_shared<WorkFolder>(settings.workFolder)),
      boot(bootId()),
      events(context.events(), folder->fd()),
      server(*this, optionsOf(settings), context.timer(), context.clock()),
      startedCount(
          context.metrics().counter("maitred_local_started_total", "Tasks handed to a shim.")),
      refusedCount(context.metrics().counter("maitred_local_refused_total", "Placements refused.")),
      adoptedCount(context.metrics().counter("maitred_local_adopted_total",
                                             "Tasks of an earlier life that were found running.")),
      tasksGauge(
          context.metrics().gauge("maitred_local_tasks", "Tasks whose end is not recorded yet.")),
      keptGauge(context.metrics().gauge("maitred_local_kept_sandboxes_bytes",
                                        "Disk used by sandboxes of ended tasks.")),
      background(*this) {
  forkSpawner();
}

LocalRunner::~LocalRunner() noexcept(false) {
  // Gone unless tasks go on in them.
  for (auto& base : {cgroups.memoryBase, cgroups.cpuBase}) {
    if (!base.empty()) rmdir(base.c_str());
  }
}

void LocalRunner::taskFailed(kj::Exception&& exception) {
  context.log().error("local backend: ", exception.getDescription());
}

void LocalRunner::forkSpawner() {
  starting = folder->openStarting();
  spawner = kj::heap<Spawner>(context.lowLevelIo(), static_cast<Spawner::Observer&>(*this),
                              starting.get());
}

kj::Promise<std::vector<AccountChoice>> LocalRunner::accountsFor(
    std::vector<std::string> submitters) {
  constexpr int64_t KEPT_NS = 60'000'000'000;
  int64_t now = unixNow();
  std::vector<std::string> asked;
  for (auto& name : submitters) {
    auto known = accountCache.find(name);
    if (known == accountCache.end() || known->second.second < now) asked.push_back(name);
  }
  auto answer = [this, submitters = std::move(submitters)]() {
    std::vector<AccountChoice> choices;
    for (auto& name : submitters) choices.push_back(accountCache.at(name).first);
    return choices;
  };
  if (asked.empty()) return answer();
  return offload([asked, rule = settings.runAs]() {
           std::vector<std::pair<std::string, AccountChoice>> found;
           for (auto& name : asked) {
             found.emplace_back(name, chooseAccount(rule, name, geteuid(), AccountLookup()));
           }
           return found;
         })
      .then([this, answer = kj::mv(answer)](auto found) {
        if (accountCache.size() > 10'000) accountCache.clear();
        for (auto& [name, choice] : found) accountCache[name] = {choice, unixNow() + KEPT_NS};
        return answer();
      });
}

kj::Promise<std::vector<std::optional<Rejection>>> LocalRunner::launch(
    std::vector<backend::LaunchOrder> orders) {
  std::vector<std::string> submitters;
  for (auto& order : orders) submitters.emplace_back(order.spec->getUser().cStr());
  return accountsFor(std::move(submitters))
      .then([this, orders = kj::mv(orders)](std::vector<AccountChoice> accounts) mutable {
        std::vector<std::optional<Rejection>> answers;
        for (size_t i = 0; i < orders.size(); ++i) {
          answers.push_back(take(orders[i], accounts[i]));
          if (answers.back()) refusedCount.add();
        }
        return answers;
      });
}

// An id that we took already: the server lost count of it, or its folder is still there.
std::optional<Rejection> LocalRunner::known(const backend::LaunchOrder& order) {
  auto task = tasks.find(order.key);
  if (task == tasks.end() || (!order.digestHex.empty() && !task->second.facts.digestHex.empty() &&
                              task->second.facts.digestHex != order.digestHex)) {
    return Rejection{RefusalReason::ID_TAKEN, "a task of that id was run here before", 0};
  }
  auto& facts = task->second.facts;
  server.report(order.key, task->second.end ? statusOf(facts, *task->second.end) : statusOf(facts));
  return std::nullopt;
}

std::optional<Rejection> LocalRunner::take(backend::LaunchOrder& order,
                                           const AccountChoice& account) {
  if (tasks.contains(order.key) || kept.contains(order.key)) return known(order);
  if (auto refusal = cannotRun(*order.spec, settings.ignoreContainers)) return refusal;
  if (!account.refusal.empty()) return Rejection{RefusalReason::UNAUTHORIZED, account.refusal, 0};
  if (!writeFault.empty()) return Rejection{RefusalReason::LIMITED, writeFault, 10 * RETRY_SOON_MS};
  if (!ready) {
    return Rejection{RefusalReason::LIMITED, "the process that starts tasks is being replaced",
                     RETRY_SOON_MS};
  }
  if (auto refusal = portsTaken(order)) return refusal;

  LaunchParts parts{settings, cgroups, order, account, boot, unixNow()};
  Task task;
  task.facts = factsOf(parts);
  task.token = ++lastToken;
  capnp::MallocMessageBuilder message(order.spec->totalSize().wordCount + 1024);
  writeLaunch(parts, task.facts, task.token, message.initRoot<Launch>());
  spawner->launch(message);
  byToken[task.token] = order.key;
  // Fetching may take a while, and the sandbox can be looked into meanwhile.
  if (order.spec->getUris().size() > 0) server.report(order.key, statusOf(task.facts));
  tasks.emplace(order.key, std::move(task));
  startedCount.add();
  return std::nullopt;
}

void LocalRunner::kill(backend::KillOrder order) {
  auto place = tasks.find(order.key);
  if (place == tasks.end() || place->second.end) return;
  auto& task = place->second;
  int number = order.preempted ? shimPreempt() : shimKill();
  int grace = int(std::min<uint32_t>(order.graceMs, INT32_MAX));
  if (task.token != 0) {
    spawner->signal(task.token, number, grace);
  } else if (task.shim != nullptr) {
    signalProcess(*task.shim, number, grace);  // if it is gone its pidfd tells us
  }
}

kj::Promise<void> LocalRunner::signal(const TaskKey& key, uint8_t number) {
  auto place = tasks.find(key);
  KJ_REQUIRE(place != tasks.end() && !place->second.end, "the task has ended");
  KJ_REQUIRE(place->second.facts.startedAt != 0, "the task's command has not been started yet");
  KJ_REQUIRE(number > 0 && number <= 64, "there is no such signal", number);
  auto& task = place->second;
  if (task.token != 0) {
    spawner->signal(task.token, shimSignal(), number);
  } else {
    KJ_REQUIRE(task.shim != nullptr && signalProcess(*task.shim, shimSignal(), number),
               "the task has ended");
  }
  return kj::READY_NOW;
}

kj::Promise<backend::Sandbox::Client> LocalRunner::sandbox(const TaskKey& key) {
  return newSandbox(settings.workFolder + "/tasks/" + key.text() + "/sandbox");
}

kj::Promise<std::vector<backend::ExplanationLine>> LocalRunner::explain(const TaskKey& key) {
  std::vector<backend::ExplanationLine> lines;
  auto place = tasks.find(key);
  if (place == tasks.end()) return lines;
  auto& facts = place->second.facts;
  lines.push_back({facts.acceptedAt, "local", "accepted",
                   "node " + facts.nodeId + ", account " + facts.account + "; " + cgroups.why, 1});
  if (facts.startedAt != 0) {
    lines.push_back({facts.startedAt, "local", "started",
                     "watched by the shim with pid " + std::to_string(facts.shimPid), 1});
  }
  if (auto& end = place->second.end) {
    lines.push_back(
        {end->at, "local", backend::nameOf(end->ending.reason).cStr(), end->ending.message, 1});
  }
  return lines;
}

void LocalRunner::started(Task& task, int64_t at) {
  task.facts.startedAt = at;
  server.report(task.facts.key, statusOf(task.facts));
}

void LocalRunner::finish(const TaskKey& key, EndFactsOnDisk end) {
  auto place = tasks.find(key);
  if (place == tasks.end() || place->second.end) return;
  auto& task = place->second;
  // Short ones are told of by their end alone; whoever watches learns both.
  if (end.commandStarted && task.facts.startedAt == 0) started(task, end.startedAt);
  task.shim = nullptr;
  task.facts.startedAt = end.startedAt;
  task.end = end;
  context.metrics()
      .counter("maitred_local_ended_total", "Tasks that ended, by the reason told.",
               {{"reason", backend::nameOf(end.ending.reason).cStr()}})
      .add();
  server.report(key, statusOf(task.facts, end));
}

void LocalRunner::onEvent(ShimEvent::Reader event) {
  TaskKey key{event.getConsumer().cStr(), event.getTaskId().cStr()};
  auto place = tasks.find(key);
  if (place == tasks.end() || place->second.end) return;
  auto& task = place->second;
  task.facts.shimPid = event.getShimPid();
  if (task.silentRounds >= SILENT_ROUNDS && !event.isEnded()) {
    context.log().info("task ", key.text().c_str(), " is heard of again");
    server.report(key, statusOf(task.facts));
  }
  task.silentRounds = 0;
  if (task.aliveAt != std::nullopt) task.aliveAt = context.timer().now();
  switch (event.which()) {
    case ShimEvent::STARTED:
      started(task, event.getStarted());
      break;
    case ShimEvent::ENDED:
      finish(key, endFrom(event.getEnded()));
      break;
    case ShimEvent::HEALTH: {
      auto status = statusOf(task.facts);
      status.health = event.getHealth();
      status.at = unixNow();
      server.report(key, status);
      break;
    }
    case ShimEvent::ALIVE:
      task.aliveAt = context.timer().now();
      break;
    case ShimEvent::PROGRESS: {
      task.facts.progress = backend::read(event.getProgress());
      auto status = statusOf(task.facts);
      status.at = unixNow();
      server.report(key, status);
      break;
    }
  }
}

void LocalRunner::collectMetrics() {
  tasksGauge.set(double(tasks.size()));
  keptGauge.set(double(keptBytes));
}

}  // namespace maitred::local
