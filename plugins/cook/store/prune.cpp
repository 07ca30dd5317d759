// How completed jobs leave the queue.

#include "journal.h"

namespace maitred::cook {

std::vector<Job> Journal::prunable(const PruneRule& rule) const {
  std::vector<Job> jobs;
  std::size_t left = book.completed().size();
  for (const auto& [when, job] : book.completed()) {
    if (jobs.size() == PRUNED_AT_ONCE || (when.first >= rule.beforeMs && left <= rule.keep)) break;
    if (job->live() != nullptr || job->sequence > durableSequence()) continue;
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
    book.forget(*job);
  }
}

kj::Promise<std::size_t> Journal::deleteForgotten() {
  std::vector<Uuid> ids(forgotten.begin(), forgotten.end());
  std::size_t count = ids.size();
  auto shared = std::make_shared<std::vector<Uuid>>(ids);
  return records.remove(fence, std::move(ids), {book.order(), book.sequence()})
      .then([this, shared, count] {
        for (const Uuid& id : *shared) forgotten.erase(id);
        return count;
      });
}

kj::Promise<std::size_t> Journal::prune(PruneRule rule) {
  if (pruning) return std::size_t{0};
  auto jobs = std::make_shared<std::vector<Job>>();
  // First what an earlier call could not delete.
  if (forgotten.empty()) *jobs = prunable(rule);
  if (forgotten.empty() && jobs->empty()) return std::size_t{0};
  pruning = true;
  kj::Promise<void> archived = kj::READY_NOW;
  KJ_IF_MAYBE (archive, rule.archive) {
    if (!jobs->empty()) archived = archive->put(fence, jobs, rule.nowMs);
  }
  return archived
      .then([this, jobs] {
        forget(*jobs);
        return forgotten.empty() ? kj::Promise<std::size_t>(std::size_t{0}) : deleteForgotten();
      })
      .attach(kj::defer([this] { pruning = false; }));
}

}  // namespace maitred::cook
