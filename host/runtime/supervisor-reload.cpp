// Reload: check the whole file first, then touch only what changed.
#include "host/log/logs.h"
#include "host/runtime/supervisor.h"

#include <kj/debug.h>

#include <sstream>

namespace maitred::host {
namespace {

constexpr kj::Duration refreshDeadline = 2 * kj::SECONDS;

admin::Action actionOf(Change change) {
  switch (change) {
    case Change::unchanged:
      return admin::Action::UNCHANGED;
    case Change::configChanged:
      return admin::Action::RECONFIGURED;
    case Change::wiringChanged:
      return admin::Action::RESTARTED;
    case Change::added:
      return admin::Action::ADDED;
    case Change::removed:
      return admin::Action::REMOVED;
  }
  return admin::Action::UNSPECIFIED;
}

std::string textOf(const Diagnostics& diagnostics) {
  std::ostringstream out;
  diagnostics.write(out, Format::text);
  return out.str();
}

// Host keys that a running host takes; the others wait for its next start.
bool takesEffectNow(const std::string& key) {
  for (const char* prefix : {"log.level", "drain_timeout", "worker", "edge", "isolation",
                             "plugin_path", "policy_path"}) {
    if (key.rfind(prefix, 0) == 0) return true;
  }
  return false;
}

}  // namespace

void Supervisor::describeHostChanges(const ConfigDiff& diff, ReloadReport& report) {
  for (const auto& key : diff.host) {
    if (!takesEffectNow(key))
      report.report += "host." + key + " takes effect when the host is started again\n";
  }
}

// A library that was built anew under an instance that runs: its process is started again; inline
// the former code stays.
void Supervisor::addNewLibraries(const Prepared& next, ConfigDiff& diff, ReloadReport& report) {
  for (auto& change : diff.instances) {
    auto instance = instances.find(change.name);
    auto file = next.libraries.find(change.name);
    if (instance == instances.end() || file == next.libraries.end()) continue;
    auto loaded = instance->second->loadedStamp();
    if (loaded.empty() || loaded == file->second.stamp) continue;
    if (next.config->instance(change.name)->inlined) {
      report.report += "instance '" + change.name + "': " + inlineStays(file->second.path) + "\n";
      continue;
    }
    change.change = Change::wiringChanged;
    change.why += (change.why.empty() ? "" : ", ") + std::string("the library was built anew");
  }
}

Async<ReloadReport> Supervisor::reloadNow(bool dryRun) {
  KJ_REQUIRE(hostState != admin::HostState::DRAINING, "the host is shutting down");
  auto result = co_await prepare(preparation, &current, !dryRun);
  ReloadReport report;
  report.report = textOf(result.diagnostics);
  if (!result.prepared) {
    parts.logs.host().error("reload refused, nothing was changed:\n" + report.report);
    co_return report;
  }
  report.accepted = true;
  auto diff = diffConfigs(*current.config, *result.prepared->config);
  addNewLibraries(*result.prepared, diff, report);
  for (const auto& change : diff.instances) {
    report.changes.push_back({change.name, actionOf(change.change), change.why});
  }
  describeHostChanges(diff, report);
  if (dryRun) co_return report;
  co_await apply(std::move(*result.prepared), diff, report);
  co_await refreshAll();
  co_return report;
}

// Files that the configuration names may be others than before although it is the same. What an
// instance finds wrong with them, it says in its log and its health.
kj::Promise<void> Supervisor::refreshAll() {
  kj::Vector<kj::Promise<void>> asked;
  for (auto& refresh : refreshers) asked.add(refresh());
  for (auto& [name, instance] : instances) {
    if (instance->state() != LifeState::active) continue;
    KJ_IF_MAYBE (plugin, instance->running()) {
      auto request = plugin->commandRequest();
      request.setName("maitred.refresh");
      asked.add(request.send().ignoreResult());
    }
  }
  for (auto& one : asked) {
    one = one.exclusiveJoin(parts.timer.afterDelay(refreshDeadline)).catch_([](kj::Exception&&) {});
  }
  return kj::joinPromises(asked.releaseAsArray());
}

Async<void> Supervisor::apply(Prepared next, const ConfigDiff& diff, ReloadReport& report) {
  std::set<std::string> toEnd, toBegin, toReconfigure, removed;
  for (const auto& change : diff.instances) {
    bool there = instances.count(change.name) != 0;
    // What an operator stopped stays stopped.
    bool wanted = !there || instances.at(change.name)->state() != LifeState::stopped;
    if (change.change == Change::removed) removed.insert(change.name);
    if (change.change == Change::removed || change.change == Change::wiringChanged)
      toEnd.insert(change.name);
    if ((change.change == Change::wiringChanged && wanted) || change.change == Change::added) {
      toBegin.insert(change.name);
    }
    if (change.change == Change::configChanged) toReconfigure.insert(change.name);
  }
  // Named, not a temporary of the co_await: GCC 12 destroys such a one twice.
  auto ending = endAll(
      current.graph, std::move(toEnd), drainDeadline(0), [&removed](const std::string& name) {
        if (removed.count(name))
          return KJ_EXCEPTION(FAILED, "the instance was removed from the configuration", name);
        return KJ_EXCEPTION(DISCONNECTED, "the instance is being restarted for a new configuration",
                            name);
      });
  co_await ending;
  current = std::move(next);
  redactor.add(*current.config);
  for (const auto& name : removed) {
    instances.erase(name);
    parts.logs.remove(name);
  }
  for (const auto& change : diff.instances) {
    if (change.change == Change::removed || change.change == Change::configChanged) continue;
    const Instance& instance = *current.config->instance(change.name);
    auto& known = instances[change.name];
    if (known.get() == nullptr)
      known = kj::heap<Supervised>(seatOf(instance), parts, static_cast<Supervised::Owner&>(*this));
    else if (change.change == Change::wiringChanged)
      known->reseat(seatOf(instance));
  }
  wire();
  for (const auto& key : diff.host) {
    if (key == "log.level") {
      auto level = current.config->host().getLog().getLevel();
      parts.logs.setDefaultLevel(static_cast<LogLevel>(level));
    }
  }
  std::set<std::string> toRestart;
  for (auto& change : report.changes) {
    if (toReconfigure.count(change.instance))
      co_await reconfigure(change.instance, change, toRestart);
  }
  co_await endAll(current.graph, toRestart, drainDeadline(0), [](const std::string& name) {
    return KJ_EXCEPTION(DISCONNECTED, "the instance is being restarted for a new configuration",
                        name);
  });
  for (const auto& name : toRestart) {
    instances.at(name)->reseat(seatOf(*current.config->instance(name)));
    toBegin.insert(name);
  }
  co_await beginAll(std::move(toBegin));
}

Async<void> Supervisor::reconfigure(const std::string& name, ReloadChange& change,
                                    std::set<std::string>& toRestart) {
  auto& instance = *instances.at(name);
  bool down = instance.state() == LifeState::failed || instance.state() == LifeState::backingOff;
  auto seat = seatOf(*current.config->instance(name));
  if (down) {  // the new config may be the cure
    toRestart.insert(name);
    change.action = admin::Action::RESTARTED;
    co_return;
  }
  auto outcome = co_await instance.reconfigure(std::move(seat))
                     .exclusiveJoin(parts.timer.afterDelay(drainDeadline(0)).then([]() {
                       return Supervised::Outcome{Supervised::Outcome::needsRestart,
                                                  "reconfigure() did not answer in time"};
                     }));
  if (!outcome.detail.empty())
    change.detail += (change.detail.empty() ? "" : ": ") + outcome.detail;
  if (outcome.kind == Supervised::Outcome::needsRestart) {
    toRestart.insert(name);
    change.action = admin::Action::RESTARTED;
  } else if (outcome.kind == Supervised::Outcome::rejected) {
    change.action = admin::Action::UNCHANGED;
    change.detail = "keeps its former config, since it rejected the new one: " + outcome.detail;
    parts.logs.host().error("instance '" + name + "' " + change.detail);
  }
}

}  // namespace maitred::host
