#pragma once
// LocalRunner: runs tasks as processes of this machine, behind backend::Server, which does the
// contract's work.
//
// It holds no truth of its own: a task's folder does. What comes quickly by datagram is only a
// hint, so that a plugin that was killed at any moment finds everything again by reading the
// folders.

#include "event-socket.h"
#include "settings.h"
#include "spawner/spawner.h"
#include "task-facts.h"
#include "work-folder.h"

#include <maitred/backend/server.h>
#include <maitred/context.h>

#include <map>
#include <set>
#include <unordered_map>

namespace maitred::local {

// After so many rounds of housekeeping without a word a task is unreachable.
inline constexpr int SILENT_ROUNDS = 2;

class LocalRunner final : public backend::TaskRunner,
                          private Spawner::Observer,
                          private kj::TaskSet::ErrorHandler {
 public:
  // Takes the work folder and forks the spawner, so call it before threads exist. Blocks for some
  // system calls.
  LocalRunner(Settings settings, Context& context);
  ~LocalRunner() noexcept(false);

  // Adopts what an earlier life left; after that consumers are served.
  kj::Promise<void> start();
  backend::Backend::Client client() { return server.client(); }
  void drain() { server.drain(); }
  // Takes over what can be changed while tasks run: nodes, accounts, retention, limits of fetching,
  // environment, URLs. Running tasks keep what they were started with. What else has changed needs
  // a restart: then nothing is taken over, and the answer says what it is.
  std::string reconfigure(Settings next);
  // Why no task can be started at present; empty if all is well.
  const std::string& trouble() const { return writeFault; }
  void collectMetrics();

  // --- TaskRunner ---
  kj::Promise<std::vector<std::optional<backend::Rejection>>> launch(
      std::vector<backend::LaunchOrder> orders) override;
  void kill(backend::KillOrder order) override;
  kj::Promise<void> signal(const backend::TaskKey& key, uint8_t number) override;
  void recorded(const backend::TaskKey& key, const backend::Status& status) override;
  kj::Promise<backend::Sandbox::Client> sandbox(const backend::TaskKey& key) override;
  kj::Promise<std::vector<backend::ExplanationLine>> explain(const backend::TaskKey& key) override;

 private:
  struct Task {
    TaskFacts facts;
    uint64_t token = 0;                     // of the spawner; 0 = adopted
    std::shared_ptr<kj::AutoCloseFd> shim;  // adopted: its pidfd
    std::optional<EndFactsOnDisk> end;      // told, but not yet recorded by the consumer
    std::optional<kj::TimePoint> aliveAt;   // when its shim said last that it is there
    int silentRounds = 0;                   // of housekeeping, since it should have said so again
  };

  // --- Spawner::Observer ---
  void shimFailed(uint64_t token, int error) override;
  void shimGone(uint64_t token, int code) override;
  void spawnerLost(kj::Exception reason) override;
  void taskFailed(kj::Exception&& exception) override;

  // Of tasks that are found ended, or never started.
  struct Leftovers {
    std::vector<backend::TaskKey> folders;
    std::vector<decltype(TaskFacts::cgroups)> cgroups;
  };

  kj::Promise<void> adoptAll();
  void adopt(FoundTask found, Leftovers& left);
  kj::Promise<void> clear(Leftovers left);
  void watchShim(const backend::TaskKey& key);
  void onEvent(ShimEvent::Reader event);
  void started(Task& task, int64_t at);
  void finish(const backend::TaskKey& key, EndFactsOnDisk end);
  kj::Promise<void> lookAtFiles(backend::TaskKey key);
  kj::Promise<void> replaceSpawner();

  std::optional<backend::Rejection> take(backend::LaunchOrder& order, const AccountChoice& account);
  std::optional<backend::Rejection> known(const backend::LaunchOrder& order);
  std::optional<backend::Rejection> portsTaken(const backend::LaunchOrder& order);
  kj::Promise<std::vector<AccountChoice>> accountsFor(std::vector<std::string> submitters);
  void forkSpawner();

  kj::Promise<void> lookAfterFolder();  // retention, write trials, blocked ports; for ever
  kj::Promise<void> tidyUp();           // one round of those that use the disk
  void noticeSilence();
  void keep(const backend::TaskKey& key, int64_t endedAt);
  kj::Promise<void> markKept();
  kj::Promise<void> removeExpired();
  void offerPorts();

  Settings settings;
  Context& context;
  std::shared_ptr<WorkFolder> folder;  // shared with work on other threads
  CgroupPlace cgroups;
  std::string boot;
  EventSocket events;
  backend::Server server;
  kj::Own<Spawner> spawner;
  kj::AutoCloseFd starting;
  bool ready = false;

  std::map<backend::TaskKey, Task> tasks;  // until their end is recorded
  std::unordered_map<uint64_t, backend::TaskKey> byToken;
  uint64_t lastToken = 0;
  std::map<backend::TaskKey, KeptSandbox> kept;
  uint64_t keptBytes = 0;                  // of all of them
  std::vector<backend::TaskKey> unmarked;  // of them: whose files do not say yet that they are
  std::map<std::string, std::pair<AccountChoice, int64_t>> accountCache;  // until unix ns
  std::map<std::string, std::map<uint16_t, int64_t>> blockedPorts;        // node -> port -> until
  std::set<backend::TaskKey> unremovable;  // of `kept`: told of already
  std::string writeFault;
  bool tidyFault = false;  // likewise

  metrics::Counter& startedCount;
  metrics::Counter& refusedCount;
  metrics::Counter& adoptedCount;
  metrics::Gauge& tasksGauge;
  metrics::Gauge& keptGauge;
  kj::TaskSet background;
};

}  // namespace maitred::local
