// GET and DELETE /group: groups with the jobs that belong to them.

#include "answer-size.h"
#include "parameters.h"
#include "rest.h"

#include <store/group-text.h>

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;

namespace {

// Sorts ids into those that the caller may not touch and those that there are not.
struct Sorted {
  std::string forbidden, missing;  // each id behind a blank
  std::vector<const GroupSpec*> found;
};

template <typename MayTouch>
Sorted sort(const Book& book, const std::vector<Uuid>& ids, MayTouch&& mayTouch) {
  Sorted sorted;
  for (const Uuid& id : ids) {
    const GroupSpec* group = book.group(id);
    if (!mayTouch(id)) {
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

// Of a group nobody but admins may do what they may not do to each of its jobs. One without jobs
// belongs to nobody.
bool Rest::mayTouch(const Caller& caller, Verb verb, Item item, const Uuid& group) const {
  std::set<std::string> owners;
  for (const Job* job : queue.book().jobsOf(group)) owners.insert(job->spec.user);
  if (owners.empty()) owners.insert("");
  return std::all_of(owners.begin(), owners.end(), [&](const std::string& owner) {
    return settings.access.allows(caller, verb, item, owner);
  });
}

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
  Sorted sorted = sort(queue.book(), uuids(request.query.all("uuid")), [&](const Uuid& id) {
    return mayTouch(caller, Verb::get, Item::group, id);
  });
  if (!flagOf(request, "partial")) {
    if (!sorted.forbidden.empty()) {
      throw Refused(403, "You are not authorized to view the following groups" + sorted.forbidden);
    }
    if (!sorted.missing.empty()) {
      throw Refused(404, "The following UUIDs didn't correspond to a group:" + sorted.missing);
    }
  }
  bool detailed = flagOf(request, "detailed");
  AnswerSize size;
  for (const GroupSpec* group : sorted.found) {
    size.addIds(1 + queue.book().jobsOf(group->id).size());
  }
  json list = json::array();
  for (const GroupSpec* group : sorted.found) list.push_back(groupOf(*group, detailed));
  return Response::json(200, list);
}

Rest::Answer Rest::killGroups(Request& request, const Caller& caller) {
  if (!request.query.has("uuid")) missing("uuid");
  Sorted sorted = sort(queue.book(), uuids(request.query.all("uuid")), [&](const Uuid& id) {
    return mayTouch(caller, Verb::destroy, Item::group, id);
  });
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
