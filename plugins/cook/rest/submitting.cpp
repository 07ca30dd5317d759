// POST and DELETE of jobs.

#include "rest.h"

#include <cstdio>

namespace maitred::cook {

using http::Request;
using http::Response;

namespace {

std::string exceeds(const Job& job, const char* resource, double wanted, double most) {
  char numbers[700];  // the largest double has 309 digits
  std::snprintf(numbers, sizeof numbers, "%f > %f", wanted, most);
  return "Job " + job.spec.id.text() + " exceeds quota for " + resource + ": " + numbers;
}

}  // namespace

void Rest::checkGroups(const Submission& submission) const {
  for (const Uuid& group : submission.declaredGroups) {
    if (queue.book().groupExists(group)) {
      throw Refused(400, "Group UUID " + group.text() + " already used");
    }
  }
  if (submission.overrideGroups) return;
  for (const Uuid& group : submission.implicitGroups) {
    if (!queue.book().groupExists(group)) continue;
    throw Refused(400, "Invalid group UUID " + group.text() +
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

// The groups that begin with this submission; one that goes on keeps its name. All of them are told
// in the answer.
std::vector<GroupRow> Rest::groupsOf(Submission& submission, std::string& answer) const {
  std::vector<GroupRow> groups;
  std::string told;
  std::map<Uuid, std::string> present;
  for (const auto* ids : {&submission.declaredGroups, &submission.implicitGroups}) {
    for (const Uuid& id : *ids) {
      told += " " + id.text();
      auto members = queue.book().jobsOf(id);
      if (members.empty()) {
        groups.push_back({.id = id, .name = submission.nameOf(id)});
      } else {
        present[id] = members.front()->spec.groupName;
      }
    }
  }
  for (JobSpec& job : submission.jobs) {
    auto known = job.group ? present.find(*job.group) : present.end();
    if (known != present.end()) job.groupName = known->second;
  }
  if (!told.empty()) answer += " submitted groups" + told;
  return groups;
}

Rest::Answer Rest::submit(Request& request, const Caller& caller) {
  const std::string& user = caller.user;
  Submission submission = readSubmission(request.json(), user);
  checkSize(submission, settings.limits);
  submission.pool = poolOf(request, submission.pool);
  const std::string pool = queue.pools().resolve(submission.pool);
  if (const Pool* found = queue.pools().find(pool); found != nullptr && !found->active) {
    throw Refused(400, pool + " is not accepting job submissions.");
  }
  checkIds(submission);
  checkGroups(submission);
  checkJobs(submission, settings.limits, shown(pool));
  if (!settings.access.allows(caller, Verb::create, Item::job, user)) {
    throw Refused(403, "You are not authorized to create jobs");
  }
  checkQuota(submission, user, pool);
  std::string used, text = "submitted jobs";
  for (JobSpec& job : submission.jobs) {
    if (queue.known(job.id)) used += (used.empty() ? "" : ", ") + job.id.text();
    job.submitPool = submission.pool;
    text += " " + job.id.text();
  }
  if (!used.empty()) throw Refused(409, "The following job UUIDs were already used: " + used);
  std::vector<GroupRow> groups = groupsOf(submission, text);
  return queue.submit(std::move(submission.jobs), std::move(groups))
      .then([text] { return Response::text(201, text); },
            [](kj::Exception&& exception) -> Response {
              if (exception.getType() == kj::Exception::Type::OVERLOADED) {
                return Response::error(503,
                                       "no job was accepted: the queue's store cannot keep it at "
                                       "the moment; try again later")
                    .with("Retry-After", "1");
              }
              if (exception.getType() != kj::Exception::Type::FAILED) {
                kj::throwFatalException(kj::mv(exception));  // 503: try again later
              }
              return Response::error(500, "Exception occurred while creating job - " +
                                              std::string(exception.getDescription().cStr()));
            });
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
    bool own = owner == caller.user && caller.impersonator.empty();
    if (job != nullptr && !own && job->state != JobState::completed) {
      audit.push_back(auditLine(caller, action, id.text(), ""));
      audit.back().before = "of " + owner;
    }
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
