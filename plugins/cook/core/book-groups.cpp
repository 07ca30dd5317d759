// What the book knows of groups.

#include "book.h"

namespace maitred::cook {

void Book::countLive(const Job& job, const Instance& live, int change) {
  if (!job.spec.group) return;
  Cohosts& cohosts = groups[*job.spec.group].live;
  auto at = cohosts.try_emplace({live.cluster, live.nodeId, live.hostname}).first;
  at->second += change;
  if (at->second == 0) cohosts.erase(at);
}

void Book::addGroup(GroupSpec spec, std::int64_t createdMs) {
  Uuid id = spec.id;
  if (groups.try_emplace(id, GroupSlot{std::move(spec), createdMs, {}, {}}).second) {
    withoutJobs.insert(id);
  }
}

// A group that nobody has described is one that its jobs alone have made.
void Book::join(Job& job) {
  const Uuid& id = *job.spec.group;
  auto [at, isNew] = groups.try_emplace(id);
  GroupSlot& group = at->second;
  if (isNew) {
    group.spec.id = id;
    if (!job.spec.groupName.empty()) group.spec.name = job.spec.groupName;
    group.createdMs = job.submittedMs;
  }
  job.spec.groupName = group.spec.name;
  if (group.jobs.empty()) withoutJobs.erase(id);
  group.jobs.emplace(job.order, &job);
}

const GroupSpec* Book::group(const Uuid& id) const {
  auto at = groups.find(id);
  return at == groups.end() ? nullptr : &at->second.spec;
}

std::vector<Uuid> Book::emptyGroups(std::int64_t beforeMs) const {
  std::vector<Uuid> old;
  for (const Uuid& id : withoutJobs) {
    if (groups.at(id).createdMs < beforeMs) old.push_back(id);
  }
  return old;
}

void Book::forgetGroup(const Uuid& id) {
  if (withoutJobs.erase(id) != 0) groups.erase(id);
}

const Cohosts& Book::cohosts(const Uuid& group) const {
  static const Cohosts NONE;
  auto at = groups.find(group);
  return at == groups.end() ? NONE : at->second.live;
}

std::vector<const GroupSpec*> Book::liveGroups() const {
  std::vector<const GroupSpec*> found;
  for (const auto& [id, group] : groups) {
    if (!group.live.empty()) found.push_back(&group.spec);
  }
  return found;
}

std::vector<Job*> Book::jobsOf(const Uuid& group) const {
  std::vector<Job*> found;
  auto at = groups.find(group);
  if (at == groups.end()) return found;
  for (const auto& [order, job] : at->second.jobs) found.push_back(job);
  return found;
}

}  // namespace maitred::cook
