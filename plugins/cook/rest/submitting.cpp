// POST and DELETE of jobs.

#include "answered.h"
#include "rest.h"

#include <maitred/offload.h>
#include <extensions/submission-verdicts.h>

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

std::vector<std::string> textsOf(const std::vector<Examined::Fault>& faults) {
  std::vector<std::string> texts;
  for (const auto& one : faults) texts.push_back(one.text);
  return texts;
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

void Rest::checkPool(const std::string& name) const {
  const Pool* pool = queue.pools().find(queue.pools().resolve(name));
  if (pool == nullptr) throw Refused(400, name.substr(0, 200) + " is not a valid pool name.");
  if (!pool->active) throw Refused(400, pool->name + " is not accepting job submissions.");
}

void Rest::checkGroups(const Submission& submission, const Caller& caller) const {
  for (const GroupSpec& group : submission.declaredGroups) {
    if (queue.knownGroup(group.id)) {
      throw Refused(400, "Group UUID " + group.id.text() + " already used");
    }
  }
  // Somebody else's group is nobody's to join: what becomes of it would become of their jobs.
  auto mayJoin = [&](const GroupSpec& group) {
    if (!queue.knownGroup(group.id)) return true;
    if (!submission.overrideGroups) return false;
    return queue.book().jobsOf(group.id).empty() ||
           mayTouch(caller, Verb::create, Item::group, group.id);
  };
  for (const GroupSpec& group : submission.implicitGroups) {
    if (mayJoin(group)) continue;
    throw Refused(400, "Invalid group UUID " + group.id.text() +
                           " provided. A valid group UUID either: 1. belongs to a group created in "
                           "the same request or 2. does not belong to any existing group, or group "
                           "created in this request");
  }
}

// What can never run is refused at once.
void Rest::checkQuota(const Submission& submission, const std::string& user) const {
  std::map<std::string, Quota> quotas;  // by pool
  for (const JobSpec& spec : submission.jobs) {
    if (quotas.contains(spec.pool)) continue;
    Quota quota = queue.book().quotas(spec.pool).of(user);
    if (quota.count == 0) throw Refused(422, "User quota is set to zero jobs.");
    quotas.emplace(spec.pool, quota);
  }
  std::string text;
  auto look = [&](const Job& job, const char* resource, double wanted, double most) {
    if (wanted <= most || text.size() > 10'000) return;
    text += (text.empty() ? "" : "\n") + exceeds(job, resource, wanted, most);
  };
  for (const JobSpec& spec : submission.jobs) {
    const Quota& quota = quotas.at(spec.pool);
    if (quota.isUnlimited()) continue;
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
  PoolTerms terms{.name = name,
                  .gpus = settings.gpus,
                  .gpuRule = ruleFor(name, settings.gpuRules),
                  .disk = ruleFor(name, settings.diskLimits),
                  .container = ruleFor(name, settings.containerRules)};
  if (terms.container != nullptr) {
    auto images = queue.incremental().find(terms.container->imageKey);
    if (images != queue.incremental().end()) terms.images = &images->second;
  }
  return terms;
}

// Some of it takes time, since other plugins are asked; each part in between decides at once.
Rest::Answer Rest::submit(Request& request, const Caller& caller) {
  if (request.body.size() == 0) throw Refused(400, NOTHING_SUBMITTED);
  auto submission = kj::heap(
      readSubmission(request.json(), caller.user, settings.limits.jobsPerRequest));
  checkRate(caller.user);
  checkSize(*submission);
  submission->pool = poolOf(request, submission->pool, true);
  if (queue.extensions().virtualPool(submission->pool) == nullptr) checkPool(submission->pool);
  checkIds(*submission);
  for (JobSpec& job : submission->jobs) job.submitPool = submission->pool;
  auto amending = queue.amend(std::move(submission->jobs));
  return amending.then([this, caller, submission = kj::mv(submission)](Examined examined) mutable {
    return answered(false, [&] {
      return check(kj::mv(submission), std::move(examined), caller);
    });
  });
}

// Each pool has terms of its own.
void Rest::checkByPool(Submission& submission) const {
  std::map<std::string, std::vector<std::size_t>> places;
  for (std::size_t i = 0; i < submission.jobs.size(); ++i) {
    places[submission.jobs[i].pool].push_back(i);
  }
  for (const auto& [pool, its] : places) {
    checkPool(pool);
    Submission part;
    for (std::size_t i : its) part.jobs.push_back(std::move(submission.jobs[i]));
    PoolTerms terms = termsOf(pool);
    checkJobs(part, settings.limits, terms);
    fillIn(part, terms);
    for (std::size_t i = 0; i < its.size(); ++i) {
      submission.jobs[its[i]] = std::move(part.jobs[i]);
    }
  }
}

Rest::Answer Rest::check(kj::Own<Submission> submission, Examined examined,
                         const Caller& caller) {
  if (!examined.faults.empty()) throw Refused(400, refusalText(textsOf(examined.faults)));
  submission->jobs = std::move(examined.jobs);
  checkGroups(*submission, caller);
  checkByPool(*submission);
  if (!hasDocker(*submission)) return askWhetherAccepted(kj::mv(submission), caller);
  auto account = offload([user = caller.user] { return accountOf(user); });
  return account.then([this, submission = kj::mv(submission),
                       caller](std::optional<Account> owner) mutable {
    return answered(false, [&] {
      checkDockerUser(*submission, owner);
      return askWhetherAccepted(kj::mv(submission), caller);
    });
  });
}

Rest::Answer Rest::askWhetherAccepted(kj::Own<Submission> submission, const Caller& caller) {
  auto judging = queue.judge(std::move(submission->jobs), settings.limits);
  return judging.then([this, caller, submission = kj::mv(submission)](Examined examined) mutable {
    return answered(false, [&] {
      return accept(kj::mv(submission), std::move(examined), caller);
    });
  });
}

Rest::Answer Rest::accept(kj::Own<Submission> submission, Examined examined,
                          const Caller& caller) {
  const std::string& user = caller.user;
  if (!examined.faults.empty()) throw Refused(400, refusalText(textsOf(examined.faults)));
  submission->jobs = std::move(examined.jobs);
  if (!settings.access.allows(caller, Verb::create, Item::job, user)) {
    throw Refused(403, "You are not authorized to create jobs");
  }
  auto count = static_cast<std::int64_t>(submission->jobs.size());
  checkGroups(*submission, caller);  // another request may have been faster meanwhile
  checkQuota(*submission, user);
  std::map<std::string, std::int64_t> byPool;
  for (const JobSpec& job : submission->jobs) ++byPool[job.pool];
  for (const auto& [pool, its] : byPool) checkQueueLimit(user, pool, its);
  std::string used, text = "submitted jobs";
  for (const JobSpec& job : submission->jobs) {
    if (queue.known(job.id)) used += (used.empty() ? "" : ", ") + job.id.text();
    text += " " + job.id.text();
  }
  if (!used.empty()) throw Refused(409, "The following job UUIDs were already used: " + used);
  std::vector<GroupRow> groups = groupsOf(*submission, text);
  for (const auto& [pool, its] : byPool) underWay[{pool, user}] += its;
  auto written = kj::defer([this, user, byPool] {
    for (const auto& [pool, its] : byPool) {
      if ((underWay[{pool, user}] -= its) == 0) underWay.erase({pool, user});
    }
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
