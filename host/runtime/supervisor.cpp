// Starting, ending and wiring; the operators' side is in supervisor-control.cpp, reload in
// supervisor-reload.cpp.
#include "host/runtime/supervisor.h"

#include "host/log/logs.h"
#include "host/base/failure.h"
#include "host/runtime/loop-delay.h"

#include <kj/debug.h>

namespace maitred::host {

Supervisor::Supervisor(RuntimeParts parts, Preparation preparation, std::string version,
                       LoopDelay& delay)
    : parts(kj::mv(parts)),
      preparation(std::move(preparation)),
      version(std::move(version)),
      delay(delay),
      monotonic(kj::systemPreciseMonotonicClock()),
      startedAt((this->parts.clock.now() - kj::UNIX_EPOCH) / kj::NANOSECONDS),
      stopped(nullptr),
      last(kj::Promise<void>(kj::READY_NOW).fork()) {
  auto pair = kj::newPromiseAndFulfiller<void>();
  stopping = kj::mv(pair.fulfiller);
  stopped = pair.promise.fork();
}

Supervisor::~Supervisor() noexcept(false) {
  // Before the edges and parts that they refer to.
  last = kj::Promise<void>(kj::READY_NOW).fork();
  instances.clear();
}

Supervised& Supervisor::find(kj::StringPtr instance) {
  auto found = instances.find(instance.cStr());
  if (found != instances.end()) return *found->second;
  kj::String known = kj::str();
  for (const auto& [name, value] : instances)
    known = kj::str(known, known.size() ? ", " : "", name.c_str());
  fail("there is no instance '", instance, "'; running here: ", known);
}

Seat Supervisor::seatOf(const Instance& instance) const {
  Seat seat;
  seat.config = current.config;
  seat.instance = &instance;
  seat.library = current.libraries.at(instance.name).path;
  seat.executable = preparation.executable;
  auto add = [&](const std::string& folder) {
    seat.policyPath += (seat.policyPath.empty() ? "" : ":") + folder;
  };
  for (auto folder : current.config->host().getPolicyPath()) add(folder.cStr());
  for (const auto& folder : preparation.load.policyPath) add(folder);
  add(current.config->folder());
  for (const auto& listener : instance.listeners) {
    auto socket = current.sockets.find(listenKey(instance, listener));
    if (socket != current.sockets.end()) seat.listeners.emplace_back(listener.name, socket->second);
  }
  return seat;
}

EdgeLimits Supervisor::limitsOf(const std::string& consumer) const {
  const Instance* instance = current.config->instance(consumer);
  auto defaults = current.config->host().getEdge();
  EdgeLimits limits{defaults.getInFlightMax(), defaults.getDeadline() * kj::MILLISECONDS};
  if (instance != nullptr && instance->inFlightMax != 0) limits.inFlightMax = instance->inFlightMax;
  if (instance != nullptr && instance->deadlineMs != 0)
    limits.deadline = instance->deadlineMs * kj::MILLISECONDS;
  return limits;
}

void Supervisor::wire() {
  std::vector<Wire> next;
  for (const auto& edge : current.graph.edges) {
    auto same = std::find_if(wires.begin(), wires.end(), [&](const Wire& wire) {
      return wire.edge.get() != nullptr && wire.what == edge;
    });
    if (same != wires.end()) {
      same->edge->meter().setLimits(limitsOf(edge.consumer));
      next.push_back(std::move(*same));
    } else {
      next.push_back({edge, kj::heap<Edge>(edge.consumer.c_str(), edge.requirement.c_str(),
                                           edge.provider.c_str(), limitsOf(edge.consumer),
                                           monotonic, parts.timer, parts.clock)});
    }
  }
  for (auto& wire : wires) {
    if (wire.edge.get() != nullptr) {
      wire.edge->disconnect(KJ_EXCEPTION(FAILED, "this edge was removed from the configuration",
                                         wire.what.consumer, wire.what.requirement,
                                         wire.what.provider));
    }
  }
  wires = std::move(next);
  for (auto& [name, instance] : instances) {
    if (instance->state() == LifeState::active) up(*instance);
  }
}

void Supervisor::up(Supervised& instance) {
  for (auto& wire : wires) {
    if (wire.what.provider != instance.name() || wire.edge->connected()) continue;
    KJ_IF_MAYBE (capability, instance.provided(wire.what.interface.typeId)) {
      wire.edge->connect(kj::mv(*capability));
    }
  }
}

void Supervisor::down(Supervised& instance, const kj::Exception& why) {
  for (auto& wire : wires) {
    if (wire.what.provider == instance.name()) wire.edge->disconnect(kj::cp(why));
  }
}

std::vector<Supervised::Owner::GrantedEdge> Supervisor::grantsOf(Supervised& instance) {
  std::vector<GrantedEdge> granted;
  for (auto& wire : wires) {
    if (wire.what.consumer != instance.name()) continue;
    granted.push_back({wire.what.requirement, wire.what.provider, wire.what.interface.typeId,
                       wire.edge->client()});
  }
  return granted;
}

kj::Promise<void> Supervisor::start(Prepared config) {
  current = std::move(config);
  redactor.add(*current.config);
  for (const auto& instance : current.config->instances()) {
    instances[instance.name] =
        kj::heap<Supervised>(seatOf(instance), parts, static_cast<Supervised::Owner&>(*this));
  }
  wire();
  std::set<std::string> all(current.graph.startOrder.begin(), current.graph.startOrder.end());
  return beginAll(std::move(all)).then([this]() {
    if (hostState == admin::HostState::STARTING) hostState = admin::HostState::RUNNING;
  });
}

kj::Promise<void> Supervisor::beginAll(std::set<std::string> names) {
  auto begun = std::make_shared<std::map<std::string, kj::ForkedPromise<void>>>();
  kj::Vector<kj::Promise<void>> all;
  for (const auto& name : current.graph.startOrder) {
    if (!names.count(name)) continue;
    kj::Vector<kj::Promise<void>> providers;
    for (const auto& edge : current.graph.edges) {
      auto provider = begun->find(edge.provider);
      if (edge.consumer == name && provider != begun->end())
        providers.add(provider->second.addBranch());
    }
    auto settled = kj::joinPromises(providers.releaseAsArray())
                       .then([this, name]() -> kj::Promise<void> {
                         auto found = instances.find(name);
                         if (found == instances.end()) return kj::READY_NOW;
                         found->second->begin();
                         return found->second->whenSettled();
                       })
                       .fork();
    all.add(settled.addBranch());
    begun->emplace(name, kj::mv(settled));
  }
  return kj::joinPromises(all.releaseAsArray()).attach(std::move(begun));
}

kj::Promise<void> Supervisor::endAll(const graph::Graph& order, std::set<std::string> names,
                                     kj::Duration deadline,
                                     kj::Function<kj::Exception(const std::string&)> why) {
  auto ended = std::make_shared<std::map<std::string, kj::ForkedPromise<void>>>();
  kj::Vector<kj::Promise<void>> all;
  for (auto name = order.startOrder.rbegin(); name != order.startOrder.rend(); ++name) {
    if (!names.count(*name) || !instances.count(*name)) continue;
    kj::Vector<kj::Promise<void>> consumers;
    for (const auto& edge : order.edges) {
      auto consumer = ended->find(edge.consumer);
      if (edge.provider == *name && consumer != ended->end())
        consumers.add(consumer->second.addBranch());
    }
    auto done = kj::joinPromises(consumers.releaseAsArray())
                    .then([this, name = *name, deadline, reason = why(*name)]() mutable {
                      return instances.at(name)->end(deadline, kj::mv(reason));
                    })
                    .fork();
    all.add(done.addBranch());
    ended->emplace(*name, kj::mv(done));
  }
  return kj::joinPromises(all.releaseAsArray()).attach(std::move(ended));
}

kj::Promise<void> Supervisor::shutDown(kj::Duration deadline) {
  hostState = admin::HostState::DRAINING;
  last = kj::Promise<void>(kj::READY_NOW).fork();
  std::set<std::string> all;
  for (const auto& [name, instance] : instances) all.insert(name);
  return endAll(current.graph, std::move(all), deadline, [](const std::string& name) {
    return KJ_EXCEPTION(DISCONNECTED, "the host is shutting down", name);
  });
}

}  // namespace maitred::host
