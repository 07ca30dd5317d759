// Where other plugins have their say: in what is submitted, and in what may start.

#include "batch-queue.h"

namespace maitred::cook {

kj::Promise<Examined> BatchQueue::amend(std::vector<JobSpec> specs) {
  for (JobSpec& spec : specs) {
    bool routed = extensions_.virtualPool(spec.submitPool) != nullptr;
    spec.pool = routed ? spec.submitPool : Symbol(settings_.pools.resolve(spec.submitPool));
  }
  return work.run(extensions_.amend(std::move(specs), settings_.pools)
                      .promise()
                      .then([this](Examined examined) -> kj::Promise<Examined> {
                        return admit(std::move(examined));
                      }));
}

// A large submission is looked at in parts, between which others have their turn.
Async<Examined> BatchQueue::admit(Examined examined) {
  constexpr std::size_t JOBS_AT_ONCE = 100;
  if (!examined.faults.empty() || !policies.admits()) co_return std::move(examined);
  for (std::size_t i = 0; i < examined.jobs.size(); ++i) {
    if (i % JOBS_AT_ONCE == JOBS_AT_ONCE - 1) co_await kj::evalLast([] {});
    JobSpec& job = examined.jobs[i];
    if (auto refusal = policies.admit(job)) examined.faults.push_back({job.id, *refusal});
  }
  co_return std::move(examined);
}

kj::Promise<Examined> BatchQueue::judge(std::vector<JobSpec> specs, const JobLimits& limits) {
  return work.run(extensions_.judge(std::move(specs), settings_.pools, limits).promise());
}

// Deferred jobs leave the queue until their time; those that come back within one interval are
// asked about together.
void BatchQueue::askFilters() {
  constexpr std::int64_t INTERVAL_MS = 100;
  if (!launchFilters.anyWanted()) return;
  tasks.add(launchFilters.askWanted(jobs, [this] { return steadyMs(); })
                .then([this](std::vector<LaunchFilters::Deferred> deferred) {
                  for (const auto& [id, untilMs] : deferred) {
                    Job* job = jobs.find(id);
                    if (job == nullptr) continue;
                    jobs.defer(*job, untilMs);
                    kickAt((untilMs / INTERVAL_MS + 1) * INTERVAL_MS);
                  }
                  kick();
                }));
}

}  // namespace maitred::cook
