#pragma once
// Supervisor: all instances of a running host, the edges between them, and what operators do with
// them.
//
// Loop thread only. Operations (reload, drain, restart) run one after the other and carry on when
// whoever asked for them has gone.

#include "host/admin/control.h"
#include "host/config/redactor.h"
#include "host/graph/graph.h"
#include "host/runtime/edge.h"
#include "host/runtime/prepare.h"
#include "host/runtime/supervised.h"

#include <deque>

namespace maitred::host {

class LoopDelay;

class Supervisor final : public Control, private Supervised::Owner {
 public:
  // Everything referred to must outlive it. `version` is shown in the status.
  Supervisor(RuntimeParts parts, Preparation preparation, std::string version, LoopDelay& delay);
  ~Supervisor() noexcept(false);

  // Starts the instances, providers before their consumers, independent ones side by side; resolves
  // when each has either come up or failed for the first time. Once.
  kj::Promise<void> start(Prepared config);
  // Drains all in reverse order, each within the deadline, those that do not depend on each other
  // side by side. Whatever is under way is given up.
  kj::Promise<void> shutDown(kj::Duration deadline);
  // Resolves when somebody asked through Control::drain() that the host ends; that promise resolves
  // with it.
  kj::Promise<void> whenStopped() { return stopped.addBranch(); }

  // Called after each reload that was accepted, for what belongs to no instance.
  void onReload(kj::Function<kj::Promise<void>()> refresh) { refreshers.add(kj::mv(refresh)); }

  bool draining() const { return hostState == admin::HostState::DRAINING; }

  void status(admin::HostStatus::Builder out) override;
  void grants(admin::Admin::GrantsResults::Builder out) override;
  kj::Promise<ReloadReport> reload(bool dryRun) override;
  kj::Promise<void> drain(kj::StringPtr instance, uint32_t deadlineMs) override;
  kj::Promise<void> restart(kj::StringPtr instance) override;
  kj::Promise<std::vector<InstanceMetrics>> instanceMetrics() override;
  kj::Promise<kj::String> ask(kj::StringPtr instance, kj::StringPtr name,
                              kj::StringPtr input) override;
  std::string effectiveConfig() override;
  std::string masked(std::string_view text) override { return redactor(text); }

 private:
  struct Wire {
    graph::Edge what;
    kj::Own<Edge> edge;
  };

  void up(Supervised& instance) override;
  void down(Supervised& instance, const kj::Exception& why) override;
  std::vector<GrantedEdge> grantsOf(Supervised& instance) override;

  Supervised& find(kj::StringPtr instance);
  Seat seatOf(const Instance& instance) const;
  kj::Duration drainDeadline(uint32_t deadlineMs) const;
  EdgeLimits limitsOf(const std::string& consumer) const;
  // Makes the edges of the current graph; keeps those that were there before.
  void wire();
  // Begins the named instances in the start order, each once its providers among them have settled.
  kj::Promise<void> beginAll(std::set<std::string> names);
  kj::Promise<void> endAll(const graph::Graph& order, std::set<std::string> names,
                           kj::Duration deadline,
                           kj::Function<kj::Exception(const std::string&)> why);
  // Runs an operation after those before it; it is not given up with the returned promise.
  template <typename T>
  kj::Promise<T> inTurn(kj::Function<kj::Promise<T>()> operation);

  Async<ReloadReport> reloadNow(bool dryRun);
  Async<void> apply(Prepared next, const ConfigDiff& diff, ReloadReport& report);
  kj::Promise<void> refreshAll();
  Async<void> reconfigure(const std::string& name, ReloadChange& change,
                          std::set<std::string>& toRestart);
  void addNewLibraries(const Prepared& next, ConfigDiff& diff, ReloadReport& report);
  static std::string inlineStays(const std::string& library);
  void describeHostChanges(const ConfigDiff& diff, ReloadReport& report);
  Async<void> restartNow(std::string name);
  Async<void> drainHost(uint32_t deadlineMs);

  RuntimeParts parts;
  Preparation preparation;
  std::string version;
  LoopDelay& delay;
  const kj::MonotonicClock& monotonic;
  int64_t startedAt;
  admin::HostState hostState = admin::HostState::STARTING;
  Prepared current;
  Redactor redactor;
  std::vector<Wire> wires;
  std::map<std::string, kj::Own<Supervised>> instances;
  kj::Vector<kj::Function<kj::Promise<void>()>> refreshers;
  kj::Own<kj::PromiseFulfiller<void>> stopping;
  kj::ForkedPromise<void> stopped;
  kj::ForkedPromise<void> last;  // the operation before the next one; never rejected
};

}  // namespace maitred::host
