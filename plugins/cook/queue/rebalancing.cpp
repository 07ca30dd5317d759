// When the rebalancer runs, and how its decisions are carried out.

#include "batch-queue.h"

namespace maitred::cook {
namespace {

std::string labelOf(const Pool& pool) {
  return pool.name.empty() ? "no-pool" : pool.name;
}

}  // namespace

kj::Promise<void> BatchQueue::rebalanceInTime() {
  return world.timer.afterDelay(settings_.rebalancer.intervalMs * kj::MILLISECONDS).then([this] {
    // What cannot be written down is not decided either.
    if (!draining && journal_.trouble().empty()) {
      KJ_IF_MAYBE (fault, kj::runCatchingExceptions([this] { rebalance(); })) {
        world.log.error("cannot rebalance: ", *fault);
      }
    }
    return rebalanceInTime();
  });
}

void BatchQueue::rebalance() {
  const RebalancerSettings& rules = settings_.rebalancer;
  for (const Pool& pool : settings_.pools.all()) {
    bool meant = rules.isOn() && pool.active && rules.poolRegex.isFoundIn(labelOf(pool));
    if (meant) {
      rebalance(pool);
    } else {
      nodes_.reservations().replace(pool.name, {});
    }
  }
  kick();
}

void BatchQueue::rebalance(const Pool& pool) {
  auto started = std::chrono::steady_clock::now();
  const RebalancerSettings& rules = settings_.rebalancer;
  RebalanceOptions options{queueOptions(pool), rules.preemptionMost, rules.scoreGainLeast,
                           rules.safeScore, settings_.placement};
  jobs.wake(steadyMs());
  RebalanceResult result = cook::rebalance(jobs, nodes_, policies.scorer(pool.druMode),
                                           policies.preemption(), options, nowMs());
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  counted.rebalanceSeconds.observe(took.count());
  if (result.policyFailed) counted.fallbackCycles.add();
  carryOut(pool, result);
}

void BatchQueue::carryOut(const Pool& pool, const RebalanceResult& result) {
  std::vector<Uuid> stopped;
  auto count = [&](const char* metric, const char* help, const Job& job) {
    world.metrics.counter(metric, help, {{"pool", labelOf(pool)}, {"user", job.spec.user.str()}})
        .add();
  };
  for (const Decision& one : result.decisions) {
    for (const Victim& victim : one.victims) {
      if (!jobs.fail(victim.taskId, Reason::PREEMPTED, Book::Stop::preemption, nowMs())) continue;
      stopped.push_back(victim.taskId);
      count("maitred_cook_preemptions_suffered_total", "Instances that were stopped for others",
            *victim.job);
      count("maitred_cook_preemptions_caused_total",
            "Instances that were stopped for a user's jobs", *one.job);
      world.log.info("instance ", victim.taskId.text().c_str(), " of ",
                     victim.job->spec.user.c_str(), " on ", one.hostname.c_str(),
                     " is stopped for job ", one.job->spec.id.text().c_str(), " of ",
                     one.job->spec.user.c_str(), "; its own job was preempted ",
                     victim.job->preemptions(), " times by now");
    }
  }
  nodes_.reservations().replace(pool.name, reservationsFor(result.decisions));
  stopFailed(std::move(stopped));
}

}  // namespace maitred::cook
