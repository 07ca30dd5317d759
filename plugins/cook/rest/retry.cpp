// GET, PUT and POST /retry: more attempts for jobs, also for those that are over.

#include "rest.h"

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;

namespace {

void add(std::string& list, const Uuid& id) {
  list += (list.empty() ? "" : ", ") + id.text();
}

}  // namespace

Rest::Answer Rest::getRetry(Request& request, const Caller& caller) {
  if (!request.query.has("job")) missing("job");
  Found found = find(caller, uuids(request.query.all("job")), false);
  if (!found.missing.empty()) {
    throw Refused(404, "UUID " + found.missing.substr(1, 36) + " does not correspond to a job.");
  }
  return Response::json(200, found.list.front().job->spec.maxRetries);
}

Rest::Answer Rest::putRetry(Request& request, const Caller& caller) {
  return retry(request, caller, false);
}

Rest::Answer Rest::postRetry(Request& request, const Caller& caller) {
  return retry(request, caller, true);
}

// The jobs that are meant. Whoever may not retry an unknown one gets 403, everybody else 404.
Rest::Retried Rest::retried(const Caller& caller, const RetryChange& change) const {
  Retried found;
  std::string forbidden, unknown;
  auto look = [&](bool allowed, bool exists, const std::string& denied,
                  const std::string& absent) {
    if (!allowed) {
      if (forbidden.empty()) forbidden = denied;
    } else if (!exists && unknown.empty()) {
      unknown = absent;
    }
  };
  for (const Uuid& id : change.jobs) {
    Job* job = queue.book().find(id);
    std::string owner = job == nullptr ? "" : job->spec.user;
    look(settings.access.allows(caller, Verb::retry, Item::job, owner), job != nullptr,
         "You are not authorized to retry job " + id.text() + ".",
         "UUID " + id.text() + " does not correspond to a job.");
    if (job != nullptr) found.add(*job);
  }
  for (const Uuid& id : change.groups) {
    look(mayTouch(caller, Verb::retry, Item::job, id), queue.book().groupExists(id),
         "You are not authorized to retry jobs from group " + id.text() + ".",
         "UUID " + id.text() + " does not correspond to a group.");
    for (Job* job : queue.book().jobsOf(id)) found.add(*job);
  }
  if (!forbidden.empty()) throw Refused(403, forbidden);
  if (!unknown.empty()) throw Refused(404, unknown);
  return found;
}

Rest::Answer Rest::retry(Request& request, const Caller& caller, bool deprecated) {
  RetryChange change = readRetryChange(request.json(), request.query.all("job"), deprecated,
                                       settings.limits.jobsPerRequest);
  std::int64_t most = settings.limits.retries;
  if (change.retries && *change.retries > most) {
    throw Refused(400, "'retries' exceeds the maximum retry limit of " + std::to_string(most));
  }
  const MeaCulpaLimits& free = queue.book().limits();
  // What is malformed comes first, as far as the jobs are known already.
  auto wanted = [&](const Job& job) {
    return change.retries ? *change.retries : job.spec.maxRetries + *change.increment;
  };
  auto examine = [&](const Job& job) {
    if (change.increment && *change.increment > most - job.spec.maxRetries) {
      throw Refused(400,
                    "Increment would exceed the maximum retry limit of " + std::to_string(most));
    }
  };
  for (const Uuid& id : change.jobs) {
    if (const Job* job = queue.book().find(id)) examine(*job);
  }
  Retried found = retried(caller, change);
  std::string useless;
  std::vector<BatchQueue::NewRetries> changes;
  for (Job* job : found.jobs) {
    if (change.failedOnly && std::string_view(outcome(*job)) != "failed") continue;
    examine(*job);
    std::int64_t consumed = attemptsConsumed(*job, free);
    bool completed = job->state == JobState::completed;
    bool same = !completed && job->spec.maxRetries == change.retries;
    if (wanted(*job) < consumed) {
      throw Refused(400, "Retries would be less than attempts-consumed");
    }
    bool isUseless = same || (completed && change.retries && *change.retries <= consumed);
    if (isUseless && !deprecated) add(useless, job->spec.id);
    changes.push_back({job, wanted(*job)});
  }
  if (!useless.empty()) throw Refused(409, "Jobs will not retry: " + useless);
  if (changes.empty()) return Response::json(deprecated ? 201 : 200, 0);
  // The first one's, whether it is among those that change or not.
  const Job* first = found.jobs.front();
  bool firstChanges = changes.front().job == first;
  std::int64_t shown = firstChanges ? changes.front().retries : first->spec.maxRetries;
  std::vector<AuditLine> audit;
  for (const auto& one : changes) {
    if (one.job->spec.user == caller.user && caller.impersonator.empty()) continue;
    AuditLine line = auditLine(caller, "job.retry", one.job->spec.id.text(), "");
    line.before = std::to_string(one.job->spec.maxRetries);
    line.after = std::to_string(one.retries);
    audit.push_back(std::move(line));
  }
  return queue.retry(std::move(changes), std::move(audit)).then([shown] {
    return Response::json(201, shown);
  });
}

}  // namespace maitred::cook
