#include "cycle.h"

namespace maitred::cook {
namespace {

// How many jobs in front of the first match are examined for whether they can ever be matched.
constexpr int HEADS_EXAMINED = 8;
// How many jobs under investigation are explained in one cycle: each looks at all nodes.
constexpr int EXPLAINED_MOST = 10;
// How far behind those that are considered jobs are looked for for whom a node is kept.
constexpr std::size_t WALKED_MOST = 1000;

class Cycle {
 public:
  Cycle(Book& book, NodeTable& nodes, Fitness* fitness, const CycleOptions& options,
        std::int64_t nowMs, const std::function<Uuid()>& newId)
      : book(book),
        nodes(nodes),
        fitness(fitness),
        options(options),
        nowMs(nowMs),
        steadyMs(options.steadyMs.value_or(nowMs)),
        newId(newId) {}

  // False: the scorer failed, and nothing was decided.
  bool decide(Scorer& scorer);
  void begin();
  CycleResult result;

 private:
  struct Decision {
    Job* job;
    Uuid taskId;
    Node* node;
  };
  Book& book;
  NodeTable& nodes;
  Fitness* fitness;
  const CycleOptions& options;
  std::int64_t nowMs, steadyMs;
  const std::function<Uuid()>& newId;
  std::vector<Decision> decisions;
  int examined = 0;
  bool headPassed = false;

  void place(Job& job, Node& node);
  void placeKept(PendingQueue& queue, Matcher& matcher, Job& job);
  void missed(Matcher& matcher, const Job& job);
  void explain(Matcher& matcher);
};

// A job that no node could take even if it were empty holds up nobody: it is not the head.
void Cycle::missed(Matcher& matcher, const Job& job) {
  if (headPassed || !decisions.empty()) return;
  headPassed = ++examined > HEADS_EXAMINED || matcher.couldEver(job);
}

void Cycle::place(Job& job, Node& node) {
  Uuid taskId = newId();
  nodes.hold(node.facts.key, taskId, Amount::of(job.spec), true);
  if (fitness != nullptr) fitness->placed(job.spec, node);
  decisions.push_back({&job, taskId, &node});
}

// A job behind those that are considered takes the room that was made for it, and no other.
void Cycle::placeKept(PendingQueue& queue, Matcher& matcher, Job& job) {
  const NodeKey* kept = nodes.reservations().of(options.queue.pool, job.spec.id);
  if (Node* node = matcher.find(job, kept)) {
    place(job, *node);
  } else {
    queue.notPlaced();
  }
}

void Cycle::explain(Matcher& matcher) {
  Investigations& investigations = book.investigations();
  if (investigations.none()) return;
  int explained = 0;
  for (const Uuid& id : investigations.open()) {
    const Job* job = book.find(id);
    bool waits = job != nullptr && job->state == JobState::waiting && job->unended() == nullptr;
    if (!waits || job->spec.pool != options.queue.pool) continue;
    if (++explained > EXPLAINED_MOST) return;
    if (auto summary = matcher.explain(*job)) investigations.found(id, *summary);
  }
}

bool Cycle::decide(Scorer& scorer) {
  HeadRule& rule = book.headRule(options.queue.pool);
  rule.setMost(options.considerableMost);
  rule.setPace(options.head);
  result.considered = 0;
  result.held.clear();
  PendingQueue queue(book, options.queue, scorer, &nodes.reservations());
  if (fitness != nullptr) fitness->begin();
  MatchOptions matching{options.queue.pool, nowMs, steadyMs, options.goodEnough, options.rules};
  Matcher matcher(book, nodes, fitness, matching);
  const Reservations& reservations = nodes.reservations();
  std::size_t kept = reservations.count(options.queue.pool), walked = 0, matched = 0;
  while (nodes.openCount(options.queue.pool) != 0) {
    bool isBehind = result.considered == rule.limit();
    // Those for whom a node is kept are looked at wherever they are: others may not go there.
    result.more = result.more || isBehind;
    if (isBehind && (kept == 0 || walked >= rule.limit() + WALKED_MOST)) break;
    Job* job = queue.next();
    if (job == nullptr) break;
    ++walked;
    bool isKept = kept != 0 && reservations.of(options.queue.pool, job->spec.id) != nullptr;
    kept -= isKept;
    if (isBehind) {
      if (isKept) {
        placeKept(queue, matcher, *job);
      } else {
        queue.notPlaced();  // it is not even looked at
      }
      continue;
    }
    ++result.considered;
    Node* node = matcher.find(*job);
    if (node == nullptr) {
      queue.notPlaced();
      // A policy that declines a job for now does not make the others wait for it.
      if (!matcher.declined()) missed(matcher, *job);
      result.held.emplace_back(job, matcher.declined() ? Hold::policy : Hold::room);
      continue;
    }
    ++matched;
    place(*job, *node);
  }
  // What failed once is not asked again in this cycle: whether it is given up for good meanwhile
  // must not make a difference.
  fitness = matcher.fitnessInUse();
  if (queue.failed()) {
    for (const Decision& one : decisions) nodes.letGo(one.node->facts.key, one.taskId);
    decisions.clear();
    examined = 0;
    result.more = headPassed = false;
    return false;
  }
  explain(matcher);
  result.offensive = queue.offensive();
  result.rateLimited = queue.rateLimited();
  result.held.insert(result.held.end(), queue.passedBy().begin(), queue.passedBy().end());
  if (result.considered != 0) {
    std::int64_t pace = matchIntervalMs(book.pools().all().size());
    result.head = rule.after(matched != 0, matched != 0 && !headPassed, steadyMs, pace);
  }
  return true;
}

void Cycle::begin() {
  result.started.reserve(decisions.size());
  for (const Decision& one : decisions) {
    NodeKey key = one.node->facts.key;
    Seat seat{key.cluster, key.nodeId, one.node->facts.hostname};
    if (book.start(*one.job, one.taskId, seat, nowMs) == nullptr) {
      nodes.letGo(key, one.taskId);
      continue;
    }
    nodes.reservations().matched(options.queue.pool, one.job->spec.id);
    result.started.push_back(
        {one.job, one.taskId, std::move(key), one.node->room.generation, one.node->number()});
  }
}

}  // namespace

CycleResult runCycle(Book& book, NodeTable& nodes, Scorer& scorer, Fitness* fitness,
                     const CycleOptions& options, std::int64_t nowMs,
                     const std::function<Uuid()>& newId) {
  Cycle cycle(book, nodes, fitness, options, nowMs, newId);
  book.wake(options.steadyMs.value_or(nowMs));
  const Pool* pool = book.pools().find(options.queue.pool);
  if (pool != nullptr && !pool->active) return cycle.result;
  // Room that was made for a job which needs it no more is for all.
  nodes.reservations().retain(options.queue.pool, [&](const Uuid& id) {
    const Job* job = book.find(id);
    return job != nullptr && job->state == JobState::waiting;
  });
  if (!cycle.decide(scorer)) {
    cycle.result.policyFailed = true;
    cycle.decide(builtInScorer(pool != nullptr && pool->druMode == DruMode::gpu));
  }
  cycle.begin();
  return std::move(cycle.result);
}

}  // namespace maitred::cook
