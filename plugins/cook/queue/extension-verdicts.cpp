// What shapes and validators say of a submission.

#include "extensions.h"

#include <backend/translate.h>

#include <set>

namespace maitred::cook {
namespace {

using Shapes = std::map<std::string, std::vector<NodeShape>>;  // by pool

kj::Promise<Shapes> askForShapes(queue::JobShapes::Client& client,
                                 const std::vector<std::string>& pools) {
  auto request = client.shapesRequest();
  auto list = request.initPools(static_cast<unsigned>(pools.size()));
  for (unsigned i = 0; i < list.size(); ++i) list.set(i, pools[i]);
  return request.send().then([pools](auto&& response) {
    auto told = response.getPools();
    KJ_REQUIRE(told.size() == pools.size(), "not as many answers as pools", told.size(),
               pools.size());
    Shapes shapes;
    for (unsigned i = 0; i < told.size(); ++i) {
      for (auto type : told[i].getTypes()) {
        shapes[pools[i]].push_back(
            {text(type.getName()), type.getCpus(), type.getMemMib(), type.getGpus()});
      }
    }
    return shapes;
  });
}

using Told = std::optional<SubmissionVerdict>;  // nothing: unspecified

kj::Promise<std::vector<Told>> askToValidate(queue::SubmissionValidator::Client& client,
                                             const JobPointers& jobs) {
  auto request = client.validateRequest();
  auto list = request.initJobs(static_cast<unsigned>(jobs.size()));
  for (unsigned i = 0; i < list.size(); ++i) writeCandidate(*jobs[i], list[i]);
  return request.send().then([](auto&& response) {
    std::vector<Told> answers;
    for (auto one : response.getVerdicts()) {
      switch (one.which()) {
        case queue::SubmissionVerdict::ACCEPTED:
          answers.push_back(SubmissionVerdict{true, "", one.getExpiresAt()});
          break;
        case queue::SubmissionVerdict::REJECTED:
          answers.push_back(SubmissionVerdict{false, text(one.getRejected()), one.getExpiresAt()});
          break;
        default:  // of a later version too
          answers.push_back(std::nullopt);
      }
    }
    return answers;
  });
}

VerdictCache::Key keyOf(const std::string& instance, const JobSpec& job) {
  return {instance, job.id, digestOf(job)};
}

}  // namespace

Async<void> Extensions::checkShapes(Examined& examined) {
  std::set<std::string> names;
  for (const JobSpec& job : examined.jobs) names.insert(job.pool);
  std::vector<std::string> pools(names.begin(), names.end());
  for (auto& provider : providers.shapes) {
    auto asked = calls.ask<Shapes>("job_shapes", provider.instance, settings_.submissionDeadlineMs,
                                   askForShapes(provider.client, pools));
    auto answer = co_await asked;
    KJ_IF_MAYBE (shapes, answer) {
      for (const JobSpec& job : examined.jobs) {
        if (auto fault = faultInShape(job, (*shapes)[job.pool])) {
          examined.faults.push_back({job.id, *fault});
        }
      }
    }
    if (!examined.faults.empty()) co_return;
  }
}

// Only what is not known from before is asked for.
Async<std::vector<SubmissionVerdict>> Extensions::verdictsOf(
    Provider<queue::SubmissionValidator>& provider, const std::vector<JobSpec>& jobs) {
  SubmissionVerdict byDefault{settings_.acceptByDefault, "", 0};
  if (!byDefault.accepted) {
    byDefault.message =
        provider.instance + ", which must accept every job, does not answer: try again later";
  }
  std::vector<SubmissionVerdict> verdicts(jobs.size(), byDefault);
  std::vector<std::size_t> places;
  JobPointers unknown;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    std::optional<SubmissionVerdict> known;
    if (cache.size() != 0) known = cache.find(keyOf(provider.instance, jobs[i]), nowMs());
    if (known) {
      verdicts[i] = std::move(*known);
    } else {
      places.push_back(i);
      unknown.push_back(&jobs[i]);
    }
  }
  if (unknown.empty()) co_return std::move(verdicts);
  auto send = [&provider](const JobPointers& part) { return askToValidate(provider.client, part); };
  auto asked = calls.askAll<Told>("submission_validators", provider.instance,
                                  settings_.submissionDeadlineMs, unknown, send);
  auto answer = co_await asked;
  KJ_IF_MAYBE (told, answer) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (!(*told)[i]) continue;
      verdicts[places[i]] = *(*told)[i];
      if ((*told)[i]->expiresMs <= nowMs()) continue;
      cache.keep(keyOf(provider.instance, *unknown[i]), std::move(*(*told)[i]), nowMs());
    }
  }
  co_return std::move(verdicts);
}

// All are asked at one time, so that the deadline is that of the whole submission.
Async<void> Extensions::validate(Examined& examined) {
  const std::vector<JobSpec>& jobs = examined.jobs;
  auto asked = kj::heapArrayBuilder<kj::Promise<std::vector<SubmissionVerdict>>>(
      providers.validators.size());
  for (auto& provider : providers.validators) asked.add(verdictsOf(provider, jobs));
  auto joint = kj::joinPromises(asked.finish());
  auto byProvider = co_await joint;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    std::vector<SubmissionVerdict> verdicts;
    for (auto& its : byProvider) verdicts.push_back(its[i]);
    SubmissionVerdict verdict = joined(verdicts);
    if (!verdict.accepted) examined.faults.push_back({jobs[i].id, std::move(verdict.message)});
  }
}

Async<Examined> Extensions::judge(std::vector<JobSpec> jobs, Pools pools, JobLimits limits) {
  Examined examined{std::move(jobs), {}};
  auto shaped = checkShapes(examined);
  co_await shaped;
  if (examined.faults.empty()) {
    auto validated = validate(examined);
    co_await validated;
  }
  if (examined.faults.empty()) {
    auto adjusted = adjust(examined.jobs, pools, limits);
    co_await adjusted;
    auto moved = move(examined.jobs, pools);
    co_await moved;
  }
  co_return std::move(examined);
}

}  // namespace maitred::cook
