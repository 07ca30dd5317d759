// What the queue tells about itself: why it is degraded, and its metrics.

#include "batch-queue.h"

namespace maitred::cook {
namespace {

metrics::Gauge& userGauge(metrics::Registry& registry, const std::string& pool,
                          const std::string& user, const char* state) {
  return registry.gauge("maitred_cook_user_jobs", "Jobs of a user",
                        {{"pool", pool}, {"user", user}, {"state", state}});
}

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

void BatchQueue::collectMetrics() {
  auto& registry = world.metrics;
  for (JobState state : {JobState::waiting, JobState::running, JobState::completed}) {
    registry.gauge("maitred_cook_jobs", "Jobs by state", {{"state", name(state)}})
        .set(jobs.count(state));
  }
  std::set<std::pair<std::string, std::string>> present;
  for (const Pool& pool : settings_.pools.all()) {
    std::size_t waiting = 0, running = 0;
    for (const auto& [user, held] : jobs.ranking(pool.name).users()) {
      if (held.tasks.empty()) continue;
      present.emplace(pool.name, user);
      waiting += held.tasks.waitingCount();
      running += held.tasks.runningCount();
      userGauge(registry, pool.name, user, "waiting").set(held.tasks.waitingCount());
      userGauge(registry, pool.name, user, "running").set(held.tasks.runningCount());
    }
    poolGauge(registry, pool.name, "waiting").set(waiting);
    poolGauge(registry, pool.name, "running").set(running);
  }
  for (const auto& [pool, user] : usersSeen) {
    if (present.contains({pool, user})) continue;
    for (const char* state : {"waiting", "running"}) {
      registry.remove("maitred_cook_user_jobs", {{"pool", pool}, {"user", user}, {"state", state}});
    }
  }
  usersSeen = std::move(present);
  policies.collect(registry);
  registry.gauge("maitred_cook_store_ok", "1 while the store takes writes")
      .set(journal_.trouble().empty() ? 1 : 0);
}

}  // namespace maitred::cook
