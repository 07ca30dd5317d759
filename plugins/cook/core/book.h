#pragma once
// Book: every job that the queue knows, and the only place where jobs change. It keeps the ranking
// and the indexes in step, and remembers what changed since it was last asked, so that the owner
// can make it durable.

#include "groups.h"
#include "head-rule.h"
#include "investigations.h"
#include "pools.h"
#include "progress.h"
#include "ranking.h"
#include "transitions.h"
#include "uuid-table.h"
#include "watcher.h"

#include <array>
#include <memory>
#include <unordered_map>

namespace maitred::cook {

// Where an instance was put.
struct Seat {
  std::string cluster;
  std::string nodeId;
  std::string hostname;
};

// News of an instance. Empty texts and absent values change nothing.
struct Report {
  std::optional<InstanceStatus> status;
  int reason = 0;  // a code; kept only where none was recorded before
  std::int64_t atMs = 0;
  std::optional<int> exitCode;
  std::string hostname, nodeId, sandboxUrl, sandboxPath, message;
  std::vector<std::uint16_t> ports;
  std::optional<std::int64_t> unreachableMs;  // 0 = it is back
};

class Book {
 public:
  explicit Book(MeaCulpaLimits limits = {}) : limits_(std::move(limits)) {}
  Book(const Book&) = delete;

  const MeaCulpaLimits& limits() const { return limits_; }
  void setLimits(MeaCulpaLimits limits) { limits_ = std::move(limits); }

  // --- Pools. Their names are resolved ones, see Pools::resolve(). ---
  const Pools& pools() const { return pools_; }
  // Jobs, shares and quotas of pools that are gone stay.
  void setPools(Pools pools) {
    pools_ = std::move(pools);
    if (watcher != nullptr) watcher->poolsChanged();
  }
  Shares& shares(const std::string& pool) { return partitions[pool].shares; }
  Quotas& quotas(const std::string& pool) { return partitions[pool].quotas; }
  const PoolRanking& ranking(const std::string& pool) { return partitions[pool].ranking; }
  // See PoolRanking::takeChanged(): for one who asks.
  PoolRanking::Changed takeChangedUsers(const std::string& pool) {
    return partitions[pool].ranking.takeChanged();
  }
  // For those who walk it, which brings it up to date.
  PoolRanking& rankingOf(const std::string& pool) { return partitions[pool].ranking; }
  HeadRule& headRule(const std::string& pool) { return partitions[pool].head; }
  // Hears of every change from now on; null: nobody does.
  void watch(Watcher* value) { watcher = value; }
  // A scorer decides otherwise than before, although it is the same object.
  void rescore();
  // What live instances hold in a pool, of one user and of all. Instances that are being killed
  // count until their end is confirmed.
  Usage usage(const std::string& pool, const std::string& user) const;
  Usage usage(const std::string& pool) const;
  // The jobs that have those instances, in the order of the ranking. A killed one is `completed`
  // although its instance is not over.
  std::vector<Job*> liveJobs(const std::string& pool, const std::string& user) const;

  // A job that is durable already: new ones right after their record was written, all of them at
  // the start. `order` and `sequence` must be set and unique; see the two below. Null: the id is
  // taken.
  Job* add(Job job);
  std::uint64_t nextOrder() { return ++lastOrder; }
  std::uint64_t nextSequence() { return ++lastSequence; }
  // Numbers up to these were given to jobs that are forgotten by now.
  void startAfter(std::uint64_t order, std::uint64_t sequence) {
    lastOrder = std::max(lastOrder, order);
    lastSequence = std::max(lastSequence, sequence);
  }
  // A group that is durable already, before its jobs; nothing happens if it is known. It goes with
  // the last of its jobs.
  void addGroup(GroupSpec spec, std::int64_t createdMs);
  // Applies the job's rule to it as it stands: heals what a crash left half done.
  void settle(Job& job, std::int64_t nowMs);

  Job* find(const Uuid& id) const;
  struct Found {
    Job* job = nullptr;
    Instance* instance = nullptr;
    explicit operator bool() const { return instance != nullptr; }
  };
  Found findTask(const Uuid& taskId) const;

  // A new instance, status unknown; null unless the job waits and has no live one.
  Instance* start(Job& job, const Uuid& taskId, const Seat& seat, std::int64_t nowMs);
  // The instance never ran: as if it had not been started. Nothing happens to one that is over.
  bool withdraw(const Uuid& taskId, std::int64_t nowMs);
  // False: nothing changed. First terminal status wins.
  bool report(const Uuid& taskId, const Report& report, std::int64_t nowMs);
  // The job is completed; its live instance gets the reason and is for the owner to stop.
  bool kill(Job& job, std::int64_t nowMs);
  // Sets how many attempts the job has. One that ended without a success and has attempts left then
  // waits again; one that succeeded stays completed. False: nothing changed. The caller has checked
  // that maxRetries is above 0 and not below the attempts that are used up.
  bool retry(Job& job, std::int64_t maxRetries, std::int64_t nowMs);
  // Marks one instance for killing; the job goes on with its next attempt.
  bool cancel(const Uuid& taskId);
  // The queue itself stops an instance: it has failed from now on, with that reason unless it has
  // one, and the job goes on. Its task is for the owner to stop; until report() tells its end the
  // job is not started again. False: it is over already, or being killed.
  enum class Stop : std::uint8_t { plain, preemption };
  bool fail(const Uuid& taskId, int reason, Stop stop, std::int64_t nowMs);
  // What an instance has told of its progress, also after its end: the last words come late. It
  // decides nothing and no watcher hears of it. False: nothing changed.
  bool progress(const Uuid& taskId, const ProgressReport& report);
  // Only completed jobs without an instance whose task may be there.
  void forget(Job& job);

  // Where a group's live instances are.
  const Cohosts& cohosts(const Uuid& group) const;
  // The groups of which something is live.
  std::vector<const GroupSpec*> liveGroups() const;

  // Jobs whose next failed match is to be explained.
  Investigations& investigations() { return investigations_; }

  // A launch of the job was refused: it is out of the queue until the returned time, which is now
  // for the first refusal and later each time after that, and at least `retryAfterMs` away. Once an
  // instance of it has run, all is forgotten. Times are of a clock that does not jump.
  std::int64_t postpone(Job& job, std::int64_t nowMs, std::int64_t retryAfterMs = 0);
  // Somebody else wants the job not to be started until then: it is out of the queue likewise, and
  // no refusal is counted.
  void defer(Job& job, std::int64_t untilMs);
  // Puts back those whose time has come; a cycle does so first. Who postpones asks for a cycle
  // then.
  void wake(std::int64_t nowMs);
  // When the next one's comes; nothing if none is put off.
  std::optional<std::int64_t> nextWakeMs() const;
  std::size_t postponedCount() const { return due.size(); }
  // Calls each(job) for those that are put off, by time.
  template <typename Each>
  void eachPostponed(Each&& each) const {
    for (const auto& [time, order, job] : due) each(*job);
  }
  // Until when a job is out of the queue; nothing: it is not.
  std::optional<std::int64_t> postponedUntil(const Job& job) const;

  struct Change {
    Job* job;
    std::vector<Uuid> touched;    // instances to write
    std::vector<Uuid> withdrawn;  // instances to delete
  };
  // What changed since the last call, at most `most` jobs, in no particular order.
  std::vector<Change> takeChanges(std::size_t most);
  bool hasChanges() const { return !changes.empty(); }
  // Puts back what could not be written.
  void giveBack(std::vector<Change> changes);

  // --- Indexes ---
  using Window = FlatIndex<std::pair<std::int64_t, std::uint64_t>, Job*>;  // by time, then order
  const Window* submittedBy(const std::string& user) const;
  const Window& completed() const { return byCompletion; }
  const std::map<std::string, Window>& users() const { return byUser; }
  const FlatIndex<std::uint64_t, Job*>& bySequence() const { return changed; }
  std::size_t count(JobState state) const { return counts[static_cast<std::size_t>(state)]; }
  std::size_t size() const { return jobs.size(); }
  bool groupExists(const Uuid& group) const { return groups.contains(group); }
  // Null: it does not exist.
  const GroupSpec* group(const Uuid& id) const;
  // Whether the group has a say in where its instances run.
  bool isPlaced(const Uuid& id) const {
    const GroupSpec* its = group(id);
    return its != nullptr && its->placement.type != HostPlacement::Type::all;
  }
  // Groups that were created before that time and that no job has joined.
  std::vector<Uuid> emptyGroups(std::int64_t beforeMs) const;
  void forgetGroup(const Uuid& id);  // only one without jobs
  // The jobs of a group in the order of their creation; none if it does not exist.
  std::vector<Job*> jobsOf(const Uuid& group) const;
  std::uint64_t sequence() const { return lastSequence; }
  std::uint64_t order() const { return lastOrder; }

  template <typename Each>
  void each(Each&& each) const {
    jobs.each([&](const JobSlot& slot) { each(*slot.job); });
  }
  // Calls each(job) for all that have a live instance, in an order that is the same each time.
  template <typename Each>
  void eachLive(Each&& each) const {
    for (const auto& [name, partition] : partitions) {
      for (const auto& [user, held] : partition.ranking.users()) held.tasks.eachRunning(each);
    }
  }
  // The jobs with an instance that has failed and whose task may still be there, by age.
  const std::map<std::uint64_t, Job*>& ending() const { return ending_; }

 private:
  struct JobSlot {
    std::unique_ptr<Job> job;
    const Uuid& id() const { return job->spec.id; }
    bool empty() const { return job == nullptr; }
  };
  struct TaskSlot {
    Uuid task;
    Job* job = nullptr;
    const Uuid& id() const { return task; }
    bool empty() const { return job == nullptr; }
  };
  struct Partition {
    PoolRanking ranking;
    Shares shares;
    Quotas quotas;
    HeadRule head;
  };
  struct Postponed {
    int refusals = 0;
    std::int64_t untilMs = 0;  // of those that are out of the queue
    bool out = false;
  };
  struct GroupSlot {
    GroupSpec spec;
    std::int64_t createdMs = 0;
    std::map<std::uint64_t, Job*> jobs;  // by order of creation
    Cohosts live;
  };
  MeaCulpaLimits limits_;
  UuidTable<JobSlot> jobs;
  UuidTable<TaskSlot> tasks;
  Pools pools_;
  std::map<std::string, Partition> partitions;
  std::map<std::string, Window> byUser;
  Window byCompletion;
  FlatIndex<std::uint64_t, Job*> changed;
  std::map<Uuid, GroupSlot> groups;
  std::set<Uuid> withoutJobs;  // groups
  std::map<std::uint64_t, Job*> ending_;  // by order of creation
  Investigations investigations_;
  std::unordered_map<Job*, Change> changes;
  std::unordered_map<const Job*, Postponed> postponed;
  std::set<std::tuple<std::int64_t, std::uint64_t, Job*>> due;  // by time, then order
  std::array<std::size_t, 3> counts{};
  std::uint64_t lastOrder = 0;
  std::uint64_t lastSequence = 0;
  Watcher* watcher = nullptr;

  // Every change of a job goes through here: out of the indexes, changed, state derived, in again.
  template <typename Changer>
  void change(Job& job, std::int64_t nowMs, Changer&& changer);
  void derive(Job& job, std::int64_t nowMs);
  bool isOut(const Job& job) const;
  void takeBack(Job& job);
  void putOff(Job& job, std::int64_t untilMs);
  void join(Job& job);
  void enter(Job& job);
  void leave(Job& job);
  void countLive(const Job& job, const Instance& live, int change);
  Change& touch(Job& job);
};

}  // namespace maitred::cook
