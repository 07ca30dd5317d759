#include "case-history.h"

namespace maitred::cook {
namespace {

constexpr std::int64_t MIB = 1024 * 1024;

const char* const FAIRNESS[] = {
    "return { kind='fairness', version=1, score=function(mem,cpus,gpus,share_mem,share_cpus,"
    "share_gpus,priority,submitted_ms) return math.max(mem/share_mem, cpus/share_cpus) end }",
    // Fails for whoever holds much.
    "return { kind='fairness', version=1, score=function(mem,cpus,gpus,share_mem,share_cpus,"
    "share_gpus,priority,submitted_ms) if cpus > 9 and cpus < 100 then error('too much') end "
    "return submitted_ms - 1000 * priority end }",
    // Looks at the job and the time.
    "return { kind='fairness', version=1, score=function(mem,cpus,gpus,share_mem,share_cpus,"
    "share_gpus,priority,submitted_ms,job) return cpus / share_cpus + #job.name + job.hour + "
    "job.now_ms / 10000 % 7 + (job.runtime_ms or 5) + 10 / (1 + job.pool_cpus) + "
    "(job.labels.kind == 'small' and 3 or 0) end }",
    "local m = require('helper') return { kind='fairness', version=1, score=function(mem,cpus,gpus,"
    "share_mem,share_cpus,share_gpus,priority,submitted_ms) return m.of(mem, gpus) end }",
};
const char* const PLACEMENT[] = {
    // Keeps the tasks of a user apart.
    "return { kind='placement', version=1, fitness=function(used_cpus,used_mem,job_cpus,job_mem,"
    "total_cpus,total_mem,job,node) return 1 / (1 + (job.peers[node.name] or 0)) - "
    "(node.attributes.zone == job.labels.zone and 0.1 or 0) end }",
    "return { kind='placement', version=1, fitness=function(used_cpus,used_mem,job_cpus,job_mem,"
    "total_cpus,total_mem) if job_mem > 2500 then error('full') end "
    "return 1 - used_cpus / total_cpus end }"};

void install(lua::PolicySlot& slot, const char* text) {
  lua::Policy::Options options = slot.policyOptions();
  options.modules = {{"helper", "return { of = function(a, b) return a + 100 * b end }"}};
  if (!slot.install(lua::Policy::loadText("test.lua", text, options))) {
    throw std::logic_error("a policy of the test's own cannot be loaded");
  }
}

}  // namespace

CaseHistory::Counts& CaseHistory::Counts::operator+=(const Counts& more) {
  cycles += more.cycles;
  starts += more.starts;
  policyFailures += more.policyFailures;
  rateLimited += more.rateLimited;
  heldBack += more.heldBack;
  refusals += more.refusals;
  postponed += more.postponed;
  offensive += more.offensive;
  lowLimit += more.lowLimit;
  files += more.files;
  stopped += more.stopped;
  reserved += more.reserved;
  grouped += more.grouped;
  again += more.again;
  return *this;
}

CaseHistory::CaseHistory(std::uint64_t seed, Options optionsIn)
    : random(seed), options(optionsIn) {
  rates = options.launchRates && chance(40);
  choosePools();
  choosePolicies();
  changeTables();
  rules.novelHostAlways = chance(20);
  if (chance(50)) {
    rules.hostLifetimeMs = 1'000'000;
    rules.expectedRuntimeMultiplier = 1.5;
    rules.startGraceMs = 1000;
    rules.locations = {{"east", "here"}, {"west", "there"}};
  }
  for (int i = 0; i < 6; ++i) addNode(i);
  for (std::uint64_t i = random() % 30; i > 0; --i) submit(user(), pick(pools));
  // Some jobs have been started, refused and ended before the recording begins.
  for (int i = 0; i < 3; ++i) {
    for (const std::string& pool : pools) cycle(pool);
    endSome();
  }
  Recorder::Origin origin{"0.0.0", "cook", newId()};
  recorder = std::make_unique<Recorder>(
      book, nodes, origin, [this](Recorder::Message record) { take(kj::mv(record)); });
  recorder->beginFile(now);
  while (!options.rotations && recorder->snapshotPart(1000)) {
  }
}

void CaseHistory::take(Recorder::Message record) {
  if (record->getRoot<casefile::Record>().isHeader()) {
    files_.push_back(casePreamble());
    ++counted.files;
  }
  appendFrame(files_.back(), *record);
}

void CaseHistory::choosePools() {
  if (pools.empty() && chance(40)) {
    pools = {""};
    return;
  }
  if (pools == std::vector<std::string>{""}) return;
  pools = {"alpha", "beta", "gamma"};
  std::vector<Pool> list;
  for (const std::string& name : pools) {
    Pool pool;
    pool.name = name;
    if (chance(30)) pool.druMode = DruMode::gpu;
    if (chance(40)) pool.quotaGroup = "shared";
    if (chance(20)) pool.quota = Quota{.cpus = 3 + static_cast<double>(random() % 10)};
    giveRules(pool);
    list.push_back(pool);
  }
  Quota shared{.count = 2 + static_cast<std::int64_t>(random() % 8)};
  book.setPools(Pools(list, "alpha", {{"shared", shared}}));
}

void CaseHistory::giveRules(Pool& pool) {
  if (chance(20)) pool.defaultConstraints = {{"zone", "c"}, {"node-type", "standard"}};
  if (chance(30)) pool.gpuModel = "t4";
  if (chance(20)) pool.disk = DiskRule{100, "", {{"fast", "ssd"}}};
}

void CaseHistory::choosePolicies() {
  if (!options.policies) return;
  fairness.clear();
  placement.clear();
  if (chance(60)) install(fairness, FAIRNESS[random() % 4]);
  if (chance(30)) install(placement, PLACEMENT[random() % 2]);
  book.rescore();
}

void CaseHistory::changeTables() {
  for (const std::string& pool : pools) {
    for (const std::string& who : {user(), user(), std::string("default")}) {
      double cpus = 1 + static_cast<double>(random() % 20);
      if (chance(50)) book.shares(pool).set(who, {cpus * 1000, cpus, cpus / 2});
      if (chance(10)) book.shares(pool).remove(who);
      QuotaEntry quota;
      quota.count = 1 + static_cast<std::int64_t>(random() % 8);
      if (chance(30)) quota.cpus = 1 + static_cast<double>(random() % 8);
      quota.launchRateSaved = 1 + static_cast<double>(random() % 5);
      quota.launchRatePerMinute = 60;
      if (chance(30)) book.quotas(pool).set(who, quota);
      if (chance(10)) book.quotas(pool).remove(who);
    }
  }
}

void CaseHistory::addNode(int number) {
  NodeFacts facts;
  facts.key = {number % 2 == 0 ? "east" : "west", "n" + std::to_string(number)};
  facts.hostname = "host" + std::to_string(number);
  facts.capacity = {4000, 4096 * MIB, 100, number % 3};
  facts.tasksMax = chance(30) ? 3 : 0;
  facts.ready = !chance(5);
  facts.attributes = {{"zone", {chance(50) ? "a" : "b", "c"}}};
  if (chance(70)) facts.attributes.push_back({"node-type", {chance(80) ? "standard" : "large"}});
  std::int64_t born = (now - static_cast<std::int64_t>(random() % 900'000)) / 1000;
  if (chance(50)) facts.attributes.push_back({"host-start-time", {std::to_string(born)}});
  if (number % 3 != 0) facts.gpus = {{chance(50) ? "t4" : "a100", number % 3}};
  facts.pool = pools[static_cast<std::size_t>(number) % pools.size()];
  nodes.put(facts, {facts.capacity, 0, ++generation});
  tell(facts.key);
}

void CaseHistory::tell(const NodeKey& key) {
  Node* node = nodes.find(key);
  if (node == nullptr) return;
  Amount left = node->facts.capacity;
  std::int64_t tasks = 0;
  for (const auto& [id, one] : alive) {
    if (one.node != key) continue;
    left -= Amount::of(one.job->spec);
    ++tasks;
  }
  auto free = static_cast<std::int64_t>(random() % 400) * MIB;
  nodes.setRoom(key, {left, tasks, ++generation, {{"", free}, {"ssd", 200 * MIB}}});
}

void CaseHistory::makeDemands(JobSpec& spec) {
  spec.name = chance(50) ? "cookjob" : "job" + std::to_string(random() % 5);
  if (chance(30)) spec.labels = {{"kind", "small"}, {"zone", chance(50) ? "a" : "b"}};
  if (chance(20)) spec.maxRuntimeMs = static_cast<std::int64_t>(random() % 10);
  if (chance(20)) spec.extra = "{\"expected_runtime\":" + std::to_string(random() % 10) + "}";
  if (chance(20)) {
    Demands demands;
    demands.expectedRuntimeMs = static_cast<std::int64_t>(random() % 300'000);
    demands.checkpoint = chance(50);
    demands.diskMib = static_cast<double>(random() % 300);
    demands.diskType = chance(50) ? "fast" : "";
    spec.demands = {demands};
  }
  if (spec.gpus > 0 && chance(40)) {
    spec.environment.emplace_back("COOK_GPU_MODEL", chance(50) ? "t4" : "a100");
  }
}

void CaseHistory::joinGroup(JobSpec& spec) {
  if (groups.empty() || chance(30)) {
    GroupSpec group;
    group.id = newId();
    using Type = HostPlacement::Type;
    const Type types[] = {Type::all, Type::unique, Type::balanced, Type::attributeEquals};
    group.placement.type = types[random() % 4];
    group.placement.attribute = chance(70) ? "zone" : "HOSTNAME";
    group.placement.minimum = 1 + static_cast<int>(random() % 3);
    groups.push_back(group.id);
    book.addGroup(group, now);
  }
  spec.group = groups[random() % groups.size()];
}

Job* CaseHistory::submit(const std::string& user, const std::string& pool) {
  Job job;
  job.spec.id = newId();
  job.spec.user = user;
  job.spec.pool = pool;
  job.spec.command = "secret-command";
  job.spec.environment = {{"SECRET", "secret-value"}};
  job.spec.cpus = (1 + static_cast<double>(random() % 30)) / 10;
  if (chance(2)) job.spec.cpus = 50;  // above the limit of a single job
  job.spec.mem = 1 + static_cast<double>(random() % 3000);
  if (chance(20)) job.spec.gpus = 1;
  if (chance(10)) job.spec.ports = 1 + static_cast<std::int64_t>(random() % 3);
  if (chance(15)) job.spec.constraints = {{"zone", chance(50) ? "a" : "b"}};
  if (chance(5)) job.spec.constraints = {{"HOSTNAME", "host1"}};
  makeDemands(job.spec);
  if (chance(20)) joinGroup(job.spec);
  job.spec.priority = static_cast<std::int64_t>(random() % 3);
  job.spec.maxRetries = 1 + static_cast<std::int64_t>(random() % 3);
  job.order = book.nextOrder();
  job.sequence = book.nextSequence();
  job.submittedMs = job.waitingSinceMs = now;
  ++submitted;
  return book.add(std::move(job));
}

CycleResult CaseHistory::cycle(const std::string& pool) {
  const Pool* its = book.pools().find(pool);
  CycleOptions wanted;
  wanted.queue = {.pool = pool, .overQuotaMost = 3, .jobMemMost = 1e6, .jobCpusMost = 40};
  wanted.considerableMost = 12;
  wanted.goodEnough = 0.7;
  wanted.steadyMs = steady;
  wanted.head = {0.9, 3, 20};
  wanted.rules = rules;
  if (chance(10)) wanted.rules.resting = {"west"};
  if (rates) {
    wanted.queue.launchTokens = [&](const std::string& user) {
      Quota quota = book.quotas(pool).of(user);
      auto at = buckets.try_emplace({pool, user}, quota.launchRatePerMinute / 60'000,
                                    quota.launchRateSaved, steady);
      at.first->second.earn(steady);
      return static_cast<std::int64_t>(at.first->second.tokens());
    };
  }
  if (chance(30)) {  // the same answer however often it is asked for in this cycle
    wanted.queue.mayLaunch = [&, turn = random()](const Job& job) {
      std::uint64_t dice = (job.order * 0x9e3779b97f4a7c15ull ^ turn) % 40;
      counted.heldBack += dice < 5;
      return dice == 0 ? Launch::stop : dice < 5 ? Launch::no : Launch::yes;
    };
  }
  PoliciesInForce inForce{fairness.benched() ? nullptr : fairness.active(),
                          placement.benched() ? nullptr : placement.active(),
                          PolicyClock{now - now % 1000, static_cast<double>(now % 24'000) / 1000,
                                      1 + static_cast<int>(now % 7)}};
  // The queue does so when the time or the nodes have changed, which they mostly have here.
  if (scorer.wantsJob()) book.rescore();
  tables.begin({&book, &nodes, pool, inForce.clock});
  Scorer& with = inForce.fairness != nullptr ? static_cast<Scorer&>(scorer)
                                             : builtInScorer(its->druMode == DruMode::gpu);
  auto decide = [&](const CycleOptions& asked) {
    return runCycle(book, nodes, with, inForce.placement != nullptr ? &fitness : nullptr, asked,
                    now, [this] { return newId(); });
  };
  CycleResult result =
      recorder ? recorder->cycle(wanted, now, inForce, decide) : decide(wanted);
  counted.lowLimit += book.headRule(pool).limit() < 12;
  counted.cycles += recorder != nullptr;
  counted.starts += result.started.size();
  counted.policyFailures += result.policyFailed;
  counted.rateLimited += !result.rateLimited.empty();
  counted.offensive += result.offensive.size();
  for (Job* job : result.offensive) book.kill(*job, now);
  if (rates) {
    for (const auto& one : result.started) {
      auto bucket = buckets.find({pool, one.job->spec.user.str()});
      if (bucket != buckets.end()) bucket->second.spend(1, steady);
    }
  }
  for (const auto& one : result.started) launched(one);
  book.takeChanges(SIZE_MAX);
  return result;
}

void CaseHistory::launched(const CycleResult::Started& one) {
  if (chance(15)) {
    ++counted.refusals;
    nodes.letGo(one.node, one.taskId);
    if (chance(50)) nodes.refused(one.node, steady, static_cast<std::int64_t>(random() % 500));
    book.withdraw(one.taskId, now);
    std::int64_t until = book.postpone(*one.job, steady, static_cast<std::int64_t>(random() % 300));
    counted.postponed += until > steady;
    return;
  }
  alive.emplace(one.taskId, Alive{one.job, one.node});
  counted.again += one.job->instances.size() > 1;
  counted.grouped += one.job->spec.group && book.isPlaced(*one.job->spec.group);
  if (chance(50)) tell(one.node);
}

void CaseHistory::endSome() {
  std::vector<Uuid> all;
  for (const auto& [id, one] : alive) all.push_back(id);
  for (const Uuid& id : all) {
    Report news;
    news.atMs = now;
    if (chance(30)) {
      news.status = InstanceStatus::running;
      if (chance(20)) news.hostname = "renamed" + std::to_string(random() % 3);
      book.report(id, news, now);
    }
    if (!chance(25)) continue;
    NodeKey node = alive.at(id).node;
    alive.erase(id);
    nodes.letGo(node, id);
    bool fails = chance(30);
    news.status = fails ? InstanceStatus::failed : InstanceStatus::success;
    news.reason = !fails ? 0 : chance(70) ? Reason::NON_ZERO_EXIT : Reason::NODE_REMOVED;
    if (chance(10)) news.atMs += 200'000;
    book.report(id, news, now);
    if (chance(80)) tell(node);
  }
}

void CaseHistory::disturbNodes() {
  int number = static_cast<int>(random() % 6);
  NodeKey key{number % 2 == 0 ? "east" : "west", "n" + std::to_string(number)};
  if (chance(4)) return nodes.removeCluster("west");
  if (chance(10) && nodes.find(key) != nullptr) return nodes.remove(key);
  if (chance(40)) addNode(number);  // new, or with other facts
}

void CaseHistory::disturbJobs() {
  std::vector<Job*> all;
  book.each([&](Job& job) { all.push_back(&job); });
  std::sort(all.begin(), all.end(), [](Job* a, Job* b) { return a->order < b->order; });
  for (Job* job : all) {
    if (chance(2)) book.kill(*job, now);
    if (job->live() != nullptr && chance(2)) book.cancel(job->live()->taskId);
    if (job->state == JobState::completed && chance(3)) {
      book.retry(*job, job->spec.maxRetries + 1, now);
    }
    if (job->state == JobState::completed && job->unended() == nullptr && chance(5)) {
      book.forget(*job);
    }
  }
  book.takeChanges(SIZE_MAX);
}

// For others, or because they run for too long: their tasks end later.
void CaseHistory::stopSome() {
  for (const auto& [id, one] : alive) {
    if (!chance(3)) continue;
    bool other = chance(50);
    counted.stopped += book.fail(id, other ? Reason::PREEMPTED : Reason::MAX_RUNTIME,
                                 other ? Book::Stop::preemption : Book::Stop::plain, now);
  }
}

void CaseHistory::reserve() {
  std::vector<Job*> waiting;
  book.each([&](Job& job) {
    if (job.state == JobState::waiting && job.unended() == nullptr) waiting.push_back(&job);
  });
  std::sort(waiting.begin(), waiting.end(), [](Job* a, Job* b) { return a->order < b->order; });
  const std::string pool = pick(pools);
  Reservations::List wanted;
  for (Job* job : waiting) {
    if (job->spec.pool != pool || !chance(20) || nodes.all().empty()) continue;
    auto node = nodes.all().begin();
    std::advance(node, random() % nodes.all().size());
    wanted.emplace_back(job->spec.id, node->first);
  }
  counted.reserved += wanted.size();
  nodes.reservations().replace(pool, wanted);
}

void CaseHistory::step() {
  steady += 1 + static_cast<std::int64_t>(random() % 400);
  now += static_cast<std::int64_t>(random() % 900) - 200;  // somebody sets the clock
  if (submitted < options.jobsMost) {
    for (std::uint64_t i = random() % 6; i > 0; --i) submit(user(), pick(pools));
  }
  disturbNodes();
  disturbJobs();
  stopSome();
  if (chance(15)) reserve();
  if (chance(10)) changeTables();
  if (chance(5)) choosePools();
  if (chance(5)) choosePolicies();
  if (options.rotations) {
    if (chance(6)) recorder->beginFile(now);
    if (chance(70)) recorder->snapshotPart(1 + random() % 20);
  }
  for (const std::string& pool : pools) {
    if (chance(80)) cycle(pool);
  }
  endSome();
}

}  // namespace maitred::cook
