#include "replica.h"

#include "decode.h"

namespace maitred::cook {
namespace {

constexpr double SUM_MOST = 1ull << 40;       // of all jobs: MiB, cpus, gpus
constexpr std::int64_t HELD_MOST = 1ll << 60;  // on a node, in any unit

}  // namespace

Job* Replica::job(std::uint64_t order) const {
  auto at = jobs.find(order);
  return at == jobs.end() ? nullptr : at->second;
}

const Node* Replica::node(std::uint64_t number) const {
  auto at = numbers.find(number);
  return at == numbers.end() ? nullptr : nodes.all().at(at->second).get();
}

void Replica::apply(casefile::Changes::Reader changes, const CaseTexts& texts, bool known) {
  if (changes.hasPools()) applyPools(changes.getPools(), texts);
  for (std::uint64_t order : changes.getJobsGone()) dropJob(order);
  for (auto job : changes.getJobs()) applyJob(job, texts);
  for (std::uint64_t number : changes.getNodesGone()) dropNode(number);
  for (auto node : changes.getNodes()) applyNode(node, texts);
  for (auto room : changes.getRooms()) applyRoom(room, texts, known);
  for (auto tables : changes.getTables()) applyTables(tables, texts);
  if (changes.hasReservations()) applyReservations(changes.getReservations(), texts);
  book.takeChanges(SIZE_MAX);
}

void Replica::applyReservations(casefile::Reservations::Reader told, const CaseTexts& texts) {
  reservations.clear();
  for (auto one : told.getList()) {
    NodeKey node{texts.at(one.getCluster()), texts.at(one.getNodeId())};
    reservations.emplace_back(texts.at(one.getPool()), idOf(one.getJob()), std::move(node));
  }
}

// Their tasks are gone, and so are the names; but a book wants some.
void Replica::nameAttempts(Job& job) {
  for (Instance& one : job.instances) {
    do {
      one.taskId = {UINT64_MAX - 1, ++attempts};
    } while (book.findTask(one.taskId));
  }
}

void Replica::applyPools(casefile::Pools::Reader told, const CaseTexts& texts) {
  if (told.getList().size() == 0) return book.setPools(Pools());
  std::vector<Pool> list;
  std::map<std::string, Quota> groups;
  for (auto one : told.getList()) {
    Pool pool = poolOf(one, texts);
    if (one.hasGroupQuota()) groups[pool.quotaGroup] = quotaOf(one.getGroupQuota());
    list.push_back(std::move(pool));
  }
  try {
    book.setPools(Pools(std::move(list), texts.at(told.getDefaultPool()), std::move(groups)));
  } catch (const std::invalid_argument& fault) {
    throw CaseDamage(std::string("has pools that cannot be: ") + fault.what());
  }
}

// By way of its end: the book knows no other.
void Replica::dropJob(std::uint64_t order) {
  auto at = jobs.find(order);
  if (at == jobs.end()) return;
  Job& job = *at->second;
  jobs.erase(at);
  memSum -= job.spec.mem;
  cpusSum -= job.spec.cpus;
  gpusSum -= job.spec.gpus;
  if (const Instance* live = job.live()) {
    Report end;
    end.status = InstanceStatus::failed;
    end.reason = Reason::NON_ZERO_EXIT;
    end.atMs = live->startMs;
    book.report(live->taskId, end, live->startMs);
  }
  book.kill(job, job.submittedMs);
  book.forget(job);
}

void Replica::applyJob(casefile::Job::Reader told, const CaseTexts& texts) {
  dropJob(told.getOrder());
  Job job = jobOf(told, texts);
  job.sequence = book.nextSequence();
  std::uint64_t order = job.order;
  memSum += job.spec.mem;
  cpusSum += job.spec.cpus;
  gpusSum += job.spec.gpus;
  if (memSum > SUM_MOST || cpusSum > SUM_MOST || gpusSum > SUM_MOST) {
    throw CaseDamage("has jobs that ask for more than there can be");
  }
  std::string id = job.spec.id.text();
  if (told.isLive() && book.findTask(idOf(told.getLive().getTask()))) {
    throw CaseDamage("tells that the task of job " + id + " is another job's");
  }
  if (told.hasPlacement() && job.spec.group) {
    book.addGroup({*job.spec.group, "", placementOf(told.getPlacement(), texts), {}},
                  job.submittedMs);
  }
  nameAttempts(job);
  Job* added = book.add(std::move(job));
  if (added == nullptr) throw CaseDamage("tells of a second job " + id);
  jobs.emplace(order, added);
  if (told.isLive()) {
    auto live = told.getLive();
    Seat seat{texts.at(live.getCluster()), texts.at(live.getNodeId()),
              texts.at(live.getHostname())};
    book.start(*added, idOf(live.getTask()), seat, timeOf(live.getStartMs()));
    // That was no turn of the user's.
    const std::string& user = added->spec.user;
    PoolRanking& ranking = book.rankingOf(added->spec.pool);
    const Turns& its = turns[added->spec.pool];
    auto turn = its.users.find(user);
    ranking.restoreTurn(user, turn == its.users.end() ? 0 : turn->second, its.counter);
  } else if (told.isPutOff()) {
    std::int64_t until = timeOf(told.getPutOff());
    book.postpone(*added, until - 1, 1);
  }
}

void Replica::dropNode(std::uint64_t number) {
  auto at = numbers.find(number);
  if (at == numbers.end()) return;
  NodeKey key = at->second;
  numbers.erase(at);
  nodes.remove(key);
}

void Replica::applyNode(casefile::Node::Reader told, const CaseTexts& texts) {
  auto room = told.getRoom();
  if (room.getNode() == 0) throw CaseDamage("tells of a node without a number");
  dropNode(room.getNode());
  NodeFacts facts = factsOf(told, texts);
  if (nodes.find(facts.key) != nullptr) {
    throw CaseDamage("tells of a second node " + facts.key.nodeId + " of " + facts.key.cluster);
  }
  numbers.emplace(room.getNode(), facts.key);
  nodes.restore(std::move(facts), roomOf(room, texts), loadOf(room), room.getNode(),
                room.getClosedUntilMs());
}

void Replica::applyRoom(casefile::Room::Reader room, const CaseTexts& texts, bool known) {
  const Node* present = node(room.getNode());
  if (present == nullptr) {
    if (!known) return;
    throw CaseDamage("tells of room on node " + std::to_string(room.getNode()) +
                     ", which is not known");
  }
  nodes.restore(present->facts, roomOf(room, texts), loadOf(room), room.getNode(),
                room.getClosedUntilMs());
}

void Replica::applyTables(casefile::PoolTables::Reader told, const CaseTexts& texts) {
  const std::string& pool = texts.at(told.getPool());
  for (auto entry : told.getShares()) {
    book.shares(pool).set(texts.at(entry.getUser()), shareEntryOf(entry));
  }
  for (auto entry : told.getQuotas()) {
    book.quotas(pool).set(texts.at(entry.getUser()), quotaEntryOf(entry));
  }
  if (!told.hasTurns()) return;
  Turns its;
  its.counter = told.getTurns().getCounter();
  for (auto one : told.getTurns().getUsers()) its.users[texts.at(one.getUser())] = one.getTurn();
  book.rankingOf(pool).restoreTurns(its.users, its.counter);
  turns[pool] = std::move(its);
}

void Replica::served(const std::string& pool, const std::string& user) {
  Turns& its = turns[pool];
  its.users[user] = ++its.counter;
}

void Replica::keep(const std::string& pool, const CycleResult& result) {
  for (const auto& one : result.started) served(pool, one.job->spec.user);
  book.takeChanges(SIZE_MAX);
}

void Replica::undo(const std::string& pool, const CycleResult& result, std::int64_t nowMs) {
  const Turns& its = turns[pool];
  for (const auto& one : result.started) {
    nodes.letGo(one.node, one.taskId);
    book.withdraw(one.taskId, nowMs);
    auto turn = its.users.find(one.job->spec.user);
    book.rankingOf(pool).restoreTurn(one.job->spec.user,
                                     turn == its.users.end() ? 0 : turn->second, its.counter);
  }
  book.takeChanges(SIZE_MAX);
}

void Replica::start(casefile::Cycle::Reader cycle, const std::string& pool, bool known) {
  book.wake(timeOf(cycle.getSteadyMs()));
  for (auto one : cycle.getOutcome().getStarted()) {
    Job* its = job(one.getJob());
    const Node* where = node(one.getNode());
    if (its == nullptr || where == nullptr) {
      if (!known) continue;
      throw CaseDamage("starts job " + std::to_string(one.getJob()) + " on node " +
                       std::to_string(one.getNode()) + ", which are not both known");
    }
    NodeKey key = where->facts.key;
    Amount amount = Amount::of(its->spec), held = where->load().held;
    held += amount;
    if (held.cpuMillis > HELD_MOST || held.memBytes > HELD_MOST || held.gpus > HELD_MOST) {
      throw CaseDamage("holds more on node " + key.nodeId + " than there can be");
    }
    Uuid task = idOf(one.getTask());
    Seat seat{key.cluster, key.nodeId, where->facts.hostname};
    if (book.start(*its, task, seat, timeOf(cycle.getWallMs())) == nullptr) {
      if (!known) continue;
      throw CaseDamage("starts job " + its->spec.id.text() + ", which does not wait");
    }
    nodes.hold(key, task, amount, true);
    served(pool, its->spec.user);
  }
  book.takeChanges(SIZE_MAX);
}

}  // namespace maitred::cook
