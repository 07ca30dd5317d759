#include "recorder.h"

#include <kj/common.h>

#include <algorithm>

namespace maitred::cook {
namespace {

// So many jobs or nodes in one record; more are told in several.
constexpr std::size_t ENTRIES_MOST = 1000;

Recorder::Message newMessage() {
  return kj::heap<capnp::MallocMessageBuilder>();
}

bool counts(const Job& job) {
  return job.live() != nullptr || (job.state == JobState::waiting && job.unended() == nullptr);
}

}  // namespace

Recorder::Recorder(Book& book, NodeTable& nodes, Origin origin, Emit emit)
    : book(book), nodes(nodes), origin(std::move(origin)), emit(std::move(emit)) {
  book.watch(this);
  nodes.watch(this);
}

Recorder::~Recorder() {
  book.watch(nullptr);
  nodes.watch(nullptr);
}

void Recorder::jobChanged(const Job& job) {
  if (!deciding) dirtyJobs.emplace_back(job.order, job.spec.id);
}

void Recorder::nodeChanged(const Node& node, bool facts) {
  if (deciding) return;
  DirtyNode& dirty = dirtyNodes.try_emplace(node.number(), DirtyNode{&node, false}).first->second;
  dirty.facts = dirty.facts || facts;
}

void Recorder::nodeRemoved(const Node& node) {
  dirtyNodes.erase(node.number());
  nodesGone.push_back(node.number());
}

// Puts in the texts that the record names first.
void Recorder::send(Message record) {
  auto fresh = texts.takeFresh();
  if (!fresh.empty()) {
    auto list = record->getRoot<casefile::Record>().initTexts(static_cast<unsigned>(fresh.size()));
    for (unsigned i = 0; i < list.size(); ++i) list.set(i, fresh[i].c_str());
  }
  emit(std::move(record));
}

void Recorder::beginFile(std::int64_t nowMs) {
  texts.clear();
  policies.clear();
  part = Part::jobs;
  jobCursor = 0;
  jobsUpTo = book.sequence();
  nodeCursor.reset();
  reservationsTold.reset();
  auto record = newMessage();
  auto header = record->initRoot<casefile::Record>().initHeader();
  header.setMaitred(origin.maitred);
  header.setInstance(origin.instance);
  write(origin.run, header.initRun());
  header.setFile(++fileNumber);
  header.setBeganMs(nowMs);
  send(std::move(record));
}

bool Recorder::snapshotPart(std::size_t most) {
  // What has gone may have left its name to what the part tells of.
  if (part != Part::done) tellUpTo(0);
  if (part == Part::jobs) most -= jobsPart(most);
  if (part == Part::nodes && most > 0) most -= nodesPart(most);
  if (part == Part::tables && most > 0) tablesPart();
  return part != Part::done;
}

// In the order of their changes: what changes meanwhile moves behind the end and is told as such.
std::size_t Recorder::jobsPart(std::size_t most) {
  std::vector<const Job*> found;
  std::size_t looked = 0;
  auto at = book.bySequence().lower_bound(jobCursor + 1);
  for (; looked < most; ++looked, ++at) {
    if (at == book.bySequence().end() || at->first > jobsUpTo) {
      part = Part::nodes;
      break;
    }
    jobCursor = at->first;
    if (counts(*at->second)) found.push_back(at->second);
  }
  if (found.empty()) return looked;
  auto record = newMessage();
  auto list = record->initRoot<casefile::Record>().initChanges().initJobs(
      static_cast<unsigned>(found.size()));
  for (unsigned i = 0; i < list.size(); ++i) write(book, *found[i], texts, list[i]);
  send(std::move(record));
  return looked;
}

std::size_t Recorder::nodesPart(std::size_t most) {
  std::vector<const Node*> found;
  const auto& all = nodes.all();
  auto at = nodeCursor ? all.upper_bound(*nodeCursor) : all.begin();
  for (; at != all.end() && found.size() < most; ++at) found.push_back(at->second.get());
  if (at == all.end()) part = Part::tables;
  if (found.empty()) return 0;
  nodeCursor = found.back()->facts.key;
  auto record = newMessage();
  auto list = record->initRoot<casefile::Record>().initChanges().initNodes(
      static_cast<unsigned>(found.size()));
  for (unsigned i = 0; i < list.size(); ++i) write(*found[i], texts, list[i]);
  send(std::move(record));
  return found.size();
}

void Recorder::tablesPart() {
  auto record = newMessage();
  auto changes = record->initRoot<casefile::Record>().initChanges();
  poolsDirty = true;
  reservationsTold.reset();
  writeChanges(changes);
  const auto& pools = book.pools().all();
  auto list = changes.initTables(static_cast<unsigned>(pools.size()));
  for (unsigned i = 0; i < list.size(); ++i) writeTables(pools[i].name, true, list[i]);
  send(std::move(record));
  auto last = newMessage();
  last->initRoot<casefile::Record>().setWhole();
  send(std::move(last));
  part = Part::done;
}

std::uint32_t Recorder::policyNumber(const lua::Policy* policy) {
  if (policy == nullptr) return 0;
  auto next = static_cast<std::uint32_t>(policies.size() + 1);
  auto [at, isNew] = policies.try_emplace(policy->kind() + " " + policy->version(), next);
  if (!isNew) return at->second;
  auto record = newMessage();
  auto its = record->initRoot<casefile::Record>().initPolicy();
  its.setNumber(at->second);
  its.setKind(policy->kind());
  its.setFile(policy->file());
  its.setVersion(policy->version());
  its.setText(policy->text());
  auto modules = policy->moduleTexts();
  auto list = its.initModules(static_cast<unsigned>(modules.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    list[i].setName(modules[i].name);
    list[i].setText(modules[i].text);
  }
  send(std::move(record));
  return at->second;
}

// In records of their own, until so many changes are left.
void Recorder::tellUpTo(std::size_t most) {
  while (dirtyJobs.size() > most || dirtyNodes.size() > most || nodesGone.size() > most) {
    auto record = newMessage();
    writeChanges(record->initRoot<casefile::Record>().initChanges());
    send(std::move(record));
  }
}

void Recorder::writeChanges(casefile::Changes::Builder to) {
  writeJobs(to);
  writeNodes(to);
  const Reservations& reservations = std::as_const(nodes).reservations();
  if (reservationsTold != reservations.generation()) {
    write(reservations, texts, to.initReservations());
    reservationsTold = reservations.generation();
  }
  if (!poolsDirty) return;
  write(book.pools(), texts, to.initPools());
  poolsDirty = false;
}

void Recorder::writeJobs(casefile::Changes::Builder to) {
  if (dirtyJobs.empty()) return;
  std::sort(dirtyJobs.begin(), dirtyJobs.end());
  dirtyJobs.erase(std::unique(dirtyJobs.begin(), dirtyJobs.end()), dirtyJobs.end());
  std::size_t count = std::min(dirtyJobs.size(), ENTRIES_MOST);
  std::vector<const Job*> present;
  std::vector<std::uint64_t> gone;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [order, id] = dirtyJobs[i];
    const Job* job = book.find(id);
    if (job == nullptr || job->order != order || !counts(*job)) {
      gone.push_back(order);
    } else if (!whole() || job->live() == nullptr ||
               (job->spec.group && book.isPlaced(*job->spec.group))) {
      // One that lives was begun by a cycle, whose record has told it; but its host can have got
      // another name, which its group looks at.
      present.push_back(job);
    }
  }
  dirtyJobs.erase(dirtyJobs.begin(), dirtyJobs.begin() + static_cast<std::ptrdiff_t>(count));
  if (!present.empty()) {
    auto list = to.initJobs(static_cast<unsigned>(present.size()));
    for (unsigned i = 0; i < list.size(); ++i) write(book, *present[i], texts, list[i]);
  }
  if (!gone.empty()) {
    auto list = to.initJobsGone(static_cast<unsigned>(gone.size()));
    for (unsigned i = 0; i < list.size(); ++i) list.set(i, gone[i]);
  }
}

void Recorder::writeNodes(casefile::Changes::Builder to) {
  std::vector<const Node*> full, rooms;
  while (!dirtyNodes.empty() && full.size() + rooms.size() < ENTRIES_MOST) {
    const DirtyNode& one = dirtyNodes.begin()->second;
    (one.facts || !whole() ? full : rooms).push_back(one.node);
    dirtyNodes.erase(dirtyNodes.begin());
  }
  if (!full.empty()) {
    auto list = to.initNodes(static_cast<unsigned>(full.size()));
    for (unsigned i = 0; i < list.size(); ++i) write(*full[i], texts, list[i]);
  }
  if (!rooms.empty()) {
    auto list = to.initRooms(static_cast<unsigned>(rooms.size()));
    for (unsigned i = 0; i < list.size(); ++i) writeRoom(*rooms[i], texts, list[i]);
  }
  if (!nodesGone.empty()) {
    auto list = to.initNodesGone(static_cast<unsigned>(nodesGone.size()));
    for (unsigned i = 0; i < list.size(); ++i) list.set(i, nodesGone[i]);
    nodesGone.clear();
  }
}

bool Recorder::tablesDue(const std::string& pool) {
  const Told& its = told[pool];
  return its.sharesGeneration != book.shares(pool).generation() ||
         its.quotasGeneration != book.quotas(pool).generation() ||
         its.forgotten != book.ranking(pool).forgotten();
}

namespace {

// The entries that differ, or all of them; and those that are gone.
template <typename Entries>
auto differing(const Entries& before, const Entries& now, bool all) {
  std::vector<std::pair<std::string, typename Entries::mapped_type>> found;
  for (const auto& [user, entry] : now) {
    auto at = before.find(user);
    if (all || at == before.end() || !(at->second == entry)) found.emplace_back(user, entry);
  }
  for (const auto& [user, entry] : before) {
    if (!now.contains(user)) found.emplace_back(user, typename Entries::mapped_type());
  }
  return found;
}

}  // namespace

void Recorder::writeTables(const std::string& pool, bool all, casefile::PoolTables::Builder to) {
  Told& its = told[pool];
  to.setPool(texts.of(pool));
  if (all || its.sharesGeneration != book.shares(pool).generation()) {
    auto changed = differing(its.shares, book.shares(pool).entries(), all);
    auto list = to.initShares(static_cast<unsigned>(changed.size()));
    for (unsigned i = 0; i < list.size(); ++i) {
      write(changed[i].first, changed[i].second, texts, list[i]);
    }
    its.shares = book.shares(pool).entries();
    its.sharesGeneration = book.shares(pool).generation();
  }
  if (all || its.quotasGeneration != book.quotas(pool).generation()) {
    auto changed = differing(its.quotas, book.quotas(pool).entries(), all);
    auto list = to.initQuotas(static_cast<unsigned>(changed.size()));
    for (unsigned i = 0; i < list.size(); ++i) {
      write(changed[i].first, changed[i].second, texts, list[i]);
    }
    its.quotas = book.quotas(pool).entries();
    its.quotasGeneration = book.quotas(pool).generation();
  }
  const PoolRanking& ranking = book.ranking(pool);
  if (all || its.forgotten != ranking.forgotten()) {
    write(ranking, texts, to.initTurns());
    its.forgotten = ranking.forgotten();
  }
}

CycleResult Recorder::cycle(const CycleOptions& options, std::int64_t nowMs,
                            const PoliciesInForce& inForce,
                            const std::function<CycleResult(const CycleOptions&)>& decide) {
  const std::string& pool = options.queue.pool;
  std::uint32_t fairness = policyNumber(inForce.fairness);
  std::uint32_t placement = policyNumber(inForce.placement);
  tellUpTo(ENTRIES_MOST);
  auto record = newMessage();
  auto cycle = record->initRoot<casefile::Record>().initCycle();
  cycle.setNumber(++cycleNumber);
  auto changes = cycle.initChanges();
  writeChanges(changes);
  if (tablesDue(pool)) writeTables(pool, false, changes.initTables(1)[0]);
  write(options, nowMs, texts, cycle);
  write(book.headRule(pool).state(), cycle.initHead());
  write(inForce.clock, cycle);
  cycle.setFairness(fairness);
  cycle.setPlacement(placement);
  cycle.setWaiting(book.ranking(pool).waitingCount());
  cycle.setOpenNodes(nodes.openCount(pool));

  std::vector<std::pair<std::string, std::int64_t>> rates;
  CycleOptions watched = options;
  if (options.queue.launchTokens) {
    watched.queue.launchTokens = [&](const std::string& user) {
      return rates.emplace_back(user, options.queue.launchTokens(user)).second;
    };
  }
  std::vector<std::pair<std::uint64_t, bool>> heldBack;
  if (options.queue.mayLaunch) {
    watched.queue.mayLaunch = [&](const Job& job) {
      Launch launch = options.queue.mayLaunch(job);
      if (launch != Launch::yes) heldBack.emplace_back(job.order, launch == Launch::stop);
      return launch;
    };
  }
  CycleResult result;
  {
    deciding = whole();
    KJ_DEFER(deciding = false);
    result = decide(watched);
  }
  if (!rates.empty()) {
    auto list = cycle.initRates(static_cast<unsigned>(rates.size()));
    for (unsigned i = 0; i < list.size(); ++i) {
      list[i].setUser(texts.of(rates[i].first));
      list[i].setTokens(rates[i].second);
    }
  }
  if (!heldBack.empty()) {
    auto list = cycle.initHeldBack(static_cast<unsigned>(heldBack.size()));
    for (unsigned i = 0; i < list.size(); ++i) {
      list[i].setJob(heldBack[i].first);
      list[i].setStop(heldBack[i].second);
    }
  }
  write(result, cycle.initOutcome());
  send(std::move(record));
  return result;
}

}  // namespace maitred::cook
