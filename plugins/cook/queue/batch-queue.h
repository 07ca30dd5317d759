#pragma once
// BatchQueue: the queue as it lives on a loop. Events (a submission, room, an end, a new policy)
// ask for a scheduling cycle, which runs once the loop has nothing more urgent; what it decides is
// written down and then launched.

#include "policies.h"

#include <backend/cluster.h>

#include <maitred/metrics.h>

#include <random>

namespace maitred::cook {

// Everything of the config that can change while the queue runs.
struct QueueSettings {
  std::string pool;  // name of the one pool; empty: none that clients see
  std::map<std::string, Shares::Entry> shares;
  MeaCulpaLimits meaCulpa;
  std::size_t considerable = 1000;
  double goodEnough = Matcher::GOOD_ENOUGH;
  std::int64_t unreachableMs = 600'000;
  std::int64_t runtimeMostMs = 3'600'000;
  std::int64_t keepCompletedMs = 7 * 86'400'000ll;
  std::size_t keepCompleted = 1'000'000;
  std::int64_t keepArchivedMs = 365 * 86'400'000ll;  // 0: for ever
};

struct QueueWorld {
  kj::Timer& timer;
  const kj::Clock& clock;
  log::Logger& log;
  metrics::Registry& metrics;
  std::string instance;               // the consumer's name
  std::array<std::uint64_t, 4> seed;  // entropy for task ids
};

class BatchQueue final : public ClusterOwner, private kj::TaskSet::ErrorHandler {
 public:
  // Takes the jobs of the store; attaches to nothing until activate(). Without an archive, old
  // completed jobs are deleted.
  BatchQueue(QueueWorld world, Records& records, Policies& policies, QueueSettings settings,
             std::vector<Job> jobs, Counters counters = {}, kj::Maybe<Archive&> archive = nullptr);
  ~BatchQueue() noexcept(false);

  // From here on it schedules and attaches.
  void activate(std::uint64_t fence,
                std::vector<std::pair<std::string, backend::Backend::Client>> backends);
  void configure(QueueSettings settings);
  void policiesChanged() {
    jobs.rescore();
    kick();
  }
  // No more placements; what was decided is still launched. Resolves when the journal is written.
  kj::Promise<void> drain();

  // Resolves when the jobs are durable; rejects, and forgets them, if they cannot be kept. The
  // caller has checked that no id is known(); time, pool and order are set here.
  kj::Promise<void> submit(std::vector<JobSpec> jobs);
  bool known(const Uuid& job) const { return jobs.find(job) != nullptr || journal_.pending(job); }
  // Resolve when durable. Unknown ids and what is over already are passed by.
  kj::Promise<void> kill(const std::vector<Uuid>& jobs, const std::vector<Uuid>& instances = {});

  Book& book() override { return jobs; }
  Journal& journal() override { return journal_; }
  const QueueSettings& settings() const { return settings_; }
  const std::vector<kj::Own<Cluster>>& clusters() const { return clusters_; }
  std::int64_t nowMs() override;
  std::int64_t steadyMs() override;
  // Calls back whenever more changes have become durable, until the returned guard is dropped.
  kj::Own<void> onChanges(kj::Function<void()> callback);

  // Why it is degraded; empty if all is well.
  std::string trouble() const;
  void collectMetrics();

 private:
  QueueWorld world;
  Policies& policies;
  QueueSettings settings_;
  Book jobs;
  NodeTable nodes_;
  Journal journal_;
  kj::Maybe<Archive&> archive;
  std::string archiveFault;
  std::mt19937_64 random;
  std::set<Uuid> silentTasks;
  // Shared with the guards, which may outlive the queue.
  struct Listeners : public kj::Refcounted {
    std::map<std::uint64_t, kj::Function<void()>> byId;
    std::uint64_t last = 0;
  };
  kj::Own<Listeners> listeners = kj::refcounted<Listeners>();
  bool active = false, draining = false, cycleDue = false;
  std::set<std::string> usersSeen;  // with a metric
  std::vector<kj::Own<Cluster>> clusters_;
  OwnedWork work;
  kj::TaskSet tasks;

  NodeTable& nodes() override { return nodes_; }
  log::Logger& log() override { return world.log; }
  kj::Timer& timer() override { return world.timer; }
  std::int64_t runtimeMostMs() override { return settings_.runtimeMostMs; }
  kj::StringPtr consumerName() override { return world.instance.c_str(); }
  void kick() override;
  void kickAt(std::int64_t steadyMs) override;
  void silent(const Uuid& taskId) override { silentTasks.insert(taskId); }
  void refused(const char* reason) override;

  void cycle();
  void launch(std::vector<CycleResult::Started> started);
  void applyShares();
  kj::Promise<void> keepHouse();
  kj::Promise<void> prune();
  void giveUpSilent();
  void stop(const std::vector<Uuid>& tasks);
  void taskFailed(kj::Exception&& exception) override;
};

}  // namespace maitred::cook
