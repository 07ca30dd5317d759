#include "batch-queue.h"

namespace maitred::cook {
namespace {

constexpr kj::Duration HOUSEKEEPING = 1 * kj::SECONDS;

}  // namespace

BatchQueue::BatchQueue(QueueWorld worldIn, Records& records, Policies& policies,
                       QueueSettings settings, std::vector<Job> loaded, Counters counters,
                       kj::Maybe<Archive&> archive)
    : world(kj::mv(worldIn)),
      policies(policies),
      settings_(std::move(settings)),
      jobs(settings_.meaCulpa),
      journal_(jobs, records, world.timer, world.log),
      archive(archive),
      tasks(*this) {
  std::seed_seq seed(world.seed.begin(), world.seed.end());
  random.seed(seed);
  applyShares();
  std::size_t alive = 0;
  for (Job& job : loaded) {
    Job* added = jobs.add(std::move(job));
    if (added == nullptr) continue;
    if (const Instance* live = added->live()) {
      ++alive;
      nodes_.hold({live->cluster, live->nodeId}, live->taskId, Amount::of(added->spec), false);
      if (live->unreachableMs != 0) silentTasks.insert(live->taskId);
    }
  }
  journal_.loaded(counters);
  std::vector<Job*> all;
  jobs.each([&](Job& job) { all.push_back(&job); });
  for (Job* job : all) jobs.settle(*job, nowMs());
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
  active = true;
  std::set<std::string> names;
  for (auto& [name, client] : backends) {
    names.insert(name);
    clusters_.push_back(kj::heap<Cluster>(*this, name, kj::mv(client), fence, random()));
  }
  jobs.each([&](const Job& job) {
    const Instance* live = job.live();
    if (live != nullptr && !names.contains(live->cluster) && names.insert(live->cluster).second) {
      world.log.warning("jobs run on backend ", live->cluster,
                        ", which is not granted any more: their "
                        "end will not be heard of until it is");
    }
  });
  tasks.add(keepHouse());
  if (jobs.hasChanges()) tasks.add(journal_.flush());
  kick();
}

void BatchQueue::applyShares() {
  Shares fresh;
  for (const auto& [user, entry] : settings_.shares) fresh.set(user, entry);
  jobs.shares(settings_.pool) = fresh;
}

void BatchQueue::configure(QueueSettings settings) {
  settings_ = std::move(settings);
  jobs.setLimits(settings_.meaCulpa);
  applyShares();
  kick();
}

kj::Promise<void> BatchQueue::drain() {
  draining = true;
  return journal_.flush();
}

kj::Promise<void> BatchQueue::submit(std::vector<JobSpec> specs) {
  std::vector<Job> fresh;
  fresh.reserve(specs.size());
  for (JobSpec& spec : specs) {
    Job job;
    job.spec = std::move(spec);
    job.spec.pool = settings_.pool;
    job.submittedMs = job.waitingSinceMs = nowMs();
    fresh.push_back(std::move(job));
  }
  double count = fresh.size();
  return work.run(journal_.insert(std::move(fresh)).then([this, count] {
    world.metrics.counter("maitred_cook_submitted_total", "Jobs accepted").add(count);
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

kj::Promise<void> BatchQueue::kill(const std::vector<Uuid>& ids,
                                   const std::vector<Uuid>& instances) {
  std::vector<Uuid> live;
  for (const Uuid& id : ids) {
    Job* job = jobs.find(id);
    if (job == nullptr || !jobs.kill(*job, nowMs())) continue;
    if (const Instance* one = job->live()) live.push_back(one->taskId);
  }
  for (const Uuid& id : instances) {
    if (jobs.cancel(id)) live.push_back(id);
  }
  return work.run(journal_.flush().then([this, live = std::move(live)] { stop(live); }));
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
  std::int64_t pause = std::max<std::int64_t>(1, due - steadyMs());
  tasks.add(world.timer.afterDelay(pause * kj::MILLISECONDS).then([this] { kick(); }));
}

void BatchQueue::refused(const char* reason) {
  world.metrics
      .counter("maitred_cook_refusals_total", "Placements that a backend did not take",
               {{"when", reason}})
      .add();
}

void BatchQueue::cycle() {
  cycleDue = false;
  // What cannot be written down is not decided either.
  if (!journal_.trouble().empty()) {
    kickAt(steadyMs() + 500);
    return;
  }
  auto started = std::chrono::steady_clock::now();
  CycleOptions options{
      {.pool = settings_.pool}, settings_.considerable, settings_.goodEnough, steadyMs()};
  CycleResult result = runCycle(jobs, nodes_, policies.scorer(), policies.fitness(), options,
                                nowMs(), [this] { return Uuid::fromRandom(random(), random()); });
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  world.metrics
      .histogram("maitred_cook_cycle_seconds", "Time of one scheduling cycle",
                 metrics::exponential(0.0001, 2, 14))
      .observe(took.count());
  if (result.policyFailed) {
    world.metrics
        .counter("maitred_cook_policy_failures_total",
                 "Cycles that the built-in order had to decide")
        .add();
  }
  if (result.started.empty()) return;
  world.metrics.counter("maitred_cook_placements_total", "Instances begun")
      .add(result.started.size());
  bool more = result.more;
  launch(std::move(result.started));
  // After others had their turn.
  if (more) kickAt(steadyMs() + 1);
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

kj::Promise<void> BatchQueue::keepHouse() {
  return world.timer.afterDelay(HOUSEKEEPING)
      .then([this] {
        giveUpSilent();
        return prune().then([this] { archiveFault.clear(); },
                            [this](kj::Exception&& e) {
                              if (archiveFault.empty()) {
                                world.log.warning("cannot let go of old jobs: ",
                                                  e.getDescription());
                              }
                              archiveFault = e.getDescription().cStr();
                            });
      })
      .then([this] { return keepHouse(); });
}

kj::Promise<void> BatchQueue::prune() {
  std::int64_t now = nowMs();
  Journal::PruneRule rule{now, now - settings_.keepCompletedMs, settings_.keepCompleted, archive};
  return journal_.prune(rule).then([this, now](std::size_t count) -> kj::Promise<void> {
    // As long as there are many, without waiting for the next round.
    if (count >= Journal::PRUNED_AT_ONCE) return prune();
    KJ_IF_MAYBE (old, archive) {
      if (settings_.keepArchivedMs > 0) {
        return old->trim(journal_.fenceInForce(), now - settings_.keepArchivedMs, 1000)
            .ignoreResult();
      }
    }
    return kj::READY_NOW;
  });
}

void BatchQueue::giveUpSilent() {
  std::vector<Uuid> over;
  for (auto at = silentTasks.begin(); at != silentTasks.end();) {
    auto found = jobs.findTask(*at);
    bool silent =
        found && !isTerminal(found.instance->status) && found.instance->unreachableMs != 0;
    if (silent && nowMs() - found.instance->unreachableMs >= settings_.unreachableMs) {
      over.push_back(*at);
    }
    at = silent && (over.empty() || over.back() != *at) ? std::next(at) : silentTasks.erase(at);
  }
  if (over.empty()) return;
  for (const Uuid& id : over) {
    auto found = jobs.findTask(id);
    nodes_.letGo({found.instance->cluster, found.instance->nodeId}, id);
    Report end;
    end.status = InstanceStatus::failed;
    end.reason = Reason::NODE_SILENT;
    end.atMs = nowMs();
    jobs.report(id, end, nowMs());
  }
  tasks.add(journal_.flush().then([this, over] { stop(over); }));
  kick();
}

std::string BatchQueue::trouble() const {
  std::string text;
  auto add = [&](const std::string& more) {
    if (!more.empty()) text += (text.empty() ? "" : "; ") + more;
  };
  if (!journal_.trouble().empty()) add("the store fails: " + journal_.trouble());
  for (const auto& cluster : clusters_) {
    if (!cluster->attached()) {
      kj::StringPtr why = cluster->lastError();
      add("backend " + cluster->name() + " is not attached" +
          (why.size() == 0 ? "" : ": " + std::string(why.cStr())));
    }
  }
  if (!archiveFault.empty()) add("old jobs cannot be let go of: " + archiveFault);
  add(policies.trouble());
  return text;
}

void BatchQueue::collectMetrics() {
  auto& registry = world.metrics;
  for (JobState state : {JobState::waiting, JobState::running, JobState::completed}) {
    registry.gauge("maitred_cook_jobs", "Jobs by state", {{"state", name(state)}})
        .set(jobs.count(state));
  }
  const char* help = "Jobs of a user";
  std::set<std::string> present;
  for (const auto& [user, held] : jobs.ranking(settings_.pool).users()) {
    if (held.tasks.empty()) continue;
    present.insert(user);
    registry.gauge("maitred_cook_user_jobs", help, {{"user", user}, {"state", "waiting"}})
        .set(held.tasks.waitingCount());
    registry.gauge("maitred_cook_user_jobs", help, {{"user", user}, {"state", "running"}})
        .set(held.tasks.runningCount());
  }
  for (const std::string& user : usersSeen) {
    if (present.contains(user)) continue;
    registry.remove("maitred_cook_user_jobs", {{"user", user}, {"state", "waiting"}});
    registry.remove("maitred_cook_user_jobs", {{"user", user}, {"state", "running"}});
  }
  usersSeen = std::move(present);
  registry.gauge("maitred_cook_store_ok", "1 while the store takes writes")
      .set(journal_.trouble().empty() ? 1 : 0);
}

void BatchQueue::taskFailed(kj::Exception&& exception) {
  world.log.warning("queue: ", exception);
}

}  // namespace maitred::cook
