#pragma once
// BatchQueue: the queue as it lives on a loop. Events (a submission, room, an end, a new policy)
// ask for a scheduling cycle, which runs once the loop has nothing more urgent; what it decides is
// written down and then launched.

#include "administrator.h"
#include "completions.h"
#include "extensions.h"
#include "launch-filters.h"
#include "policies.h"
#include "queue-metrics.h"
#include "user-figures.h"

#include <policy/snapshot.h>

#include <backend/cluster.h>
#include <case/case-log.h>
#include <core/cluster-rates.h>
#include <core/launch-rates.h>
#include <core/pattern.h>
#include <core/rebalancer.h>
#include <core/runtimes.h>
#include <core/waiting.h>

#include <maitred/metrics.h>

#include <random>

namespace maitred::cook {

// How the jobs of a pool are matched with its nodes.
struct SchedulerSettings {
  std::size_t considerable = 1000;
  double goodEnough = MatchOptions::GOOD_ENOUGH;
  HeadRule::Pace head;
};

// See RebalanceOptions.
struct RebalancerSettings {
  std::int64_t intervalMs = 300'000;
  std::size_t preemptionMost = 0;  // 0: it is off
  double scoreGainLeast = 0;
  double safeScore = 1;
  Pattern poolRegex = ".*";  // of the pools in which it runs; found anywhere in their names
  bool isOn() const { return preemptionMost != 0; }
  bool operator==(const RebalancerSettings&) const = default;
};

// The launches of one cluster.
struct ClusterLaunchRate {
  Rate rate;
  bool enforce = false;
  bool operator==(const ClusterLaunchRate&) const = default;
};

// Everything of the config that can change while the queue runs.
struct QueueSettings {
  Pools pools;
  // What holds until an administrator sets something else; keys without a pool are the default
  // pool's.
  std::vector<ShareRow> shares;
  std::vector<QuotaRow> quotas;
  MeaCulpaLimits meaCulpa;
  SchedulerSettings scheduler;  // of pools that are not among these
  std::map<std::string, SchedulerSettings> schedulers;  // by pool
  std::size_t overQuotaMost = 100;  // see QueueOptions
  double jobMemMost = Quota::UNLIMITED;
  double jobCpusMost = Quota::UNLIMITED;
  bool enforceLaunchRates = false;
  std::map<std::string, ClusterLaunchRate> clusterRates = {};  // by the backend's instance
  std::int64_t rateIdleMs = 120 * 60'000;  // see RateLimiter::setIdleMs()
  std::int64_t unreachableMs = 600'000;
  RuntimeLimits runtimes;
  ExecutionSettings execution;
  std::int64_t runtimeIntervalMs = 60'000;  // between looks for what runs too long
  RebalancerSettings rebalancer;
  PlacementRules placement;
  ProgressLimits progress;
  ExtensionSettings extensions;
  LaunchFilterSettings launchFilters;
  std::int64_t completionDeadlineMs = 10'000;
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
  ExtensionProviders extensions = {};
};

// What can be said of a job, see BatchQueue::explain().
struct Explanation {
  std::optional<std::size_t> place;  // from 1, among those that may start; of one that waits
  bool placeOrMore = false;          // it is so far behind that nobody has counted
  std::size_t waitingInPool = 0;
  std::optional<double> score;       // by what decides between users now; of one that waits
  Usage running;                     // of its owner in the pool, as what follows
  Standing standing;
  Share share;
  Quota quota;
  std::vector<WaitingHistory::Entry> history;  // since this process started
};

// What the store held at the start.
struct StoreContents {
  std::vector<Job> jobs;
  Administration administration;
  Counters counters;
};

class BatchQueue final : public ClusterOwner, private kj::TaskSet::ErrorHandler {
 public:
  // Takes what the store has; attaches to nothing until activate(). Without an archive, old
  // completed jobs are deleted.
  BatchQueue(QueueWorld world, Records& records, Policies& policies, QueueSettings settings,
             StoreContents contents, kj::Maybe<Archive&> archive = nullptr);
  ~BatchQueue() noexcept(false);

  // From here on it schedules and attaches.
  void activate(std::uint64_t fence,
                std::vector<std::pair<std::string, backend::Backend::Client>> backends);
  void configure(QueueSettings settings);
  void policiesChanged() {
    jobs.rescore();
    kick();
  }
  // From now on cycles are recorded there, in files of some `sizeMost` bytes; null: they are not.
  void record(kj::Maybe<kj::Own<CaseSink>> sink, std::uint64_t sizeMost);
  // No more placements; what was decided is still launched. Resolves when the journal is written.
  kj::Promise<void> drain();

  // What other plugins and the admission policy make of a submission; it need not have any jobs.
  // First what they want to be otherwise, then, once the caller has found it sound, whether they
  // accept it.
  kj::Promise<Examined> amend(std::vector<JobSpec> jobs);
  kj::Promise<Examined> judge(std::vector<JobSpec> jobs, const JobLimits& limits);
  const Extensions& extensions() const { return extensions_; }
  const LaunchFilters& filters() const { return launchFilters; }
  std::vector<std::string> completionHandlers() const { return completions.instances(); }
  // Resolves when the jobs are durable; rejects, and forgets them, if they cannot be kept. The
  // caller has checked that no id is known() and that the pool is an active one: `pool`, or if that
  // is empty the one that the job names in submitPool. Time, pool and order are set here. A group
  // that is known stays as it is.
  kj::Promise<void> submit(std::vector<JobSpec> jobs, std::vector<GroupRow> groups = {});
  bool known(const Uuid& job) const { return jobs.find(job) != nullptr || journal_.pending(job); }
  bool knownGroup(const Uuid& id) const {
    return jobs.groupExists(id) || journal_.pendingGroup(id);
  }
  // Resolve when durable. Unknown ids and what is over already are passed by.
  kj::Promise<void> kill(const std::vector<Uuid>& jobs, const std::vector<Uuid>& instances = {},
                         std::vector<AuditLine> audit = {});
  // Gives jobs another number of attempts; those that are over and have one left wait again.
  struct NewRetries {
    Job* job;
    std::int64_t retries;
  };
  kj::Promise<void> retry(std::vector<NewRetries> changes, std::vector<AuditLine> audit);
  // See Administrator::administer().
  kj::Promise<void> administer(Administrator::Decide decide) {
    return work.run(administrator.administer(kj::mv(decide)));
  }

  Book& book() override { return jobs; }
  Journal& journal() override { return journal_; }
  const QueueSettings& settings() const { return settings_; }
  const Pools& pools() const { return settings_.pools; }
  const Entitlements& entitlements() const { return administrator.entitlements(); }
  // The first waiting jobs of a pool, in the order in which they would be served.
  std::vector<Job*> ranked(const Pool& pool, std::size_t most);
  // What an instance, known or not, tells of how far it is; seen and durable a little later.
  void progressed(const Uuid& taskId, ProgressReport report) override;
  // Why a waiting job is not matched is found out in the next cycle; see Book::investigations().
  void investigate(const Uuid& job);
  // Costs as much as there are jobs in front of it, up to a limit.
  Explanation explain(const Job& job);
  // Of one that waits. To ask the hosts costs as much as there are.
  WhyWaiting whyWaiting(const Job& job, bool askHosts);
  std::size_t hostCount() const { return nodes_.all().size(); }
  // What the policies would be asked about now.
  Snapshot policyInputs(const Pool& pool, const SnapshotLimits& limits);
  const std::vector<kj::Own<Cluster>>& clusters() const { return clusters_; }
  // Of those that are granted or of which something is set, by name.
  std::vector<ClusterSetting> clusterSettings() const;
  // Nothing: there is no such cluster.
  std::optional<ClusterSetting> clusterSetting(const std::string& name) const;
  const Administrator::Incremental& incremental() const { return administrator.incremental(); }
  // Whether a task is there, or may be.
  bool livesOn(const std::string& cluster) const;
  std::int64_t nowMs() override;
  std::int64_t steadyMs() override;
  // Calls back whenever more changes have become durable, until the returned guard is dropped.
  kj::Own<void> onChanges(kj::Function<void()> callback);

  // Why it is degraded; empty if all is well.
  std::string trouble() const;
  // What operators should know although it is not degraded.
  std::string notes() const;
  void collectMetrics();

 private:
  QueueWorld world;
  QueueMetrics counted{world.metrics};
  Policies& policies;
  QueueSettings settings_;
  Book jobs;
  NodeTable nodes_;
  LaunchRates launchRates;
  ClusterRates clusterRates;
  ProgressReports reports;
  std::set<std::int64_t> wakeUps;  // that are due, by the clock that does not jump
  ExtensionCalls extensionCalls;
  LaunchFilters launchFilters;
  Completions completions;
  Extensions extensions_;
  Journal journal_;
  Administrator administrator;
  kj::Maybe<Archive&> archive;
  std::string archiveFault;
  std::mt19937_64 random;
  // Since when we know that a task's node is silent, by the clock that does not jump.
  std::map<Uuid, std::int64_t> silentTasks;
  // Shared with the guards, which may outlive the queue.
  struct Listeners : public kj::Refcounted {
    std::map<std::uint64_t, kj::Function<void()>> byId;
    std::uint64_t last = 0;
  };
  kj::Own<Listeners> listeners = kj::refcounted<Listeners>();
  bool active = false, draining = false, cycleDue = false, publishing = false;
  PolicyClock clock;  // of the latest round
  std::uint64_t capacitySeen = 0;  // see NodeTable::capacityGeneration(); likewise
  UserFigures figures{world.metrics};
  WaitingHistory waits;
  std::vector<kj::Own<Cluster>> clusters_;
  kj::Own<CaseLog> cases;  // null: nothing is recorded
  OwnedWork work;
  kj::TaskSet tasks;
  kj::Promise<void> rebalancing = nullptr, watchingRuntimes = nullptr;
  std::int64_t bornMs = 0, bornSteadyMs = 0;  // when the queue was made, by either clock

  NodeTable& nodes() override { return nodes_; }
  log::Logger& log() override { return world.log; }
  kj::Timer& timer() override { return world.timer; }
  const RuntimeLimits& runtimeLimits() override { return settings_.runtimes; }
  const ExecutionSettings& execution() override { return settings_.execution; }
  kj::StringPtr consumerName() override { return world.instance.c_str(); }
  void kick() override;
  void kickAt(std::int64_t steadyMs) override;
  void silent(const Uuid& taskId) override { silentTasks.emplace(taskId, steadyMs()); }
  void refused(const char* reason) override;

  void cycle();
  // True: more jobs of the pool wait behind those that were considered.
  bool cycle(const Pool& pool);
  void noteWaiting(const CycleResult& result);
  void countStarted(const Pool& pool, const std::vector<CycleResult::Started>& started);
  void launch(std::vector<CycleResult::Started> started);
  void chooseExecutors(const std::vector<CycleResult::Started>& started);
  QueueOptions queueOptions(const Pool& pool);
  CycleOptions cycleOptions(const Pool& pool);
  // The configuration's rules, and where nothing may be started now.
  PlacementRules placementNow();
  void configureRates();
  void spendLaunches(const Pool& pool, const CycleResult& result);
  void spendOfUsers(const Pool& pool, const CycleResult& result);
  Async<Examined> admit(Examined examined);
  // About jobs that cycles have met, so that the next one knows.
  void askFilters();
  // Before policies are asked about a pool.
  void beginRound(const Pool& pool);
  // Policies that look at the time may decide otherwise at its next tick.
  void followTime();
  void noteHead(const Pool& pool, HeadRule::Note note);
  void killOffensive(const std::vector<Job*>& offensive);
  void applyEntitlements();
  void applyClusterStates();
  void warnOfLostPools();
  kj::Promise<void> keepHouse();
  kj::Promise<void> prune();
  void giveUpSilent();
  // At least so many, or all that there are; how many they were.
  std::size_t applyProgress(std::size_t least);
  kj::Promise<void> publishProgress();
  // Begin anew whenever the settings change; they end with the queue.
  void startTimers();
  kj::Promise<void> rebalanceInTime();
  void rebalance();
  void rebalance(const Pool& pool);
  void carryOut(const Pool& pool, const RebalanceResult& result);
  kj::Promise<void> watchRuntimes();
  std::int64_t ageingMs();
  void stopOverlong();
  // They have failed in the book: makes that durable, then ends their tasks.
  void stopFailed(std::vector<Uuid> tasks);
  void stop(const std::vector<Uuid>& tasks);
  void taskFailed(kj::Exception&& exception) override;
};

}  // namespace maitred::cook
