#include "cycle.h"

namespace maitred::cook {

std::vector<Job*> considerable(Book& book, Scorer& scorer, const CycleOptions& options,
                               CycleResult& result) {
  std::vector<Job*> jobs;
  auto collect = [&](Scorer& with) {
    jobs.clear();
    MergedOrder order(book.ranking(options.pool), book.shares(options.pool), with);
    while (auto ranked = order.next()) {
      if (jobs.size() == options.considerableMost) {
        result.more = true;
        break;
      }
      jobs.push_back(ranked->task->job);
    }
    return !order.failed();
  };
  if (!collect(scorer)) {
    result.policyFailed = true;
    result.more = false;
    DominantResource builtIn;
    collect(builtIn);
  }
  return jobs;
}

CycleResult runCycle(Book& book, NodeTable& nodes, Scorer& scorer, Fitness* fitness,
                     const CycleOptions& options, std::int64_t nowMs,
                     const std::function<Uuid()>& newId) {
  CycleResult result;
  if (nodes.openCount() == 0) return result;
  std::vector<Job*> jobs = considerable(book, scorer, options, result);
  Matcher matcher(nodes, fitness, options.steadyMs.value_or(nowMs), options.goodEnough);
  for (Job* job : jobs) {
    if (nodes.openCount() == 0) break;
    ++result.considered;
    Node* node = matcher.find(job->spec);
    if (node == nullptr) continue;
    NodeKey key = node->facts.key;
    Seat seat{key.cluster, key.nodeId, node->facts.hostname};
    Uuid taskId = newId();
    std::uint64_t generation = node->room.generation;
    if (book.start(*job, taskId, seat, nowMs) == nullptr) continue;
    nodes.hold(key, taskId, Amount::of(job->spec), true);
    result.started.push_back({job, taskId, key, generation});
  }
  return result;
}

}  // namespace maitred::cook
