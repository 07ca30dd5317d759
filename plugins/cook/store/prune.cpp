// How completed jobs leave the queue.

#include "journal.h"

namespace maitred::cook {

std::vector<Job> Journal::prunable(const PruneRule& rule) const {
  std::vector<Job> jobs;
  std::size_t left = book.completed().size();
  for (const auto& [when, job] : book.completed()) {
    if (jobs.size() == PRUNED_AT_ONCE || (when.first >= rule.beforeMs && left <= rule.keep)) break;
    if (job->unended() != nullptr || job->sequence > durableSequence()) continue;
    jobs.push_back(*job);
    --left;
  }
  return jobs;
}

void Journal::forget(const std::vector<Job>& jobs) {
  for (const Job& old : jobs) {
    Job* job = book.find(old.spec.id);
    // Somebody may have asked for another attempt while it was being archived.
    if (job == nullptr || job->sequence != old.sequence) continue;
    forgotten.insert(old.spec.id);
    std::optional<Uuid> group = job->spec.group;
    book.forget(*job);
    if (group && !book.groupExists(*group)) forgottenGroups.insert(*group);
  }
}

void Journal::forgetGroups(const PruneRule& rule) {
  for (const Uuid& id : book.emptyGroups(rule.beforeMs)) {
    book.forgetGroup(id);
    forgottenGroups.insert(id);
  }
}

kj::Promise<std::size_t> Journal::deleteForgotten() {
  std::vector<Uuid> ids(forgotten.begin(), forgotten.end());
  std::vector<Uuid> groups(forgottenGroups.begin(), forgottenGroups.end());
  std::size_t count = ids.size();
  auto removed = records.remove(fence, ids, {book.order(), book.sequence()}, groups);
  return removed.then([this, ids = std::move(ids), groups = std::move(groups), count] {
    for (const Uuid& id : ids) forgotten.erase(id);
    for (const Uuid& id : groups) forgottenGroups.erase(id);
    return count;
  });
}

kj::Promise<std::size_t> Journal::prune(PruneRule rule) {
  if (pruning) return std::size_t{0};
  auto jobs = std::make_shared<std::vector<Job>>();
  auto deletes = [this] { return !forgotten.empty() || !forgottenGroups.empty(); };
  // First what an earlier call could not delete.
  if (!deletes()) {
    *jobs = prunable(rule);
    forgetGroups(rule);
  }
  if (!deletes() && jobs->empty()) return std::size_t{0};
  pruning = true;
  kj::Promise<void> archived = kj::READY_NOW;
  KJ_IF_MAYBE (archive, rule.archive) {
    if (!jobs->empty()) archived = archive->put(fence, jobs, rule.nowMs);
  }
  return archived
      .then([this, jobs, deletes] {
        forget(*jobs);
        return deletes() ? deleteForgotten() : kj::Promise<std::size_t>(std::size_t{0});
      })
      .attach(kj::defer([this] { pruning = false; }));
}

}  // namespace maitred::cook
