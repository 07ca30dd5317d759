// The runner's beginning and its housekeeping: what an earlier life left, ends that are recorded,
// old sandboxes.
#include "runner.h"

#include "launch-message.h"
#include "patience.h"
#include "shim/posix.h"

#include <maitred/async.h>
#include <maitred/offload.h>

#include <kj/debug.h>

#include <cerrno>
#include <cstring>
#include <functional>

#include <sys/stat.h>
#include <unistd.h>

namespace maitred::local {

using backend::TaskKey;

namespace {

constexpr int64_t STARTING_WAIT_MS = 15'000;

LimitKind wanted(Settings::LimitMode mode) {
  switch (mode) {
    case Settings::LimitMode::v1:
      return LimitKind::v1;
    case Settings::LimitMode::v2:
      return LimitKind::v2;
    default:
      return LimitKind::none;
  }
}

// Called on a pool thread.
CgroupPlace placeFor(const Settings& settings) {
  using Mode = Settings::LimitMode;
  if (settings.limitMode == Mode::none) return {LimitKind::none, "", "", "nothing is limited"};
  if (settings.limitMode == Mode::watch) return {LimitKind::watch, "", "", "memory is watched"};
  // One group for each work folder: two hosts on one machine do not meet.
  auto name = "maitred-" + settings.instance + "-" +
              std::to_string(std::hash<std::string>()(settings.workFolder) % 1'000'000);
  auto place = findCgroups(wanted(settings.limitMode), name);
  KJ_REQUIRE(
      settings.limitMode == Mode::automatic || place.kind == wanted(settings.limitMode),
      "`limits` asks for control groups of that version, but they cannot be written to here");
  return place;
}

}  // namespace

kj::Promise<void> LocalRunner::start() {
  return [](LocalRunner& self) -> Async<void> {
    // Events first: what happens from now on is not missed, however long the reading takes.
    self.background.add(
        self.events.receive([&self](ShimEvent::Reader event) { self.onEvent(event); }));
    // GCC 12 destroys captures twice when the lambda is a temporary of the co_await expression
    // itself.
    auto place = offload([settings = self.settings]() { return placeFor(settings); });
    self.cgroups = co_await place;
    self.context.log().info("limits: ", self.cgroups.why.c_str());
    bool othersRun = geteuid() == 0 && self.settings.runAs.kind != RunAs::Kind::host;
    // The state folder of this instance is closed when the host makes it; tasks pass through it.
    if (othersRun) chmod(self.context.stateDirectory().cStr(), 0711);
    auto closed = self.folder->closedFolder();
    if (othersRun && !closed.empty()) {
      self.context.log().warning("tasks of other accounts cannot reach their sandboxes: make ",
                                 closed.c_str(), " searchable (chmod o+x) or set work_directory");
    }
    co_await self.adoptAll();
    self.offerPorts();
    self.server.synced();
    self.background.add(self.lookAfterFolder());
  }(*this);
}

kj::Promise<void> LocalRunner::adoptAll() {
  return [](LocalRunner& self) -> Async<void> {
    auto folder = self.folder;
    auto reading = offload([folder]() {
      if (!folder->waitForStarting(STARTING_WAIT_MS)) {
        KJ_LOG(WARNING, "a shim of an earlier life has not written its record yet");
      }
      return folder->scan();
    });
    auto found = co_await reading;
    WorkFolder::holdStarting(self.starting);
    self.starting = nullptr;
    self.ready = true;
    for (auto& node : self.settings.nodes) self.server.setNode(node.facts);
    Leftovers left;
    for (auto& one : found) self.adopt(kj::mv(one), left);
    if (!left.folders.empty() || !left.cgroups.empty()) {
      self.background.add(self.clear(kj::mv(left)));
    }
    if (!found.empty()) {
      self.context.log().info("found ", self.tasks.size(), " tasks and ", self.kept.size(),
                              " sandboxes of ended ones");
    }
  }(*this);
}

// In one go: there may be more of them than calls may wait.
kj::Promise<void> LocalRunner::clear(Leftovers left) {
  return [](LocalRunner& self, Leftovers left) -> Async<void> {
    auto clearing = insist(self.context.timer(), [folder = self.folder, left]() {
      for (auto& groups : left.cgroups) clearCgroups(groups);
      std::vector<std::string> faults;
      for (auto& key : left.folders) {
        auto fault = folder->remove(key);
        if (!fault.empty()) faults.push_back(key.text() + ": " + fault);
      }
      return faults;
    });
    auto faults = co_await clearing;
    for (auto& fault : faults) {
      self.context.log().error("the folder of task ", fault.c_str(), "; it stays until a restart");
    }
  }(*this, kj::mv(left));
}

void LocalRunner::adopt(FoundTask found, Leftovers& left) {
  auto key = found.facts.key;
  if (found.damaged && found.recorded) {
    // It may have run, and may still: what it wrote is not ours to remove.
    context.log().error("the record of task ", key.text().c_str(), " in ", folder->path().c_str(),
                        "/tasks cannot be read: the task is given up, its folder stays");
    return;
  }
  if (found.damaged) {
    // Its command was never started, since the record comes first.
    context.log().warning("task ", key.text().c_str(),
                          " has no readable record: its folder is removed");
    left.folders.push_back(key);
    return;
  }
  if (found.reported) {
    keep(key, found.end->at);
    return;
  }
  addSandbox(settings, found.facts);
  Task task;
  task.facts = kj::mv(found.facts);
  task.shim = kj::mv(found.shim);
  task.end = kj::mv(found.end);
  backend::AdoptedTask adopted;
  adopted.status = task.end ? statusOf(task.facts, *task.end) : statusOf(task.facts);
  adopted.resources = task.facts.resources;
  adopted.ports = grantsOf(task.facts);
  adopted.digestHex = task.facts.digestHex;
  bool alive = !task.end;
  if (task.end && !task.facts.cgroups.empty()) {
    left.cgroups.push_back(task.facts.cgroups);
  }
  tasks.insert_or_assign(key, kj::mv(task));
  server.adopt(key, kj::mv(adopted));
  if (alive) {
    adoptedCount.add();
    watchShim(key);
  }
}

void LocalRunner::watchShim(const TaskKey& key) {
  auto shim = tasks.at(key).shim;
  auto watch = kj::heap<kj::UnixEventPort::FdObserver>(context.events(), *shim,
                                                       kj::UnixEventPort::FdObserver::OBSERVE_READ);
  auto ended = watch->whenBecomesReadable();
  background.add(ended.then([this, key]() { return lookAtFiles(key); })
                     .attach(kj::mv(watch))
                     .attach(kj::mv(shim)));
}

kj::Promise<void> LocalRunner::lookAtFiles(TaskKey key) {
  return kj::Promise<FoundTask>(
             insist(context.timer(),
                    [folder = folder, key]() {
                      auto found = folder->look(key);
                      if (found.end && !found.facts.cgroups.empty()) {
                        clearCgroups(found.facts.cgroups);
                      }
                      return found;
                    }))
      .then([this, key](FoundTask found) {
        auto place = tasks.find(key);
        if (place == tasks.end() || place->second.end) return;
        if (found.damaged) {
          // The shim is gone, and had not come as far as its record unless somebody damaged it.
          EndFactsOnDisk end{vanished(found.recorded, false), unixNow(), 0, found.recorded};
          if (found.recorded) return finish(key, end);
          end.ending.state = backend::TaskState::NOT_STARTED;
          end.ending.reason = backend::Reason::INFRASTRUCTURE;
          return finish(key, end);
        }
        if (found.end) return finish(key, *found.end);
        place->second.shim = kj::mv(found.shim);
        place->second.token = 0;
        watchShim(key);
      });
}

void LocalRunner::shimFailed(uint64_t token, int error) {
  auto key = byToken.find(token);
  if (key == byToken.end()) return;
  EndFactsOnDisk end;
  end.ending.state = backend::TaskState::NOT_STARTED;
  end.ending.reason = backend::Reason::INFRASTRUCTURE;
  end.ending.message = errnoText("cannot start a process", error);
  end.at = unixNow();
  auto task = key->second;
  byToken.erase(key);
  finish(task, end);
}

void LocalRunner::shimGone(uint64_t token, int code) {
  auto place = byToken.find(token);
  if (place == byToken.end()) return;
  auto key = place->second;
  byToken.erase(place);
  auto task = tasks.find(key);
  if (task == tasks.end() || task->second.end) return;
  // With code 0 its datagram is on the way, only that it came by another socket.
  auto look = code == 0 ? context.timer().afterDelay(1 * kj::SECONDS).then([this, key]() {
    return lookAtFiles(key);
  })
                        : lookAtFiles(key);
  background.add(kj::mv(look));
}

void LocalRunner::spawnerLost(kj::Exception reason) {
  context.log().error("the process that starts tasks has ended and is replaced: ",
                      reason.getDescription());
  ready = false;
  background.add(replaceSpawner());
}

kj::Promise<void> LocalRunner::replaceSpawner() {
  return [](LocalRunner& self) -> Async<void> {
    co_await self.context.timer().afterDelay(1 * kj::SECONDS);
    auto folder = self.folder;
    auto settled = insist(self.context.timer(),
                          [folder]() { folder->waitForStarting(STARTING_WAIT_MS); });
    co_await settled;
    auto orphans = kj::mv(self.byToken);
    self.byToken.clear();
    self.forkSpawner();
    WorkFolder::holdStarting(self.starting);
    self.starting = nullptr;
    self.ready = true;
    // Their shims live on; from now on they are watched like adopted ones.
    for (auto& [token, key] : orphans) co_await self.lookAtFiles(key);
  }(*this);
}

void LocalRunner::recorded(const TaskKey& key, const backend::Status& status) {
  if (!backend::isTerminal(status.state)) return;
  auto place = tasks.find(key);
  if (place == tasks.end() || !place->second.end) return;
  int64_t endedAt = place->second.end->at;
  tasks.erase(place);
  keep(key, endedAt);
}

void LocalRunner::keep(const TaskKey& key, int64_t endedAt) {
  kept[key] = {key, endedAt, 0};
  unmarked.push_back(key);
  // Many ends are recorded by one answer of a consumer: they go to another thread together.
  if (unmarked.size() == 1) background.add(kj::evalLast([this]() { return markKept(); }));
}

kj::Promise<void> LocalRunner::markKept() {
  std::vector<TaskKey> keys;
  keys.swap(unmarked);
  return kj::Promise<std::vector<uint64_t>>(
             insist(context.timer(),
                    [folder = folder, keys]() {
                      std::vector<uint64_t> sizes;
                      for (auto& key : keys) {
                        folder->markReported(key);
                        sizes.push_back(folder->sizeOf(key));
                      }
                      return sizes;
                    }))
      .then([this, keys](std::vector<uint64_t> sizes) {
        for (size_t i = 0; i < keys.size(); ++i) {
          auto place = kept.find(keys[i]);
          if (place == kept.end()) continue;
          keptBytes += sizes[i] - place->second.bytes;
          place->second.bytes = sizes[i];
        }
      });
}

kj::Promise<void> LocalRunner::lookAfterFolder() {
  return [](LocalRunner& self) -> Async<void> {
    for (;;) {
      self.offerPorts();
      self.noticeSilence();
      // Whatever happens to one round, there is another.
      auto round = kj::evalNow([&self]() { return self.tidyUp(); });
      auto over = round.then(
          [&self]() {
            if (self.tidyFault) self.context.log().info("housekeeping goes on again");
            self.tidyFault = false;
          },
          [&self](kj::Exception&& failure) {
            if (!self.tidyFault) {
              self.context.log().error("housekeeping is put off: ", failure.getDescription());
            }
            self.tidyFault = true;
          });
      co_await over;
      co_await self.context.timer().afterDelay(self.settings.tidyMs * kj::MILLISECONDS);
    }
  }(*this);
}

kj::Promise<void> LocalRunner::tidyUp() {
  return offload([folder = folder]() { return folder->fault(); }).then([this](std::string fault) {
    if (fault != writeFault) {
      if (fault.empty()) {
        context.log().info("the work folder can be written to again");
      } else {
        context.log().error(fault.c_str(), "; tasks are refused meanwhile");
      }
      writeFault = fault;
    }
    return removeExpired();
  });
}

// A shim that is gone is known by its pidfd; this is about one that lives and does nothing, e.g.
// stopped or waiting for a disk that is gone. One of an older version never says that it is there.
void LocalRunner::noticeSilence() {
  auto since = context.timer().now() - settings.silenceMs * kj::MILLISECONDS;
  for (auto& [key, task] : tasks) {
    if (task.end || !task.aliveAt || *task.aliveAt >= since) continue;
    // If we were the ones who stood still, what it said is read before the next round.
    if (++task.silentRounds != SILENT_ROUNDS) continue;
    auto status = statusOf(task.facts);
    status.state = backend::TaskState::UNREACHABLE;
    status.message = "the process that watches over the task does not answer";
    status.at = unixNow();
    context.log().warning("task ", key.text().c_str(), ": ", status.message.c_str());
    server.report(key, status);
  }
}

kj::Promise<void> LocalRunner::removeExpired() {
  std::vector<KeptSandbox> all;
  for (auto& [key, one] : kept) all.push_back(one);
  auto gone = expired(std::move(all), settings.retention, unixNow());
  if (gone.empty()) return kj::READY_NOW;
  return offload([folder = folder, gone]() {
           std::vector<std::string> faults;
           for (auto& key : gone) faults.push_back(folder->remove(key));
           return faults;
         })
      .then([this, gone](std::vector<std::string> faults) {
        size_t removed = 0;
        for (size_t i = 0; i < gone.size(); ++i) {
          auto place = kept.find(gone[i]);
          if (place == kept.end()) continue;
          if (!faults[i].empty()) {
            // It stays known, so that each round tries again.
            if (unremovable.insert(gone[i]).second) {
              context.log().error("the sandbox of the ended task ", gone[i].text().c_str(),
                                  " cannot be removed, and is tried again: ", faults[i].c_str());
            }
            continue;
          }
          unremovable.erase(gone[i]);
          keptBytes -= place->second.bytes;
          kept.erase(place);
          ++removed;
        }
        if (removed > 0) context.log().debug("removed ", removed, " sandboxes of ended tasks");
      });
}

}  // namespace maitred::local
