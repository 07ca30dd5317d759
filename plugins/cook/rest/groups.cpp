// GET and DELETE /group: groups with the jobs that belong to them.

#include "parameters.h"
#include "rest.h"

#include <store/group-text.h>

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;

namespace {

// That of its first job; empty if it has none, so that it belongs to nobody.
std::string ownerOf(const std::vector<Job*>& jobs) {
  return jobs.empty() ? "" : jobs.front()->spec.user.str();
}

// Sorts ids into those that the caller may not touch and those that there are not.
struct Sorted {
  std::string forbidden, missing;  // each id behind a blank
  std::vector<const GroupSpec*> found;
};

Sorted sort(const Book& book, const AccessRules& access, const Caller& caller, Verb verb,
            const std::vector<Uuid>& ids) {
  Sorted sorted;
  for (const Uuid& id : ids) {
    const GroupSpec* group = book.group(id);
    if (!access.allows(caller, verb, Item::group, ownerOf(book.jobsOf(id)))) {
      sorted.forbidden += " " + id.text();
    } else if (group == nullptr) {
      sorted.missing += " " + id.text();
    } else {
      sorted.found.push_back(group);
    }
  }
  return sorted;
}

}  // namespace

json Rest::groupOf(const GroupSpec& group, bool detailed) const {
  json jobs = json::array();
  std::array<std::size_t, 3> counts{};
  for (const Job* job : queue.book().jobsOf(group.id)) {
    jobs.push_back(job->spec.id.text());
    ++counts[static_cast<std::size_t>(job->state)];
  }
  json out{{"uuid", group.id.text()},
           {"name", group.name},
           {"host_placement", jsonOf(group.placement)},
           {"straggler_handling", jsonOf(group.stragglers)},
           {"jobs", std::move(jobs)}};
  if (!detailed) return out;
  for (JobState state : {JobState::waiting, JobState::running, JobState::completed}) {
    out[name(state)] = counts[static_cast<std::size_t>(state)];
  }
  return out;
}

Rest::Answer Rest::groups(Request& request, const Caller& caller) {
  if (!request.query.has("uuid")) missing("uuid");
  Sorted sorted = sort(queue.book(), settings.access, caller, Verb::get,
                       uuids(request.query.all("uuid")));
  if (!flagOf(request, "partial")) {
    if (!sorted.forbidden.empty()) {
      throw Refused(403, "You are not authorized to view the following groups" + sorted.forbidden);
    }
    if (!sorted.missing.empty()) {
      throw Refused(404, "The following UUIDs didn't correspond to a group:" + sorted.missing);
    }
  }
  bool detailed = flagOf(request, "detailed");
  json list = json::array();
  for (const GroupSpec* group : sorted.found) list.push_back(groupOf(*group, detailed));
  return Response::json(200, list);
}

Rest::Answer Rest::killGroups(Request& request, const Caller& caller) {
  if (!request.query.has("uuid")) missing("uuid");
  Sorted sorted = sort(queue.book(), settings.access, caller, Verb::destroy,
                       uuids(request.query.all("uuid")));
  if (!sorted.forbidden.empty()) {
    throw Refused(403, "You are not authorized to kill the following groups" + sorted.forbidden);
  }
  if (!sorted.missing.empty()) {
    throw Refused(404, "The following UUIDs didn't correspond to a group:" + sorted.missing);
  }
  std::vector<Uuid> jobs;
  std::vector<AuditLine> audit;
  for (const GroupSpec* group : sorted.found) {
    for (const Job* job : queue.book().jobsOf(group->id)) {
      if (job->state == JobState::completed) continue;
      jobs.push_back(job->spec.id);
      noteKill(audit, caller, *job, "job.kill", job->spec.id);
    }
  }
  return queue.kill(jobs, {}, std::move(audit)).then([] { return Response::empty(204); });
}

}  // namespace maitred::cook
