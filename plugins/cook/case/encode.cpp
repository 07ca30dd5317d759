#include "encode.h"

namespace maitred::cook {
namespace {

void write(const Quota& quota, casefile::Quota::Builder to) {
  const auto& [mem, cpus, gpus, count, launchRateSaved, launchRatePerMinute] = quota;
  to.setMem(mem);
  to.setCpus(cpus);
  to.setGpus(gpus);
  to.setCount(count);
  to.setLaunchRateSaved(launchRateSaved);
  to.setLaunchRatePerMinute(launchRatePerMinute);
}

// Pairs of texts, whatever they are called where they come from.
template <typename List, typename Init>
void writePairs(const List& pairs, TextNumbers& texts, Init&& init) {
  if (pairs.empty()) return;
  capnp::List<casefile::Attribute>::Builder list = init(static_cast<unsigned>(pairs.size()));
  unsigned at = 0;
  for (const auto& [name, value] : pairs) {
    list[at].setName(texts.of(name));
    list[at++].setValue(texts.of(value));
  }
}

template <typename Init>
void writeKinds(const Kinds& kinds, TextNumbers& texts, Init&& init) {
  if (kinds.empty()) return;
  capnp::List<casefile::Kind>::Builder list = init(static_cast<unsigned>(kinds.size()));
  unsigned at = 0;
  for (const auto& [name, amount] : kinds) {
    list[at].setName(texts.of(name));
    list[at++].setAmount(amount);
  }
}

casefile::HostPlacement::Type typeOf(HostPlacement::Type type) {
  switch (type) {
    case HostPlacement::Type::all:
      return casefile::HostPlacement::Type::ALL;
    case HostPlacement::Type::unique:
      return casefile::HostPlacement::Type::UNIQUE;
    case HostPlacement::Type::balanced:
      return casefile::HostPlacement::Type::BALANCED;
    case HostPlacement::Type::attributeEquals:
      return casefile::HostPlacement::Type::ATTRIBUTE_EQUALS;
  }
  return casefile::HostPlacement::Type::ALL;
}

void write(const HostPlacement& placement, TextNumbers& texts,
           casefile::HostPlacement::Builder to) {
  const auto& [type, attribute, minimum] = placement;
  to.setType(typeOf(type));
  to.setAttribute(texts.of(attribute));
  to.setMinimum(minimum);
}

void write(const Demands& demands, TextNumbers& texts, casefile::Job::Builder to) {
  const auto& [expectedRuntimeMs, checkpoint, diskMib, diskType] = demands;
  to.setExpectedRuntimeMs(expectedRuntimeMs);
  to.setCheckpoint(checkpoint);
  to.setDiskMib(diskMib);
  to.setDiskType(texts.of(diskType));
}

void writeAttempts(const Job& job, TextNumbers& texts, casefile::Job::Builder to) {
  if (job.instances.empty()) return;
  auto list = to.initAttempts(static_cast<unsigned>(job.instances.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    const Instance& one = job.instances[i];
    list[i].setHostname(texts.of(one.hostname.str()));
    list[i].setCluster(texts.of(one.cluster.str()));
    list[i].setPreempted(one.preempted);
    bool lost = one.status == InstanceStatus::failed && one.reason == Reason::NODE_REMOVED;
    if (lost) list[i].setLostMs(std::max<std::int64_t>(0, one.endMs - one.startMs));
  }
}

void write(const PlacementRules& rules, TextNumbers& texts, casefile::Options::Builder to) {
  const auto& [novelHostAlways, hostLifetimeMs, multiplier, startGraceMs, locations, resting] =
      rules;
  to.setNovelHostAlways(novelHostAlways);
  to.setHostLifetimeMs(hostLifetimeMs);
  to.setRuntimeMultiplier(multiplier);
  to.setStartGraceMs(startGraceMs);
  writePairs(locations, texts, [&](unsigned size) { return to.initLocations(size); });
  auto list = to.initResting(static_cast<unsigned>(resting.size()));
  unsigned i = 0;
  for (const std::string& one : resting) list.set(i++, texts.of(one));
}

}  // namespace

std::uint32_t TextNumbers::of(std::string_view text) {
  if (text.empty()) return 0;
  if (auto at = numbers.find(text); at != numbers.end()) return at->second;
  auto number = static_cast<std::uint32_t>(numbers.size() + 1);
  numbers.emplace(text, number);
  fresh.emplace_back(text);
  return number;
}

void TextNumbers::clear() {
  numbers.clear();
  fresh.clear();
}

void write(const Uuid& id, casefile::Id::Builder to) {
  to.setHigh(id.high);
  to.setLow(id.low);
}

void write(const Amount& amount, casefile::Amount::Builder to) {
  const auto& [cpuMillis, memBytes, ports, gpus] = amount;
  to.setCpuMillis(cpuMillis);
  to.setMemBytes(memBytes);
  to.setPorts(ports);
  to.setGpus(gpus);
}

void write(const Book& book, const Job& job, TextNumbers& texts, casefile::Job::Builder to) {
  const auto& [id, user, pool, submitPool, groupName, name, command, cpus, mem, gpus, maxRetries,
               priority, maxRuntimeMs, ports, disableMeaCulpa, environment, labels, uris,
               constraints, demands, group, extra] = job.spec;
  to.setOrder(job.order);
  write(id, to.initId());
  to.setUser(texts.of(user.str()));
  to.setPool(texts.of(pool.str()));
  to.setSubmittedMs(job.submittedMs);
  to.setPriority(priority);
  to.setCpus(cpus);
  to.setMem(mem);
  to.setGpus(gpus);
  to.setPorts(static_cast<std::uint32_t>(ports));
  to.setName(texts.of(name));
  writePairs(labels, texts, [&](unsigned size) { return to.initLabels(size); });
  to.setRuntimeMs(expectedRuntimeMs(job.spec).value_or(-1));
  if (!demands.empty()) write(demands[0], texts, to);
  if (gpus > 0) to.setGpuModel(texts.of(gpuModelOf(job.spec)));
  writePairs(constraints, texts, [&](unsigned size) { return to.initConstraints(size); });
  if (group) {
    write(*group, to.initGroup());
    if (book.isPlaced(*group)) {
      write(book.group(*group)->placement, texts, to.initPlacement());
    }
  }
  if (const Instance* live = job.live()) {
    auto its = to.initLive();
    write(live->taskId, its.initTask());
    its.setStartMs(live->startMs);
    its.setCluster(texts.of(live->cluster.str()));
    its.setNodeId(texts.of(live->nodeId.str()));
    its.setHostname(texts.of(live->hostname.str()));
    return;
  }
  writeAttempts(job, texts, to);
  if (auto until = book.postponedUntil(job)) {
    to.setPutOff(*until);
  } else {
    to.setWaiting();
  }
}

void writeRoom(const Node& node, TextNumbers& texts, casefile::Room::Builder to) {
  const auto& [available, taskCount, generation, diskBytes] = node.room;
  const auto& [held, fresh, tasks] = node.load();
  to.setNode(node.number());
  write(available, to.initAvailable());
  to.setTaskCount(taskCount);
  to.setGeneration(generation);
  if (tasks != 0) {
    write(held, to.initHeld());
    if (fresh != Amount()) write(fresh, to.initFresh());
  }
  to.setTasks(static_cast<std::uint32_t>(tasks));
  to.setClosedUntilMs(node.closedUntilMs);
  writeKinds(diskBytes, texts, [&](unsigned size) { return to.initDisks(size); });
}

void write(const Node& node, TextNumbers& texts, casefile::Node::Builder to) {
  const auto& [key, hostname, capacity, tasksMax, ready, attributes, pool, gpus] = node.facts;
  to.setCluster(texts.of(key.cluster));
  to.setNodeId(texts.of(key.nodeId));
  to.setHostname(texts.of(hostname));
  to.setPool(texts.of(pool));
  write(capacity, to.initCapacity());
  to.setTasksMax(tasksMax);
  to.setReady(ready);
  std::size_t count = 0;
  for (const auto& [name, values] : attributes) count += values.size();
  if (count != 0) {
    auto list = to.initAttributes(static_cast<unsigned>(count));
    unsigned at = 0;
    for (const auto& [name, values] : attributes) {
      for (const std::string& value : values) {
        list[at].setName(texts.of(name));
        list[at++].setValue(texts.of(value));
      }
    }
  }
  writeKinds(gpus, texts, [&](unsigned size) { return to.initGpus(size); });
  writeRoom(node, texts, to.initRoom());
}

void write(const Pools& pools, TextNumbers& texts, casefile::Pools::Builder to) {
  if (!pools.named()) return;
  to.setDefaultPool(texts.of(pools.defaultPool()));
  auto list = to.initList(static_cast<unsigned>(pools.all().size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    const Pool& pool = pools.all()[i];
    const auto& [name, purpose, active, druMode, quota, quotaGroup, defaultConstraints, gpuModel,
                 disk] = pool;
    list[i].setName(texts.of(name));
    list[i].setActive(active);
    list[i].setGpuMode(druMode == DruMode::gpu);
    if (quota) write(*quota, list[i].initQuota());
    list[i].setGroup(texts.of(quotaGroup));
    if (const Quota* shared = pools.groupQuota(pool)) write(*shared, list[i].initGroupQuota());
    writePairs(defaultConstraints, texts,
               [&](unsigned size) { return list[i].initConstraints(size); });
    list[i].setGpuModel(texts.of(gpuModel));
    if (disk) {
      const auto& [defaultMib, defaultType, types] = *disk;
      auto its = list[i].initDisk();
      its.setMib(defaultMib);
      its.setType(texts.of(defaultType));
      writePairs(types, texts, [&](unsigned size) { return its.initTypes(size); });
    }
  }
}

void write(std::string_view user, const ShareEntry& entry, TextNumbers& texts,
           casefile::Share::Builder to) {
  const auto& [mem, cpus, gpus] = entry;
  to.setUser(texts.of(user));
  to.setMem(mem.value_or(-1));
  to.setCpus(cpus.value_or(-1));
  to.setGpus(gpus.value_or(-1));
}

void write(std::string_view user, const QuotaEntry& entry, TextNumbers& texts,
           casefile::Quota::Builder to) {
  const auto& [mem, cpus, gpus, count, launchRateSaved, launchRatePerMinute] = entry;
  to.setUser(texts.of(user));
  to.setMem(mem.value_or(-1));
  to.setCpus(cpus.value_or(-1));
  to.setGpus(gpus.value_or(-1));
  to.setCount(count.value_or(-1));
  to.setLaunchRateSaved(launchRateSaved.value_or(-1));
  to.setLaunchRatePerMinute(launchRatePerMinute.value_or(-1));
}

void write(const PoolRanking& ranking, TextNumbers& texts, casefile::Turns::Builder to) {
  to.setCounter(ranking.servedLast());
  unsigned count = 0;
  for (const auto& [name, user] : ranking.users()) count += user.served != 0;
  auto list = to.initUsers(count);
  unsigned at = 0;
  for (const auto& [name, user] : ranking.users()) {
    if (user.served == 0) continue;
    list[at].setUser(texts.of(name));
    list[at++].setTurn(user.served);
  }
}

void write(const HeadRule::State& state, casefile::HeadRule::Builder to) {
  const auto& [most, limit, atFloor, matchedBefore, begun, sinceMs] = state;
  to.setMost(most);
  to.setLimit(limit);
  to.setAtFloor(static_cast<std::uint32_t>(atFloor));
  to.setMatchedBefore(matchedBefore);
  to.setBegun(begun);
  to.setSinceMs(sinceMs);
}

void write(const Reservations& all, TextNumbers& texts, casefile::Reservations::Builder to) {
  std::size_t count = 0;
  all.each([&](const auto&...) { ++count; });
  auto list = to.initList(static_cast<unsigned>(count));
  unsigned at = 0;
  all.each([&](const std::string& pool, const Uuid& job, const NodeKey& node) {
    auto its = list[at++];
    its.setPool(texts.of(pool));
    write(job, its.initJob());
    its.setCluster(texts.of(node.cluster));
    its.setNodeId(texts.of(node.nodeId));
  });
}

void write(const PolicyClock& clock, casefile::Cycle::Builder to) {
  const auto& [nowMs, hour, weekday] = clock;
  to.setTickMs(nowMs);
  to.setHour(hour);
  to.setWeekday(static_cast<std::uint8_t>(weekday));
}

void write(const CycleOptions& options, std::int64_t nowMs, TextNumbers& texts,
           casefile::Cycle::Builder to) {
  const auto& [queue, considerableMost, head, goodEnough, steadyMs, rules] = options;
  const auto& [scaleback, warnAt, resetAt] = head;
  const auto& [pool, overQuotaMost, jobMemMost, jobCpusMost, launchTokens, byUser, mayLaunch] =
      queue;
  (void)mayLaunch;  // its answers are what is recorded
  to.setPool(texts.of(pool));
  to.setWallMs(nowMs);
  to.setSteadyMs(steadyMs.value_or(nowMs));
  auto its = to.initOptions();
  its.setConsiderable(considerableMost);
  its.setGoodEnough(goodEnough);
  its.setOverQuota(overQuotaMost);
  its.setJobMemMost(jobMemMost);
  its.setJobCpusMost(jobCpusMost);
  its.setLaunchRates(launchTokens != nullptr);
  its.setOrderAlone(!byUser);
  its.setHeadScaleback(scaleback);
  its.setHeadWarnAt(static_cast<std::uint32_t>(warnAt));
  its.setHeadResetAt(static_cast<std::uint32_t>(resetAt));
  write(rules, texts, its);
}

void write(const CycleResult& result, casefile::Outcome::Builder to) {
  // What was held back and why follows from the rest.
  const auto& [started, offensive, considered, policyFailed, more, held, rateLimited, head] =
      result;
  (void)held;
  auto list = to.initStarted(static_cast<unsigned>(started.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    const auto& [job, taskId, node, generation, nodeNumber] = started[i];
    list[i].setJob(job->order);
    write(taskId, list[i].initTask());
    list[i].setNode(nodeNumber);
    list[i].setGeneration(generation);
  }
  to.setConsidered(considered);
  if (!offensive.empty()) {
    auto jobs = to.initOffensive(static_cast<unsigned>(offensive.size()));
    for (unsigned i = 0; i < jobs.size(); ++i) jobs.set(i, offensive[i]->order);
  }
  to.setMore(more);
  to.setPolicyFailed(policyFailed);
  to.setRateLimited(!rateLimited.empty());
  switch (head) {
    case HeadRule::Note::none:
      return to.setNote(casefile::HeadNote::NONE);
    case HeadRule::Note::stuck:
      return to.setNote(casefile::HeadNote::STUCK);
    case HeadRule::Note::gaveUp:
      return to.setNote(casefile::HeadNote::GAVE_UP);
  }
}

}  // namespace maitred::cook
