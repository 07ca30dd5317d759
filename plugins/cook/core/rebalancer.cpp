#include "rebalancer.h"

#include "victim-search.h"

namespace maitred::cook {
namespace {

// How far behind them jobs are looked for for whom a node is kept.
constexpr std::size_t KEPT_BEHIND_MOST = 1000;

struct Candidates {
  std::vector<Job*> jobs;  // for which room may be made, first ones first
  std::vector<Job*> kept;  // for whom a node is kept, likewise
};

// Nothing: the scorer failed.
std::optional<Candidates> candidates(Book& book, const NodeTable& nodes,
                                     const RebalanceOptions& options, Scorer& scorer) {
  QueueOptions order = options.queue;
  order.byUser = false;
  const Reservations& reservations = nodes.reservations();
  PendingQueue queue(book, order, scorer, &reservations);
  std::size_t left = reservations.count(order.pool), walked = 0;
  Candidates found;
  for (;; ++walked) {
    bool full = found.jobs.size() == options.preemptionMost;
    if (full && (left == 0 || walked >= options.preemptionMost + KEPT_BEHIND_MOST)) break;
    Job* job = queue.next();
    if (job == nullptr) break;
    if (!full) found.jobs.push_back(job);
    if (left == 0 || reservations.of(order.pool, job->spec.id) == nullptr) continue;
    found.kept.push_back(job);
    --left;
  }
  if (queue.failed()) return std::nullopt;
  return found;
}

// Of a job among those of its owner's that wait: ascending.
using Place = std::pair<std::int64_t, std::uint64_t>;

Place placeOf(const Job& job) {
  return {-job.spec.priority, job.order};
}

class Round {
 public:
  using Index = PreemptionState::Index;

  Round(Book& book, const NodeTable& nodes, Scorer& scorer, PreemptionPolicy* policy,
        const RebalanceOptions& options, std::int64_t nowMs)
      : book(book),
        nodes(nodes),
        scorer(scorer),
        options(options),
        nowMs(nowMs),
        pool(book.pools().find(options.queue.pool)),
        state(book, nodes, options.queue.pool, scorer),
        rules{options.scoreGainLeast, options.safeScore, nowMs, policy},
        search(state, rules) {}

  // False: the scorer or the policy failed.
  bool run(const Candidates& candidates);
  std::vector<Decision> decisions;

 private:
  Book& book;
  const NodeTable& nodes;
  Scorer& scorer;
  const RebalanceOptions& options;
  std::int64_t nowMs;
  const Pool* pool;
  PreemptionState state;
  VictimSearch::Rules rules;
  VictimSearch search;
  std::map<Uuid, GroupPlacement> groups;
  std::map<Index, Usage> ahead;  // of users: their jobs that found no place
  // Of users: what comes back to the queue by itself, each with all in front of it, in order.
  std::map<Index, std::vector<std::pair<Place, Usage>>> away;
  std::map<Index, std::vector<const Job*>> stopped;  // of users: theirs that wait again
  std::set<const Job*> served;  // their nodes were kept for them before, and still are
  std::map<Index, std::int64_t> launchesLeft;  // of users, by their launch rate

  GroupPlacement* groupOf(const Job& job);
  Usage aheadOf(const Job& job, Index user);
  bool mayLaunch(const Job& job, Index user);
  void readAway();
  bool keepPromises(const std::vector<Job*>& kept);
  bool consider(Job& job);
  std::optional<VictimSearch::Choice> placeFor(const Job& job, Index user, Index only);
  void displace(const Job& job);
  void decide(Job& job, Index user, const VictimSearch::Choice& choice);
};

bool Round::run(const Candidates& candidates) {
  readAway();
  if (state.failed() || !keepPromises(candidates.kept)) return false;
  for (Job* job : candidates.jobs) {
    if (decisions.size() >= options.preemptionMost) break;
    if (!served.contains(job) && !consider(*job)) return false;
  }
  return true;
}

// What earlier rounds have stopped waits again in its place as soon as it is gone, and what is put
// off as soon as its time has come.
void Round::readAway() {
  auto read = [&](const Job& job) {
    if (job.state != JobState::waiting || job.spec.pool != pool->name) return;
    away[state.userOf(job.spec.user)].emplace_back(placeOf(job), job.usage());
  };
  for (const auto& [order, job] : book.ending()) read(*job);
  book.eachPostponed(read);
  for (auto& [user, list] : away) {
    auto byPlace = [](const auto& one, const auto& other) { return one.first < other.first; };
    std::sort(list.begin(), list.end(), byPlace);
    Usage upTo;
    for (auto& [place, usage] : list) usage = upTo += usage;
  }
}

// What was stopped for a job is not given to others before it is gone. Of those that were stopped
// together the first one to end may come before that job in the queue, as long as its owner's
// others are not back; it would take the room, and be stopped for it again in the next round.
bool Round::keepPromises(const std::vector<Job*>& kept) {
  for (Job* job : kept) {
    Index host = state.hostOf(*nodes.reservations().of(pool->name, job->spec.id));
    if (host == PreemptionState::NONE || !state.awaits(host)) continue;
    Index user = state.userOf(job->spec.user);
    if (!mayLaunch(*job, user)) continue;
    auto choice = placeFor(*job, user, host);
    if (search.failed() || state.failed()) return false;
    if (!choice || !choice->victims.empty()) continue;
    served.insert(job);
    decide(*job, user, *choice);
  }
  return !state.failed();
}

GroupPlacement* Round::groupOf(const Job& job) {
  if (!job.spec.group) return nullptr;
  auto at = groups.find(*job.spec.group);
  if (at != groups.end()) return &at->second;
  const GroupSpec* spec = book.group(*job.spec.group);
  if (spec == nullptr || spec->placement.type == HostPlacement::Type::all) return nullptr;
  GroupPlacement placement(*spec, book.cohosts(spec->id), nodes);
  return &groups.emplace(spec->id, std::move(placement)).first->second;
}

// What of the owner's will wait in front of the job. A task that is stopped goes back to its place
// in the queue, and takes its part of the quota again.
Usage Round::aheadOf(const Job& job, Index user) {
  Usage usage = ahead[user];
  for (const Job* other : stopped[user]) {
    if (placeOf(*other) < placeOf(job)) usage += other->usage();
  }
  const auto& list = away[user];
  auto isBefore = [&](const auto& one) { return one.first < placeOf(job); };
  auto end = std::partition_point(list.begin(), list.end(), isBefore);
  if (end != list.begin()) usage += std::prev(end)->second;
  return usage;
}

// Room that is made for somebody who may not start a job would be given away again.
bool Round::mayLaunch(const Job& job, Index user) {
  if (!options.queue.launchTokens) return true;
  auto [at, isNew] = launchesLeft.try_emplace(user);
  if (isNew) at->second = options.queue.launchTokens(job.spec.user);
  return at->second > 0;
}

bool Round::consider(Job& job) {
  Index user = state.userOf(job.spec.user);
  if (!mayLaunch(job, user)) {
    ahead[user] += job.usage();
    return true;
  }
  auto choice = placeFor(job, user, PreemptionState::NONE);
  if (search.failed() || state.failed()) return false;
  if (choice) {
    decide(job, user, *choice);
  } else {
    ahead[user] += job.usage();
  }
  return !state.failed();
}

// On any host, or only on this one.
std::optional<VictimSearch::Choice> Round::placeFor(const Job& job, Index user, Index only) {
  Usage inFront = aheadOf(job, user);
  auto pending = state.pendingScore(job, user, inFront);
  if (!pending) return std::nullopt;
  Constraints constraints(
      job, {book, nodes, pool, options.rules, nowMs, Constraints::Purpose::makeRoom},
      groupOf(job));
  // Where only hosts are left on which it has run, the cycle starts it there too.
  Amount wanted = Amount::of(job.spec);
  auto couldRun = [&](const PreemptionState::Host& host) {
    return wanted.fitsIn(host.node->facts.capacity) && constraints.couldEverRunOn(*host.node);
  };
  const auto& hosts = state.hosts();
  bool strict = options.rules.novelHostAlways || std::any_of(hosts.begin(), hosts.end(), couldRun);
  if (!strict) constraints.forgiveNovelHost();
  return search.find({job, user, *pending, inFront}, [&](Index host) {
    bool meant = only == PreemptionState::NONE || host == only;
    return meant && !constraints.against(*hosts[host].node);
  });
}

void Round::displace(const Job& job) {
  for (Decision& one : decisions) one.displaced = one.displaced || one.job == &job;
}

void Round::decide(Job& job, Index user, const VictimSearch::Choice& choice) {
  if (options.queue.launchTokens) --launchesLeft[user];
  const Node& node = *state.hosts()[choice.host].node;
  Decision made{&job, node.facts.key, node.facts.hostname, choice.score,
                state.room(choice.host, choice.victims), {}, choice.victims.size()};
  for (Index victim : choice.victims) {
    const PreemptionState::Task& task = state.tasks()[victim];
    if (task.taskId.isNull()) {
      displace(*task.job);
    } else {
      made.victims.push_back({task.job, task.taskId});
    }
    stopped[task.user].push_back(task.job);
    if (GroupPlacement* left = groupOf(*task.job)) left->remove(node);
  }
  Amount wanted = Amount::of(job.spec);
  // Beside a single victim others would take the spare room that the job needs as well.
  bool needsMore = choice.victims.size() == 1 &&
                   !wanted.fitsIn(state.tasks()[choice.victims.front()].amount);
  made.promised = needsMore || !state.isEnough(choice.host, choice.victims, wanted);
  if (GroupPlacement* joined = groupOf(job)) joined->add(node);
  state.apply(job, user, choice.host, choice.victims, served.contains(&job));
  decisions.push_back(std::move(made));
}

}  // namespace

RebalanceResult rebalance(Book& book, const NodeTable& nodes, Scorer& scorer,
                          PreemptionPolicy* policy, const RebalanceOptions& options,
                          std::int64_t nowMs) {
  RebalanceResult result;
  const Pool* pool = book.pools().find(options.queue.pool);
  if (pool == nullptr || !pool->active || options.preemptionMost == 0) return result;
  auto decide = [&](Scorer& by, PreemptionPolicy* with) {
    auto waiting = candidates(book, nodes, options, by);
    if (!waiting) return false;
    if (waiting->jobs.empty()) return true;  // what runs is not even looked at
    Round round(book, nodes, by, with, options, nowMs);
    bool good = round.run(*waiting);
    result.decisions = std::move(round.decisions);
    return good;
  };
  if (decide(scorer, policy)) return result;
  result.policyFailed = true;
  result.decisions.clear();
  decide(builtInScorer(pool->druMode == DruMode::gpu), nullptr);
  return result;
}

Reservations::List reservationsFor(const std::vector<Decision>& decisions) {
  Reservations::List list;
  for (const Decision& one : decisions) {
    bool keep = !one.displaced && (one.tasks > 1 || one.promised);
    if (keep) list.emplace_back(one.job->spec.id, one.node);
  }
  return list;
}

}  // namespace maitred::cook
