// What operators see and do.
#include "host/config/tools.h"
#include "host/log/logs.h"
#include "host/plugins/file-stamp.h"
#include "host/runtime/loop-delay.h"
#include "host/runtime/supervisor.h"

#include <kj/debug.h>
#include <unistd.h>

#include <sstream>

namespace maitred::host {
namespace {

constexpr kj::Duration metricsDeadline = 2 * kj::SECONDS;

}  // namespace

template <typename T>
kj::Promise<T> Supervisor::inTurn(kj::Function<kj::Promise<T>()> operation) {
  auto pair = kj::newPromiseAndFulfiller<T>();
  auto fulfiller = std::make_shared<kj::Own<kj::PromiseFulfiller<T>>>(kj::mv(pair.fulfiller));
  auto done = last.addBranch().then(kj::mv(operation));
  auto passOn = [&]() {
    if constexpr (std::is_void_v<T>) {
      return done.then([fulfiller]() { (*fulfiller)->fulfill(); });
    } else {
      return done.then([fulfiller](T&& value) { (*fulfiller)->fulfill(kj::mv(value)); });
    }
  };
  last = passOn()
             .eagerlyEvaluate([fulfiller](kj::Exception&& e) { (*fulfiller)->reject(kj::mv(e)); })
             .fork();
  return kj::mv(pair.promise);
}

kj::Duration Supervisor::drainDeadline(uint32_t deadlineMs) const {
  uint32_t own = current.config->host().getDrainTimeout();
  return (deadlineMs != 0 ? deadlineMs : own) * kj::MILLISECONDS;
}

void Supervisor::status(admin::HostStatus::Builder out) {
  out.setVersion(version);
  out.setPid(static_cast<uint32_t>(getpid()));
  out.setStartedAt(startedAt);
  out.setState(hostState);
  out.setLoopDelayUs(delay.worst());
  if (!current.config) return;
  out.setConfigFile(current.config->file());
  auto list = out.initInstances(instances.size());
  size_t i = 0;
  for (const auto& instance : current.config->instances()) {
    auto found = instances.find(instance.name);
    if (found != instances.end()) found->second->describe(list[i++]);
  }
}

void Supervisor::grants(admin::Admin::GrantsResults::Builder out) {
  auto list = out.initEdges(wires.size());
  for (size_t i = 0; i < wires.size(); ++i) {
    auto& wire = wires[i];
    auto& meter = wire.edge->meter();
    const auto& counters = meter.counters();
    list[i].setConsumer(wire.what.consumer);
    list[i].setRequirement(wire.what.requirement);
    list[i].setProvider(wire.what.provider);
    list[i].setInterface(wire.what.interface.name);
    list[i].setConnected(wire.edge->connected());
    list[i].setCalls(counters.calls);
    list[i].setFailures(counters.failures);
    list[i].setOverloads(counters.overloads);
    list[i].setInFlight(counters.inFlight);
    list[i].setInFlightMax(meter.edgeLimits().inFlightMax);
    list[i].setLastUseAt(meter.lastUseAt());
    list[i].setReconnects(wire.edge->reconnects());
    auto buckets = list[i].initLatencyUs(LatencyHistogram::bucketCount);
    uint64_t cumulative = 0;
    for (size_t b = 0; b < LatencyHistogram::bucketCount; ++b) {
      cumulative += counters.latency.count(b);
      buckets[b].setUpTo(counters.latency.upTo(b));
      buckets[b].setCount(cumulative);
    }
  }
}

kj::Promise<ReloadReport> Supervisor::reload(bool dryRun) {
  return inTurn<ReloadReport>(
      [this, dryRun]() -> kj::Promise<ReloadReport> { return reloadNow(dryRun); });
}

kj::Promise<void> Supervisor::drain(kj::StringPtr instance, uint32_t deadlineMs) {
  if (instance.size() == 0) return drainHost(deadlineMs);
  find(instance);  // an unknown name is refused at once
  return inTurn<void>([this, name = kj::str(instance), deadlineMs]() {
    return find(name).end(
        drainDeadline(deadlineMs),
        KJ_EXCEPTION(DISCONNECTED, "the instance was drained by an operator", name));
  });
}

Async<void> Supervisor::drainHost(uint32_t deadlineMs) {
  auto shutting = shutDown(drainDeadline(deadlineMs)).fork();
  last = shutting.addBranch()
             .then([this]() { stopping->fulfill(); })
             .eagerlyEvaluate([this](kj::Exception&& e) { stopping->reject(kj::mv(e)); })
             .fork();
  co_await shutting.addBranch();
}

kj::Promise<void> Supervisor::restart(kj::StringPtr instance) {
  find(instance);
  return inTurn<void>([this, name = std::string(instance.cStr())]() -> kj::Promise<void> {
    return restartNow(name);
  });
}

std::string Supervisor::inlineStays(const std::string& library) {
  return library + " was built anew, but inline code stays in the process: it takes effect when " +
         "the host is started again";
}

Async<void> Supervisor::restartNow(std::string name) {
  auto& instance = find(name.c_str());
  const auto& library = instance.seat().library;
  auto loaded = instance.loadedStamp();
  if (!loaded.empty() && loaded != fileStamp(library)) {
    bool inlined = instance.seat().instance->inlined;
    parts.logs.host().warning(
        "instance '" + name +
        "': " + (inlined ? inlineStays(library) : library + " was built anew and is loaded now"));
  }
  co_await instance.end(drainDeadline(0),
                        KJ_EXCEPTION(DISCONNECTED, "the instance is being restarted", name));
  instance.begin();
  co_await instance.whenSettled();
  KJ_REQUIRE(instance.state() == LifeState::active,
             "the instance did not come up; `maitred ctl status` says why", name,
             nameOf(instance.state()));
}

kj::Promise<std::vector<InstanceMetrics>> Supervisor::instanceMetrics() {
  kj::Vector<kj::Promise<kj::Maybe<InstanceMetrics>>> asked;
  for (auto& [name, instance] : instances) {
    if (instance->state() != LifeState::active) continue;
    KJ_IF_MAYBE (plugin, instance->running()) {
      using Result = kj::Maybe<InstanceMetrics>;
      auto none = parts.timer.afterDelay(metricsDeadline).then([]() -> Result { return nullptr; });
      asked.add(plugin->metricsRequest()
                    .send()
                    .then(
                        [name = name](auto&& answer) -> Result {
                          return InstanceMetrics{name, answer.getText().cStr()};
                        },
                        [](kj::Exception&&) -> Result { return nullptr; })
                    .exclusiveJoin(kj::mv(none)));
    }
  }
  return kj::joinPromises(asked.releaseAsArray()).then([](auto&& answers) {
    std::vector<InstanceMetrics> all;
    for (auto& answer : answers) {
      KJ_IF_MAYBE (metrics, answer) {
        all.push_back(std::move(*metrics));
      }
    }
    return all;
  });
}

kj::Promise<kj::String> Supervisor::ask(kj::StringPtr instance, kj::StringPtr name,
                                        kj::StringPtr input) {
  auto& found = find(instance);
  KJ_IF_MAYBE (plugin, found.running()) {
    auto request = plugin->commandRequest();
    request.setName(name);
    request.setInput(input);
    return request.send().then([](auto&& answer) { return kj::str(answer.getOutput()); });
  }
  return KJ_EXCEPTION(DISCONNECTED, "the instance does not run", instance, nameOf(found.state()));
}

std::string Supervisor::effectiveConfig() {
  std::ostringstream out;
  printEffective(out, *current.config);
  return out.str();
}

}  // namespace maitred::host
