#pragma once
// Supervised: one instance of the config, kept alive. It runs the Machine's decisions: starts
// incarnations, asks for their health, watches their memory, kills, backs off, drains.
//
// Loop thread only. Destroying it kills what runs.

#include "host/config/config.h"
#include "host/runtime/host-services.h"
#include "host/runtime/incarnation.h"
#include "host/runtime/listen-socket.h"
#include "host/runtime/machine.h"
#include "host/runtime/membrane.h"

#include <maitred/async.h>
#include <maitred/schema/admin.capnp.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace maitred::host {

class Logs;

// What an instance is, by one config.
struct Seat {
  std::shared_ptr<const LoadedConfig> config;  // keeps `instance` alive
  const Instance* instance = nullptr;
  std::string library;     // absolute path of the .so
  std::string executable;  // of workers
  std::string policyPath;  // colon separated
  std::vector<std::pair<std::string, std::shared_ptr<ListenSocket>>> listeners;
};

struct RuntimeParts {
  LoopIo io;
  kj::Timer& timer;
  const kj::Clock& clock;
  Logs& logs;
  std::function<double()> random;  // from 0 up to below 1
};

constexpr kj::Duration killAfter = 1 * kj::SECONDS;  // from the first signal to SIGKILL

class Supervised {
 public:
  // What it asks of the supervisor, which knows the edges.
  class Owner {
   public:
    // Acts now: its capabilities can be used.
    virtual void up(Supervised& instance) = 0;
    // They are about to break.
    virtual void down(Supervised& instance, const kj::Exception& why) = 0;
    struct GrantedEdge {
      std::string requirement, provider;
      uint64_t interfaceId;
      capnp::Capability::Client client;
    };
    virtual std::vector<GrantedEdge> grantsOf(Supervised& instance) = 0;
  };

  Supervised(Seat seat, RuntimeParts& parts, Owner& owner);
  ~Supervised() noexcept(false);
  KJ_DISALLOW_COPY(Supervised);

  const std::string& name() const { return instanceName; }
  const Seat& seat() const { return place; }
  LifeState state() const { return machine.state(); }
  // The stamp of the library's file when its present or last code was loaded; empty before the
  // first time. Inline code stays what it was at first for as long as the host runs.
  std::string loadedStamp() const;

  // From stopped, failed or backing off; forgets crashes. Does nothing while it runs.
  void begin();
  // Resolves when the first attempt after begin() has ended in active, backing off, failed or
  // stopped.
  kj::Promise<void> whenSettled() { return settled.addBranch(); }

  // Asks it to drain, ends it, and resolves when it is gone: stopped. Capabilities that others hold
  // of it then answer `why`. A failed one stays failed.
  kj::Promise<void> end(kj::Duration deadline, kj::Exception why);

  struct Outcome {
    enum Kind { applied, needsRestart, rejected } kind;
    std::string detail;
  };
  // Plugin.reconfigure with the seat's config; takes the seat if applied. One that does not run
  // takes it as is.
  kj::Promise<Outcome> reconfigure(Seat next);
  // For the next begin(); only while nothing runs.
  void reseat(Seat next);

  // Its Plugin, behind its membrane, while an incarnation is up.
  kj::Maybe<plugin::Plugin::Client> running();
  // What it provides while active.
  kj::Maybe<capnp::Capability::Client> provided(uint64_t interfaceId);

  void describe(admin::InstanceStatus::Builder out);

 private:
  Async<void> supervise();
  Async<void> live();
  Async<void> start();
  Async<void> tick();
  Async<void> endRunning(kj::Duration deadline, kj::Exception why);
  void askHealth();
  // Ends the incarnation against its will; only the first reason counts. Signal 0 hangs up instead.
  // What remains after a second gets SIGKILL.
  void kill(std::string why, int firstSignal);
  void cut(const kj::Exception& why);
  void noteFailure(const std::string& how);
  void noteState();
  void settle();
  Launch launch();
  LifePolicy lifePolicy() const;
  uint64_t memoryLimit() const;
  Moment now() const;

  Seat place;
  RuntimeParts& parts;
  Owner& owner;
  std::string instanceName;
  Machine machine;
  HostServices services;

  bool endWanted = false;
  bool hungUp = false;   // its end was asked for, and is no failure
  bool lacking = false;  // the present start failed as OVERLOADED: no crash
  bool healthPending = false;
  std::string killReason;
  std::string launchedStamp;
  std::map<uint64_t, capnp::Capability::Client> capabilities;

  // For the status.
  LifeState shownState = LifeState::stopped;
  int64_t since;
  bool ready = false;
  std::string message;
  uint32_t loopDelayUs = 0;
  std::string lastFailure;
  int64_t lastFailureAt = 0;
  std::vector<std::string> postMortem;

  kj::Own<kj::PromiseFulfiller<void>> settling;
  kj::ForkedPromise<void> settled;
  kj::Own<Incarnation> incarnation;
  kj::Own<Revocable> membrane;
  kj::Maybe<plugin::Plugin::Client> client;
  kj::Promise<void> starting = nullptr;
  kj::Promise<void> ticking = nullptr;
  kj::Promise<void> healthCall = nullptr;
  kj::Promise<void> killer = nullptr;
  kj::ForkedPromise<void> supervising;
};

}  // namespace maitred::host
