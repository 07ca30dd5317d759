#pragma once
// The simulated backend as a TaskRunner: lets a Cluster's events happen in time and serves
// sandboxes.

#include "core/cluster.h"

#include <maitred/backend/server.h>

#include <memory>

namespace maitred::sim {

class SimRunner final : public backend::TaskRunner, private kj::TaskSet::ErrorHandler {
 public:
  SimRunner(Settings settings, std::string clusterName, kj::Timer& timer, const kj::Clock& clock);
  // The backend of a cluster that is there already and outlives it: finds its nodes and tasks as a
  // backend does that was restarted. `life` counts the restarts: 1, 2, 3, …
  SimRunner(Cluster& world, std::string clusterName, uint64_t life, kj::Timer& timer,
            const kj::Clock& clock);

  backend::Server& server() { return core; }
  void script(const ScriptLine& line);
  // Makes something happen to a node, `atMs` from now.
  void change(Settings next);
  // See Cluster::change().

  kj::Promise<std::vector<std::optional<Rejection>>> launch(
      std::vector<backend::LaunchOrder> orders) override;
  void kill(backend::KillOrder order) override;
  kj::Promise<void> signal(const TaskKey& key, uint8_t number) override;
  void recorded(const TaskKey& key, const Status& status) override;
  kj::Promise<std::vector<backend::Finding>> reconcile(std::vector<TaskKey> keys,
                                                       kj::Duration deadline) override;
  kj::Promise<backend::Sandbox::Client> sandbox(const TaskKey& key) override;
  kj::Promise<std::vector<backend::ExplanationLine>> explain(const TaskKey& key) override;

 private:
  int64_t now() const;  // wall clock of the start plus the timer's progress: never jumps
  void advance();
  void tell(std::vector<Event> events);
  void setPools(const Settings& settings);
  void wake();
  void taskFailed(kj::Exception&& exception) override;

  kj::Timer& timer;
  kj::TimePoint startedAt;
  int64_t startedWall;
  std::unique_ptr<Cluster> own;
  Cluster& cluster;
  backend::Server core;
  std::map<TaskKey, kj::Own<backend::TaskSpec::Reader>> specs;
  std::optional<int64_t> alarmAt;
  kj::TaskSet tasks;
};

}  // namespace maitred::sim
