// How the queue asks its policies: in rounds, of which each has one time and one state.

#include "batch-queue.h"

namespace maitred::cook {

QueueOptions BatchQueue::queueOptions(const Pool& pool) {
  return {.pool = pool.name,
          .overQuotaMost = settings_.overQuotaMost,
          .jobMemMost = settings_.jobMemMost,
          .jobCpusMost = settings_.jobCpusMost,
          .launchTokens = launchRates.tokens(pool.name, jobs.quotas(pool.name), steadyMs())};
}

CycleOptions BatchQueue::cycleOptions(const Pool& pool) {
  auto own = settings_.schedulers.find(pool.name);
  const SchedulerSettings& scheduler =
      own == settings_.schedulers.end() ? settings_.scheduler : own->second;
  return {queueOptions(pool), scheduler.considerable, scheduler.head, scheduler.goodEnough,
          steadyMs(), placementNow()};
}

void BatchQueue::beginRound(const Pool& pool) {
  PolicyClock now = PolicyClock::at(nowMs());
  std::uint64_t capacity = nodes_.capacityGeneration();
  bool same = now == clock && capacity == capacitySeen;
  if (policies.watchTime() && !same) jobs.rescore();
  clock = now;
  capacitySeen = capacity;
  policies.begin({&jobs, &nodes_, pool.name, clock});
}

void BatchQueue::followTime() {
  if (!policies.watchTime() || jobs.count(JobState::waiting) == 0) return;
  if (!(PolicyClock::at(nowMs()) == clock)) kick();
}

std::vector<Job*> BatchQueue::ranked(const Pool& pool, std::size_t most) {
  beginRound(pool);
  return firstOf(jobs, queueOptions(pool), policies.scorer(pool.druMode), most);
}

Snapshot BatchQueue::policyInputs(const Pool& pool, const SnapshotLimits& limits) {
  Snapshot snapshot = takeSnapshot(jobs, nodes_, cycleOptions(pool), limits);
  snapshot.instance = world.instance;
  snapshot.takenMs = nowMs();
  snapshot.clock = PolicyClock::at(snapshot.takenMs);
  snapshot.policies = policies.inForce();
  return snapshot;
}

}  // namespace maitred::cook
