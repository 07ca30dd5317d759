#include "host/runtime/supervised.h"

#include "host/base/failure.h"
#include "host/log/logs.h"
#include "host/plugins/file-stamp.h"
#include "host/plugins/load.h"

#include <kj/debug.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

namespace maitred::host {
namespace {

capnp::List<manifest::HostCapability>::Reader needsOf(const Instance& instance) {
  KJ_IF_MAYBE (manifest, instance.manifest()) {
    return manifest->getNeeds();
  }
  return {};
}

std::string hostFolder(const Seat& seat) {
  return std::string(seat.config->host().getState().cStr()) + "/.host/" + seat.instance->name;
}

std::string textOf(const kj::Exception& e) {
  return e.getDescription().cStr();
}

}  // namespace

Supervised::Supervised(Seat seat, RuntimeParts& parts, Owner& owner)
    : place(std::move(seat)),
      parts(parts),
      owner(owner),
      instanceName(place.instance->name),
      machine(lifePolicy(), parts.random),
      services(needsOf(*place.instance), hostFolder(place)),
      since((parts.clock.now() - kj::UNIX_EPOCH) / kj::NANOSECONDS),
      settled(kj::Promise<void>(kj::READY_NOW).fork()),
      supervising(kj::Promise<void>(kj::READY_NOW).fork()) {}

Supervised::~Supervised() noexcept(false) {
  if (membrane.get() != nullptr) {
    membrane->revoke(KJ_EXCEPTION(FAILED, "the instance has ended", instanceName));
  }
}

LifePolicy Supervised::lifePolicy() const {
  using std::chrono::milliseconds;
  auto worker = place.config->host().getWorker();
  LifePolicy policy;
  policy.heartbeat = milliseconds(worker.getHeartbeat());
  policy.misses = worker.getMisses();
  policy.crashLimit = worker.getCrashLimit();
  policy.crashWindow = milliseconds(worker.getCrashWindow());
  policy.healthyAfter = milliseconds(worker.getHealthyAfter());
  policy.startTimeout = milliseconds(worker.getStartTimeout());
  return policy;
}

uint64_t Supervised::memoryLimit() const {
  uint64_t own = place.instance->memoryLimit;
  return own != 0 ? own : place.config->host().getWorker().getMemory();
}

Moment Supervised::now() const {
  return Moment((parts.timer.now() - kj::origin<kj::TimePoint>()) / kj::NANOSECONDS);
}

void Supervised::begin() {
  if (machine.running()) return;
  endWanted = false;
  machine.begin(now(), true);
  auto pair = kj::newPromiseAndFulfiller<void>();
  settling = kj::mv(pair.fulfiller);
  settled = pair.promise.fork();
  noteState();
  // Begins in a later turn, so that a caller can finish its own books first.
  supervising = kj::evalLater([this]() -> kj::Promise<void> { return supervise(); })
                    .eagerlyEvaluate(nullptr)
                    .fork();
}

void Supervised::settle() {
  if (settling.get() != nullptr) settling->fulfill();
}

Async<void> Supervised::supervise() {
  for (;;) {
    co_await live();
    if (endWanted) {
      machine.ended();
      break;
    }
    if (lacking) {
      machine.lacking(now());
    } else if (!machine.crashed(now())) {
      parts.logs.host().error("instance '" + instanceName +
                              "' has failed too often and stays down; `maitred "
                              "ctl restart " +
                              instanceName + "` brings it back");
      break;
    }
    noteState();
    settle();
    while (machine.tick(now()) != Machine::Act::spawn) {
      co_await parts.timer.afterDelay((machine.retryAt() - now()).count() * kj::NANOSECONDS);
    }
    noteState();
  }
  noteState();
  settle();
}

std::string Supervised::loadedStamp() const {
  return place.instance->inlined ? stampWhenLoaded(place.library) : launchedStamp;
}

Launch Supervised::launch() {
  const auto& state = place.instance->stateDirectory;
  if (mkdir(state.c_str(), 0700) != 0 && errno != EEXIST) {
    kj::throwFatalException(failure(kj::Exception::Type::OVERLOADED, "the state folder ",
                                    state.c_str(), " cannot be made: ", strerror(errno)));
  }
  launchedStamp = fileStamp(place.library);
  Launch launch{place.executable,
                place.library,
                instanceName,
                state,
                place.policyPath,
                nameOf(parts.logs.level(instanceName)),
                {}};
  for (const auto& [name, socket] : place.listeners)
    launch.listeners.emplace_back(name, socket->fd());
  return launch;
}

// One incarnation, from its start until nothing of it is left.
Async<void> Supervised::live() {
  killReason.clear();
  lacking = false;
  hungUp = false;
  healthPending = false;
  auto& log = parts.logs.instance(instanceName);
  log.clearLastLines();
  KJ_IF_MAYBE (e, kj::runCatchingExceptions([&]() {
                 incarnation = place.instance->inlined ? openInline(launch(), parts.io, log)
                                                       : startWorker(launch(), parts.io, log);
               })) {
    lacking = e->getType() == kj::Exception::Type::OVERLOADED;
    noteFailure("it cannot be started: " + textOf(*e));
    co_return;
  }
  membrane = kj::refcounted<Revocable>();
  client = membrane->wrap(incarnation->plugin());
  noteState();
  starting = start().promise().eagerlyEvaluate([this](kj::Exception&& e) {
    // A lost connection has its reason in the worker's end.
    bool lost = e.getType() == kj::Exception::Type::DISCONNECTED;
    lacking =
        e.getType() == kj::Exception::Type::OVERLOADED && machine.state() == LifeState::starting;
    kill(lost ? "it ended during its start" : "start failed: " + textOf(e), 0);
  });
  ticking = tick().promise().eagerlyEvaluate(nullptr);
  std::string how = co_await incarnation->whenGone();
  cut(KJ_EXCEPTION(DISCONNECTED, "the instance has ended", instanceName));
  starting = nullptr;
  ticking = nullptr;
  killer = nullptr;
  healthCall = nullptr;
  bool orderly = hungUp && killReason.empty();
  if (!orderly) noteFailure(killReason.empty() ? how : killReason + " (" + how + ")");
  incarnation = nullptr;
}

Async<void> Supervised::start() {
  plugin::Plugin::Client plugin = KJ_REQUIRE_NONNULL(client);
  auto request = plugin.startRequest();
  request.setHost(makeHost(services));
  auto config = place.instance->config();
  if (!config.isNull()) request.initConfig().set(config);
  auto edges = owner.grantsOf(*this);
  auto grants = request.initGrants(edges.size());
  for (size_t i = 0; i < edges.size(); ++i) {
    grants[i].setRequirement(edges[i].requirement);
    grants[i].setInstance(edges[i].provider);
    grants[i].setInterfaceId(edges[i].interfaceId);
    grants[i].setCapability(edges[i].client);
  }
  auto started = co_await request.send();
  for (auto provided : started.getProvides()) {
    capabilities.insert_or_assign(provided.getInterfaceId(), provided.getCapability());
  }
  KJ_IF_MAYBE (manifest, place.instance->manifest()) {
    for (auto promised : manifest->getProvides()) {
      KJ_REQUIRE(capabilities.count(promised.getTypeId()) != 0,
                 "the plugin's manifest promises an interface that it does not provide",
                 promised.getName());
    }
  }
  if (machine.state() != LifeState::starting) co_return;  // it is being ended meanwhile
  machine.started(now());
  noteState();
  co_await plugin.activateRequest().send();
  if (machine.state() != LifeState::standby) co_return;
  machine.activated(now());
  ready = true;
  noteState();
  owner.up(*this);
  settle();
}

Async<void> Supervised::tick() {
  auto interval = place.config->host().getWorker().getHeartbeat() * kj::MILLISECONDS;
  while (killReason.empty()) {
    co_await parts.timer.afterDelay(interval);
    uint64_t limit = memoryLimit(), used = incarnation->memory();
    if (limit != 0 && used > limit) {
      kill("memory limit: " + std::to_string(used >> 20) + " MiB resident, " +
               std::to_string(limit >> 20) + " MiB allowed",
           SIGKILL);
      break;
    }
    switch (machine.tick(now())) {
      case Machine::Act::askHealth:
        askHealth();
        break;
      case Machine::Act::killHung:
        kill("heartbeat: health() was not answered in time", SIGABRT);
        break;
      case Machine::Act::killStart:
        kill("start timeout: start() did not finish in time", SIGABRT);
        break;
      case Machine::Act::nothing:
      case Machine::Act::spawn:
        break;
    }
  }
}

void Supervised::askHealth() {
  if (healthPending) return;  // the former is still unanswered: a miss
  healthPending = true;
  auto call = KJ_REQUIRE_NONNULL(client).healthRequest().send();
  healthCall = call.then([this](auto&& answer) {
                     healthPending = false;
                     machine.alive();
                     ready = answer.getReady() && machine.state() == LifeState::active;
                     message = answer.getMessage().cStr();
                     loopDelayUs = answer.getLoopDelayUs();
                     if (!answer.getLive())
                       kill("it reports itself as not live: " + message, SIGABRT);
                   })
                   .eagerlyEvaluate([this](kj::Exception&& e) {
                     // An error is no sign of life. A broken connection brings the end of the
                     // worker with it.
                     healthPending = false;
                     message = "health: " + textOf(e);
                     ready = false;
                   });
}

void Supervised::kill(std::string why, int firstSignal) {
  if (!killReason.empty() || hungUp || incarnation.get() == nullptr) return;
  killReason = std::move(why);
  parts.logs.host().error("instance '" + instanceName + "' is killed: " + killReason);
  // Callers need not wait until it is dead.
  cut(KJ_EXCEPTION(DISCONNECTED, "the instance is being restarted", instanceName, killReason));
  if (firstSignal == 0)
    incarnation->hangUp();
  else
    incarnation->signal(firstSignal);
  killer = parts.timer.afterDelay(killAfter)
               .then([this]() { incarnation->signal(SIGKILL); })
               .eagerlyEvaluate(nullptr);
}

void Supervised::cut(const kj::Exception& why) {
  owner.down(*this, why);
  ready = false;
  message.clear();
  capabilities.clear();
  client = nullptr;
  if (membrane.get() != nullptr) membrane->revoke(kj::cp(why));
  membrane = nullptr;
}

void Supervised::noteFailure(const std::string& how) {
  lastFailure = how;
  lastFailureAt = (parts.clock.now() - kj::UNIX_EPOCH) / kj::NANOSECONDS;
  postMortem = parts.logs.instance(instanceName).lastLines();
  parts.logs.host().error("instance '" + instanceName + "' ended: " + how);
}

void Supervised::noteState() {
  if (shownState == machine.state()) return;
  shownState = machine.state();
  since = (parts.clock.now() - kj::UNIX_EPOCH) / kj::NANOSECONDS;
  parts.logs.host().info("instance '" + instanceName + "' is " + nameOf(shownState));
}

void Supervised::reseat(Seat next) {
  KJ_REQUIRE(!machine.running());
  place = std::move(next);
  machine.adopt(lifePolicy());
  services.grant(needsOf(*place.instance));
}

kj::Maybe<plugin::Plugin::Client> Supervised::running() {
  KJ_IF_MAYBE (c, client) {
    return *c;
  }
  return nullptr;
}

kj::Maybe<capnp::Capability::Client> Supervised::provided(uint64_t interfaceId) {
  auto found = capabilities.find(interfaceId);
  if (machine.state() != LifeState::active || found == capabilities.end()) return nullptr;
  return found->second;
}

void Supervised::describe(admin::InstanceStatus::Builder out) {
  out.setName(instanceName);
  KJ_IF_MAYBE (manifest, place.instance->manifest()) {
    out.setPlugin(manifest->getName());
    out.setVersion(manifest->getVersion());
  }
  out.setIsolation(place.instance->inlined ? "inline" : "process");
  // The enums have the same order, the contract's with `unspecified` before it.
  out.setState(static_cast<admin::InstanceState>(static_cast<uint16_t>(machine.state()) + 1));
  out.setSince(since);
  out.setRestarts(machine.restarts());
  out.setReady(ready && machine.state() == LifeState::active);
  out.setMessage(message);
  out.setLoopDelayUs(loopDelayUs);
  out.setLastFailure(lastFailure);
  out.setLastFailureAt(lastFailureAt);
  if (incarnation.get() != nullptr) {
    out.setPid(incarnation->pid());
    out.setMemoryBytes(incarnation->memory());
  }
  auto lines = out.initLastLog(postMortem.size());
  for (size_t i = 0; i < postMortem.size(); ++i) lines.set(i, postMortem[i]);
  auto listeners = out.initListeners(place.listeners.size());
  for (size_t i = 0; i < place.listeners.size(); ++i) {
    listeners[i].setName(place.listeners[i].first);
    listeners[i].setAddress(place.listeners[i].second->boundTo());
  }
}

}  // namespace maitred::host
