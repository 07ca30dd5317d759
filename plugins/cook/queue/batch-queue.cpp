#include "batch-queue.h"

namespace maitred::cook {
namespace {

// In place, so that the table's generation tells of every change, and of nothing else.
template <typename Table>
void replace(Table& table, const typename Table::Entries& wanted) {
  std::vector<std::string> gone;
  for (const auto& [user, entry] : table.entries()) {
    if (!wanted.contains(user)) gone.push_back(user);
  }
  for (const std::string& user : gone) table.remove(user);
  for (const auto& [user, entry] : wanted) {
    const auto* present = table.find(user);
    if (present == nullptr || !(*present == entry)) table.set(user, entry);
  }
}

}  // namespace

BatchQueue::BatchQueue(QueueWorld worldIn, Records& records, Policies& policies,
                       QueueSettings settings, StoreContents contents, kj::Maybe<Archive&> archive)
    : world(kj::mv(worldIn)),
      policies(policies),
      settings_(std::move(settings)),
      jobs(settings_.meaCulpa),
      extensionCalls(world.timer, world.log, world.metrics),
      launchFilters(extensionCalls, world.clock, std::move(world.extensions.launchFilters)),
      completions(extensionCalls, jobs, std::move(world.extensions.completionHandlers)),
      extensions_(extensionCalls, world.clock, std::move(world.extensions)),
      journal_(jobs, records, world.timer, world.log),
      administrator(records, contents.administration),
      archive(archive),
      tasks(*this) {
  std::seed_seq seed(world.seed.begin(), world.seed.end());
  random.seed(seed);
  bornMs = nowMs();
  bornSteadyMs = steadyMs();
  configure(settings_);
  administrator.onChange([this] {
    applyEntitlements();
    applyClusterStates();
    kick();
  });
  std::size_t alive = 0;
  for (GroupRow& group : contents.administration.groups) {
    jobs.addGroup(std::move(group.spec), group.createdMs);
  }
  for (Job& job : contents.jobs) {
    job.spec.pool = settings_.pools.resolve(job.spec.pool);
    Job* added = jobs.add(std::move(job));
    if (added == nullptr) continue;
    if (const Instance* one = added->unended()) {
      alive += !isTerminal(one->status);
      nodes_.hold({one->cluster, one->nodeId}, one->taskId, Amount::of(added->spec), false);
      if (one->unreachableMs != 0) silent(one->taskId);
    }
  }
  journal_.loaded(contents.counters);
  std::vector<Job*> all;
  jobs.each([&](Job& job) { all.push_back(&job); });
  for (Job* job : all) jobs.settle(*job, nowMs());
  warnOfLostPools();
  journal_.onWritten([this](const std::vector<Uuid>& tasks) { completions.written(tasks); });
  journal_.onDurable([this] {
    for (auto& [id, listener] : listeners->byId) listener();
  });
  world.log.info("the store has ", jobs.size(), " jobs, ", jobs.count(JobState::waiting),
                 " of them waiting and ", alive, " with a live instance");
}

BatchQueue::~BatchQueue() noexcept(false) {
  listeners->byId.clear();
}

void BatchQueue::activate(std::uint64_t fence,
                          std::vector<std::pair<std::string, backend::Backend::Client>> backends) {
  journal_.setFence(fence);
  administrator.setFence(fence);
  active = true;
  std::set<std::string> names;
  for (auto& [name, client] : backends) {
    names.insert(name);
    clusters_.push_back(kj::heap<Cluster>(*this, name, kj::mv(client), fence, random()));
  }
  applyClusterStates();
  jobs.each([&](const Job& job) {
    const Instance* live = job.unended();
    if (live != nullptr && !names.contains(live->cluster) && names.insert(live->cluster).second) {
      world.log.warning("jobs run on backend ", live->cluster,
                        ", which is not granted any more: their "
                        "end will not be heard of until it is");
    }
  });
  tasks.add(keepHouse());
  startTimers();
  if (jobs.hasChanges()) tasks.add(journal_.flush());
  kick();
}

void BatchQueue::warnOfLostPools() {
  std::map<std::string, std::size_t> lost;
  jobs.each([&](const Job& job) {
    bool over = job.state == JobState::completed;
    if (!over && settings_.pools.find(job.spec.pool.str()) == nullptr) ++lost[job.spec.pool];
  });
  for (const auto& [pool, count] : lost) {
    world.log.warning(
        count, " jobs are in pool '", pool.c_str(),
        "', which the configuration does not name: they are not started until it does");
  }
}

void BatchQueue::applyEntitlements() {
  const Entitlements& all = administrator.entitlements();
  for (const Pool& pool : settings_.pools.all()) {
    std::map<std::string, Shares::Entry, std::less<>> shares;
    for (const std::string& user : all.shares.users(pool.name)) {
      ShareRow row = all.shares.own(user, pool.name);
      shares[user] = {row.mem, row.cpus, row.gpus};
    }
    replace(jobs.shares(pool.name), shares);
    std::map<std::string, Quotas::Entry, std::less<>> quotas;
    for (const std::string& user : all.quotas.users(pool.name)) {
      QuotaRow row = all.quotas.own(user, pool.name);
      quotas[user] = {
          row.mem, row.cpus, row.gpus, row.count, row.launchRateSaved, row.launchRatePerMinute};
    }
    launchRates.quotasChange(pool.name, jobs.quotas(pool.name), quotas);
    replace(jobs.quotas(pool.name), quotas);
  }
}

void BatchQueue::configure(QueueSettings settings) {
  bool timersChange = settings.rebalancer.intervalMs != settings_.rebalancer.intervalMs ||
                      settings.runtimeIntervalMs != settings_.runtimeIntervalMs;
  extensions_.configure(settings.extensions);  // throws before anything has been changed
  launchFilters.configure(settings.launchFilters);
  completions.setDeadline(settings.completionDeadlineMs);
  settings_ = std::move(settings);
  if (active && timersChange) startTimers();
  jobs.setLimits(settings_.meaCulpa);
  jobs.setPools(settings_.pools);
  configureRates();
  reports.configure(settings_.progress);
  administrator.configure(settings_.shares, settings_.quotas, settings_.pools.defaultPool());
  applyEntitlements();
  kick();
}

kj::Promise<void> BatchQueue::drain() {
  draining = true;
  applyProgress(SIZE_MAX);
  if (cases.get() == nullptr) return journal_.flush();
  auto both = kj::heapArrayBuilder<kj::Promise<void>>(2);
  both.add(journal_.flush());
  both.add(cases->flush());
  return kj::joinPromises(both.finish());
}

void BatchQueue::record(kj::Maybe<kj::Own<CaseSink>> sink, std::uint64_t sizeMost) {
  cases = nullptr;
  KJ_IF_MAYBE (its, sink) {
    CaseWorld surroundings{jobs,      nodes_,        world.timer,   world.clock,
                           world.log, world.metrics, world.instance};
    cases = kj::heap<CaseLog>(std::move(surroundings), kj::mv(*its), sizeMost,
                              [this] { return Uuid::draw(random); });
  }
}

kj::Promise<void> BatchQueue::submit(std::vector<JobSpec> specs, std::vector<GroupRow> groups) {
  std::vector<Job> fresh;
  fresh.reserve(specs.size());
  for (JobSpec& spec : specs) {
    Job job;
    job.spec = std::move(spec);
    if (job.spec.pool.empty()) job.spec.pool = settings_.pools.resolve(job.spec.submitPool);
    job.submittedMs = job.waitingSinceMs = nowMs();
    fresh.push_back(std::move(job));
  }
  for (GroupRow& group : groups) group.createdMs = nowMs();
  double count = fresh.size();
  return work.run(journal_.insert(std::move(fresh), std::move(groups)).then([this, count] {
    counted.submitted.add(count);
    kick();
  }));
}

void BatchQueue::stop(const std::vector<Uuid>& tasks) {
  std::map<std::string, std::vector<Uuid>> byCluster;
  for (const Uuid& id : tasks) {
    if (auto found = jobs.findTask(id)) byCluster[found.instance->cluster].push_back(id);
  }
  for (auto& cluster : clusters_) {
    auto mine = byCluster.find(cluster->name());
    if (mine != byCluster.end()) cluster->kill(mine->second);
  }
}

kj::Promise<void> BatchQueue::kill(const std::vector<Uuid>& ids, const std::vector<Uuid>& instances,
                                   std::vector<AuditLine> audit) {
  std::vector<Uuid> live;
  for (const Uuid& id : ids) {
    Job* job = jobs.find(id);
    if (job == nullptr || !jobs.kill(*job, nowMs())) continue;
    if (const Instance* one = job->live()) live.push_back(one->taskId);
  }
  for (const Uuid& id : instances) {
    if (jobs.cancel(id)) live.push_back(id);
  }
  for (AuditLine& line : audit) journal_.note(std::move(line));
  return work.run(journal_.flush().then([this, live = std::move(live)] { stop(live); }));
}

kj::Promise<void> BatchQueue::retry(std::vector<NewRetries> changes, std::vector<AuditLine> audit) {
  for (const NewRetries& one : changes) jobs.retry(*one.job, one.retries, nowMs());
  for (AuditLine& line : audit) journal_.note(std::move(line));
  return work.run(journal_.flush().then([this] { kick(); }));
}

std::int64_t BatchQueue::nowMs() {
  return (world.clock.now() - kj::UNIX_EPOCH) / kj::MILLISECONDS;
}

std::int64_t BatchQueue::steadyMs() {
  return (world.timer.now() - kj::origin<kj::TimePoint>()) / kj::MILLISECONDS;
}

kj::Own<void> BatchQueue::onChanges(kj::Function<void()> callback) {
  std::uint64_t id = ++listeners->last;
  listeners->byId.emplace(id, kj::mv(callback));
  auto guard =
      kj::defer([shared = kj::addRef(*listeners), id]() mutable { shared->byId.erase(id); });
  return kj::heap(kj::mv(guard));
}

void BatchQueue::kick() {
  if (cycleDue || !active || draining) return;
  cycleDue = true;
  // Last, so that everything that came in together is decided together.
  tasks.add(kj::evalLast([this] { cycle(); }));
}

void BatchQueue::kickAt(std::int64_t due) {
  if (!wakeUps.insert(due).second) return;
  std::int64_t pause = std::max<std::int64_t>(1, due - steadyMs());
  tasks.add(world.timer.afterDelay(pause * kj::MILLISECONDS).then([this, due] {
    wakeUps.erase(due);
    kick();
  }));
}

void BatchQueue::cycle() {
  cycleDue = false;
  // What cannot be written down is not decided either.
  if (!journal_.trouble().empty()) {
    kickAt(steadyMs() + 500);
    return;
  }
  bool more = false;
  for (const Pool& pool : settings_.pools.all()) {
    if (pool.active) more = cycle(pool) || more;
  }
  // After others had their turn.
  if (more) kickAt(steadyMs() + 1);
}

bool BatchQueue::cycle(const Pool& pool) {
  auto started = std::chrono::steady_clock::now();
  CycleOptions options = cycleOptions(pool);
  options.queue.mayLaunch = launchFilters.forCycle(options.considerableMost, steadyMs());
  beginRound(pool);
  std::int64_t now = nowMs();
  auto decide = [&](const CycleOptions& asked) {
    return runCycle(jobs, nodes_, policies.scorer(pool.druMode), policies.fitness(), asked, now,
                    [this] { return Uuid::draw(random); });
  };
  PoliciesInForce inForce{policies.fairnessInForce(), policies.placementInForce(), clock};
  CycleResult result = cases.get() == nullptr ? decide(options)
                                              : cases->cycle(options, now, inForce, decide);
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  counted.cycleSeconds.observe(took.count());
  counted.poolCycleSeconds(pool.name).observe(took.count());
  if (result.policyFailed) counted.fallbackCycles.add();
  noteHead(pool, result.head);
  noteWaiting(result);
  spendLaunches(pool, result);
  askFilters();
  killOffensive(result.offensive);
  if (result.started.empty()) return false;
  countStarted(pool, result.started);
  chooseExecutors(result.started);
  launch(std::move(result.started));
  return result.more;
}

// Accepted under older limits: no attempt may be larger than the present ones.
void BatchQueue::killOffensive(const std::vector<Job*>& offensive) {
  if (offensive.empty()) return;
  std::vector<Uuid> ids;
  for (const Job* job : offensive) {
    world.log.warning("job ", job->spec.id.text().c_str(),
                      " asks for more than task_constraints allow by now: it is killed");
    ids.push_back(job->spec.id);
  }
  tasks.add(kill(ids));
}

void BatchQueue::launch(std::vector<CycleResult::Started> started) {
  tasks.add(journal_.flush().then(
      [this, started] {
        std::map<std::string, std::vector<CycleResult::Started>> byCluster;
        for (const auto& one : started) byCluster[one.node.cluster].push_back(one);
        for (auto& cluster : clusters_) {
          auto mine = byCluster.find(cluster->name());
          if (mine != byCluster.end()) cluster->launch(mine->second);
        }
      },
      [this, started](kj::Exception&&) {
        // It is not durable, so it is not launched: as if it had not been decided.
        for (const auto& one : started) {
          nodes_.letGo(one.node, one.taskId);
          jobs.withdraw(one.taskId, nowMs());
        }
        kickAt(steadyMs() + 500);
      }));
}

void BatchQueue::investigate(const Uuid& job) {
  jobs.investigations().begin(job);
  kick();
}

WhyWaiting BatchQueue::whyWaiting(const Job& job, bool askHosts) {
  const std::string& pool = job.spec.pool.str();
  PlacementRules placement = placementNow();
  WaitingWorld surroundings{jobs,    nodes_,    placement,
                            launchRates.tokens(pool, jobs.quotas(pool), steadyMs()),
                            nowMs(), steadyMs()};
  return cook::whyWaiting(job, surroundings, askHosts);
}

void BatchQueue::taskFailed(kj::Exception&& exception) {
  world.log.warning("queue: ", exception);
}

}  // namespace maitred::cook
