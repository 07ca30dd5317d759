// POST and DELETE of jobs.

#include "answered.h"
#include "rest.h"

#include <maitred/offload.h>

#include <cstdio>

#include <pwd.h>

namespace maitred::cook {

using http::Request;
using http::Response;

namespace {

std::string exceeds(const Job& job, const char* resource, double wanted, double most) {
  char numbers[700];  // the largest double has 309 digits
  std::snprintf(numbers, sizeof numbers, "%f > %f", wanted, most);
  return "Job " + job.spec.id.text() + " exceeds quota for " + resource + ": " + numbers;
}

// Blocks for as long as the system's directory of users does.
std::optional<Account> accountOf(const std::string& user) {
  std::vector<char> buffer(16 * 1024);
  passwd entry{}, *found = nullptr;
  getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return std::nullopt;
  return Account{found->pw_uid, found->pw_gid};
}

Response notAccepted(kj::Exception&& exception) {
  if (exception.getType() == kj::Exception::Type::OVERLOADED) {
    return Response::error(503,
                           "no job was accepted: the queue's store cannot keep it at the moment; "
                           "try again later")
        .with("Retry-After", "1");
  }
  if (exception.getType() != kj::Exception::Type::FAILED) {
    kj::throwFatalException(kj::mv(exception));  // 503: try again later
  }
  return Response::error(500, "Exception occurred while creating job - " +
                                  std::string(exception.getDescription().cStr()));
}

}  // namespace

// Whoever has submitted too much waits until it is made up for.
void Rest::checkRate(const std::string& user) {
  if (!settings.enforceSubmissionRate) return;
  submissions.setIdleMs(queue.settings().rateIdleMs);
  const TokenBucket& bucket = submissions.of(user, settings.submissionRate, queue.steadyMs());
  if (!bucket.inDebt()) return;
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.3f",
                static_cast<double>(bucket.clearAfterMs()) / 1000);
  throw Refused(400, "User " + user + " is inserting too quickly. Not allowed to insert for " +
                         seconds + " seconds.");
}

void Rest::checkGroups(const Submission& submission) const {
  for (const GroupSpec& group : submission.declaredGroups) {
    if (queue.knownGroup(group.id)) {
      throw Refused(400, "Group UUID " + group.id.text() + " already used");
    }
  }
  if (submission.overrideGroups) return;
  for (const GroupSpec& group : submission.implicitGroups) {
    if (!queue.knownGroup(group.id)) continue;
    throw Refused(400, "Invalid group UUID " + group.id.text() +
                           " provided. A valid group UUID either: 1. belongs to a group created in "
                           "the same request or 2. does not belong to any existing group, or group "
                           "created in this request");
  }
}

// What can never run is refused at once.
void Rest::checkQuota(const Submission& submission, const std::string& user,
                      const std::string& pool) const {
  const Quota quota = queue.book().quotas(pool).of(user);
  if (quota.isUnlimited()) return;
  if (quota.count == 0) throw Refused(422, "User quota is set to zero jobs.");
  std::string text;
  auto look = [&](const Job& job, const char* resource, double wanted, double most) {
    if (wanted <= most || text.size() > 10'000) return;
    text += (text.empty() ? "" : "\n") + exceeds(job, resource, wanted, most);
  };
  for (const JobSpec& spec : submission.jobs) {
    Job job;
    job.spec.id = spec.id;
    look(job, "cpus", spec.cpus, quota.cpus);
    look(job, "mem", spec.mem, quota.mem);
    look(job, "gpus", spec.gpus, quota.gpus);
  }
  if (!text.empty()) throw Refused(422, text);
}

// The groups that begin with this submission. All that it names are told in the answer.
std::vector<GroupRow> Rest::groupsOf(Submission& submission, std::string& answer) const {
  std::vector<GroupRow> groups;
  std::string told;
  std::set<Uuid> present;
  for (auto* specs : {&submission.declaredGroups, &submission.implicitGroups}) {
    for (GroupSpec& spec : *specs) {
      told += " " + spec.id.text();
      if (queue.book().groupExists(spec.id)) {
        present.insert(spec.id);
      } else {
        groups.push_back({std::move(spec)});
      }
    }
  }
  // One that goes on keeps its name.
  for (JobSpec& job : submission.jobs) {
    if (job.group && present.contains(*job.group)) {
      job.groupName = queue.book().group(*job.group)->name;
    }
  }
  if (!told.empty()) answer += " submitted groups" + told;
  return groups;
}

// So many wait already, those included that are being written down.
void Rest::checkQueueLimit(const std::string& user, const std::string& pool,
                           std::int64_t count) const {
  const QueueLimitRule* rule = ruleFor(shown(pool), settings.queueLimits);
  if (rule == nullptr) return;
  const PoolRanking& ranking = queue.book().ranking(pool);
  auto waiting = static_cast<std::int64_t>(ranking.waitingCount());
  std::int64_t own = 0;
  if (const auto* its = ranking.find(user)) {
    own = static_cast<std::int64_t>(its->tasks.waitingCount());
  }
  for (const auto& [key, more] : underWay) {
    if (key.first != pool) continue;
    waiting += more;
    if (key.second == user) own += more;
  }
  std::int64_t limit = waiting <= rule->threshold ? rule->normal : rule->constrained;
  if (own + count <= limit) return;
  throw Refused(422, "User has too many jobs queued (the per-user queue limit is " +
                         std::to_string(limit) + ")");
}

PoolTerms Rest::termsOf(const std::string& pool) const {
  std::string name = shown(pool);
  return {.name = name,
          .gpus = settings.gpus,
          .gpuRule = ruleFor(name, settings.gpuRules),
          .disk = ruleFor(name, settings.diskLimits),
          .container = ruleFor(name, settings.containerRules)};
}

Rest::Answer Rest::submit(Request& request, const Caller& caller) {
  auto submission = kj::heap(readSubmission(request.json(), caller.user));
  checkRate(caller.user);
  checkSize(*submission, settings.limits);
  submission->pool = poolOf(request, submission->pool);
  const std::string pool = queue.pools().resolve(submission->pool);
  if (const Pool* found = queue.pools().find(pool); found != nullptr && !found->active) {
    throw Refused(400, pool + " is not accepting job submissions.");
  }
  checkIds(*submission);
  checkGroups(*submission);
  PoolTerms terms = termsOf(pool);
  checkJobs(*submission, settings.limits, terms);
  fillIn(*submission, terms);
  if (!hasDocker(*submission)) return accept(kj::mv(submission), caller, pool);
  auto account = offload([user = caller.user] { return accountOf(user); });
  return account.then([this, submission = kj::mv(submission), caller,
                       pool](std::optional<Account> owner) mutable {
    return answered(false, [&] {
      checkDockerUser(*submission, owner);
      return accept(kj::mv(submission), caller, pool);
    });
  });
}

Rest::Answer Rest::accept(kj::Own<Submission> submission, const Caller& caller,
                          const std::string& pool) {
  const std::string& user = caller.user;
  if (!settings.access.allows(caller, Verb::create, Item::job, user)) {
    throw Refused(403, "You are not authorized to create jobs");
  }
  auto count = static_cast<std::int64_t>(submission->jobs.size());
  checkGroups(*submission);
  checkQuota(*submission, user, pool);
  checkQueueLimit(user, pool, count);
  std::string used, text = "submitted jobs";
  for (JobSpec& job : submission->jobs) {
    if (queue.known(job.id)) used += (used.empty() ? "" : ", ") + job.id.text();
    job.submitPool = submission->pool;
    text += " " + job.id.text();
  }
  if (!used.empty()) throw Refused(409, "The following job UUIDs were already used: " + used);
  std::vector<GroupRow> groups = groupsOf(*submission, text);
  std::pair<std::string, std::string> key{pool, user};
  underWay[key] += count;
  auto written = kj::defer([this, key, count] {
    if ((underWay[key] -= count) == 0) underWay.erase(key);
  });
  return queue.submit(std::move(submission->jobs), std::move(groups))
      .attach(kj::mv(written))
      .then(
          [this, text, user, count] {
            if (settings.enforceSubmissionRate) {
              std::int64_t now = queue.steadyMs();
              submissions.of(user, settings.submissionRate, now).spend(count, now);
            }
            return Response::text(201, text);
          },
          [](kj::Exception&& exception) { return notAccepted(kj::mv(exception)); });
}

// A line for the kill of somebody else's job, or one by somebody else.
void Rest::noteKill(std::vector<AuditLine>& audit, const Caller& caller, const Job& job,
                    const char* action, const Uuid& target) const {
  bool own = job.spec.user == caller.user && caller.impersonator.empty();
  if (own || job.state == JobState::completed) return;
  audit.push_back(auditLine(caller, action, target.text(), ""));
  audit.back().before = "of " + job.spec.user;
}

Rest::Answer Rest::kill(Request& request, const Caller& caller) {
  auto texts = request.query.all("job");
  for (std::string_view more : request.query.all("uuid")) texts.push_back(more);
  std::vector<Uuid> jobs = uuids(texts), instances = uuids(request.query.all("instance"));
  if (jobs.empty() && instances.empty()) {
    throw Refused(400, "must supply at least one job or instance query param");
  }
  std::string forbidden, missing;
  std::vector<AuditLine> audit;
  auto look = [&](const Uuid& id, const Job* job, const char* action, const char* what) {
    std::string owner = job == nullptr ? "" : job->spec.user;
    if (!settings.access.allows(caller, Verb::destroy, Item::job, owner)) {
      forbidden += " " + id.text();
    }
    if (job == nullptr && missing.empty()) {
      missing = "UUID " + id.text() + " didn't correspond to " + what;
    }
    if (job != nullptr) noteKill(audit, caller, *job, action, id);
  };
  for (const Uuid& id : jobs) look(id, queue.book().find(id), "job.kill", "a job");
  for (const Uuid& id : instances) {
    look(id, queue.book().findTask(id).job, "instance.kill", "an instance");
  }
  if (!forbidden.empty()) {
    throw Refused(403, "You are not authorized to kill the following jobs:" + forbidden);
  }
  if (!missing.empty()) throw Refused(404, missing);
  return queue.kill(jobs, instances, std::move(audit)).then([] { return Response::empty(204); });
}

}  // namespace maitred::cook
