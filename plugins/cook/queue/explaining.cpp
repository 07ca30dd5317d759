// What the queue can say of one job: its place, its score, how its owner stands, and what held it
// back and when.

#include "batch-queue.h"

#include <algorithm>

namespace maitred::cook {
namespace {

constexpr std::size_t RANKED_MOST = 10'000;  // jobs that are looked at for one job's place
constexpr std::size_t WALKED_MOST = 100'000;

// What the owner would hold with the job and all of theirs in front of it.
std::optional<ScoreInput> inputOf(const Job& job, const UserTasks& tasks, const Share& share) {
  UserWalk walk(tasks, share, {});
  for (std::size_t steps = 0; !walk.done() && steps < WALKED_MOST; ++steps, walk.advance()) {
    if (walk.job() == &job) return walk.input();
  }
  return std::nullopt;
}

}  // namespace

Explanation BatchQueue::explain(const Job& job) {
  Explanation found;
  const std::string pool = job.spec.pool, user = job.spec.user;
  const PoolRanking& ranking = jobs.ranking(pool);
  const PoolRanking::User* held = ranking.find(user);
  const Pool* its = settings_.pools.find(pool);
  bool gpusAlone = its != nullptr && its->druMode == DruMode::gpu;
  found.waitingInPool = ranking.waitingCount();
  found.share = jobs.shares(pool).of(user);
  found.quota = jobs.quotas(pool).of(user);
  if (held != nullptr) found.running = held->tasks.running();
  found.standing = standingOf(found.running, held == nullptr ? Usage{} : held->tasks.waiting(),
                              found.share, found.quota, gpusAlone);
  found.history = waits.of(job.spec.id);
  if (job.state != JobState::waiting || its == nullptr || held == nullptr) return found;
  std::vector<Job*> first = ranked(*its, RANKED_MOST);
  auto at = std::find(first.begin(), first.end(), &job);
  if (at != first.end()) found.place = at - first.begin() + 1;
  found.placeOrMore = !found.place && first.size() == RANKED_MOST;
  if (auto input = inputOf(job, held->tasks, found.share)) {
    double score = 0;
    Scorer& inForce = policies.scorer(its->druMode);
    Scorer& scorer = inForce.score({&*input, 1}, {&score, 1}) ? inForce : builtInScorer(gpusAlone);
    if (scorer.score({&*input, 1}, {&score, 1})) found.score = score;
  }
  return found;
}

void BatchQueue::noteWaiting(const CycleResult& result) {
  std::int64_t now = nowMs();
  for (const auto& [job, hold] : result.held) waits.note(job->spec.id, hold, now);
  waits.tidy(jobs.size(), [this](const Uuid& id) { return jobs.find(id) != nullptr; });
}

}  // namespace maitred::cook
