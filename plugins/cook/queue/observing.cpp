// What the queue tells about itself: why it is degraded, and its metrics.

#include "batch-queue.h"

namespace maitred::cook {
namespace {

metrics::Gauge& poolGauge(metrics::Registry& registry, const std::string& pool, const char* state) {
  return registry.gauge("maitred_cook_pool_jobs", "Jobs of a pool that wait or have an instance",
                        {{"pool", pool}, {"state", state}});
}

}  // namespace

std::string BatchQueue::trouble() const {
  std::string text;
  auto add = [&](const std::string& more) {
    if (!more.empty()) text += (text.empty() ? "" : "; ") + more;
  };
  if (!journal_.trouble().empty()) add("the store fails: " + journal_.trouble());
  for (const auto& cluster : clusters_) {
    if (!cluster->attached()) {
      kj::StringPtr why = cluster->lastError();
      add("backend " + cluster->name() + " is not attached" +
          (why.size() == 0 ? "" : ": " + std::string(why.cStr())));
    }
  }
  if (!archiveFault.empty()) add("old jobs cannot be let go of: " + archiveFault);
  add(policies.trouble());
  return text;
}

void BatchQueue::countStarted(const Pool& pool, const std::vector<CycleResult::Started>& started) {
  counted.placements.add(started.size());
  for (const auto& one : started) {
    figures.began(pool.name, one.job->spec.user, one.job->instances.back().queueTimeMs);
  }
}

void BatchQueue::refused(const char* reason) {
  counted.refusals(reason).add();
}

void BatchQueue::noteHead(const Pool& pool, HeadRule::Note note) {
  std::string name = pool.name.empty() ? "the queue" : "pool " + pool.name;
  if (note == HeadRule::Note::stuck) {
    world.log.warning(name.c_str(),
                      ": its first job finds no room, so that only this one is considered; it may "
                      "ask for more than any node has");
  } else if (note == HeadRule::Note::gaveUp) {
    world.log.error(name.c_str(),
                    ": its first job has found no room for long; all jobs are "
                    "considered again");
  }
}

std::string BatchQueue::notes() const {
  std::string text;
  auto add = [&](const std::string& more) {
    if (!more.empty()) text += (text.empty() ? "" : "; ") + more;
  };
  add(policies.notes());
  add(extensionCalls.trouble());
  for (const auto& [cluster, one] : administrator.clusters()) {
    if (one.state == ClusterState::running) continue;
    add("backend " + cluster + " is set to " + name(one.state) + ": nothing is started there");
  }
  return text;
}

void BatchQueue::collectMetrics() {
  auto& registry = world.metrics;
  for (JobState state : {JobState::waiting, JobState::running, JobState::completed}) {
    registry.gauge("maitred_cook_jobs", "Jobs by state", {{"state", name(state)}})
        .set(jobs.count(state));
  }
  for (const Pool& pool : settings_.pools.all()) {
    const PoolRanking& ranking = jobs.ranking(pool.name);
    figures.update(pool.name, ranking, jobs.takeChangedUsers(pool.name), jobs.shares(pool.name),
                   jobs.quotas(pool.name), pool.druMode == DruMode::gpu);
    poolGauge(registry, pool.name, "waiting").set(ranking.waitingCount());
    poolGauge(registry, pool.name, "running").set(ranking.running().count);
  }
  policies.collect(registry);
  registry.gauge("maitred_cook_store_ok", "1 while the store takes writes")
      .set(journal_.trouble().empty() ? 1 : 0);
}

}  // namespace maitred::cook
