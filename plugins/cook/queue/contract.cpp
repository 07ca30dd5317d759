#include "contract.h"

#include <backend/translate.h>

namespace maitred::cook {
namespace {

constexpr std::size_t ENTRIES_MOST = 2000;
constexpr std::size_t CHANGES_PER_CALL = 500;

void writeSpec(const JobSpec& spec, queue::JobSpec::Builder out) {
  out.setId(spec.id.text());
  out.setUser(spec.user);
  out.setName(spec.name);
  out.setCommand(spec.command);
  out.setCpus(spec.cpus);
  out.setMemMib(spec.mem);
  out.setMaxRetries(spec.maxRetries);
  out.setPriority(spec.priority);
  out.setMaxRuntimeMs(spec.maxRuntimeMs == JobSpec::NO_RUNTIME_LIMIT ? 0 : spec.maxRuntimeMs);
  auto environment = out.initEnvironment(spec.environment.size());
  for (std::size_t i = 0; i < spec.environment.size(); ++i) {
    environment[i].setName(spec.environment[i].first);
    environment[i].setValue(spec.environment[i].second);
  }
  auto labels = out.initLabels(spec.labels.size());
  for (std::size_t i = 0; i < spec.labels.size(); ++i) {
    labels[i].setName(spec.labels[i].first);
    labels[i].setValue(spec.labels[i].second);
  }
  out.setPool(spec.pool);
  out.setPorts(spec.ports);
  out.setDisableMeaCulpaRetries(spec.disableMeaCulpa);
}

void writeInstance(const Instance& one, queue::Instance::Builder out) {
  out.setTaskId(one.taskId.text());
  out.setState(static_cast<queue::InstanceState>(one.status));
  out.setCluster(one.cluster);
  out.setNodeId(one.nodeId);
  out.setHostname(one.hostname);
  out.setStartedAt(one.startMs);
  out.setRunningAt(one.runningMs);
  out.setEndedAt(one.endMs);
  out.setHasExitCode(one.exitCode.has_value());
  out.setExitCode(one.exitCode.value_or(0));
  out.setReasonCode(one.reason);
  out.setSandboxUrl(one.sandboxUrl);
}

void writeJob(const Job& job, const MeaCulpaLimits& limits, queue::Job::Builder out) {
  writeSpec(job.spec, out.initSpec());
  out.setState(static_cast<queue::JobState>(static_cast<int>(job.state) + 1));
  out.setSubmittedAt(job.submittedMs);
  auto instances = out.initInstances(job.instances.size());
  for (std::size_t i = 0; i < job.instances.size(); ++i)
    writeInstance(job.instances[i], instances[i]);
  out.setRetriesRemaining(retriesRemaining(job, limits));
  out.setSequence(job.sequence);
}

JobSpec readSpec(queue::JobSpec::Reader in, const Uuid& id) {
  JobSpec spec;
  spec.id = id;
  spec.user = text(in.getUser());
  spec.name = text(in.getName());
  spec.command = text(in.getCommand());
  spec.cpus = in.getCpus();
  spec.mem = in.getMemMib();
  spec.maxRetries = std::max<std::int64_t>(1, in.getMaxRetries());
  spec.priority = in.getPriority();
  if (in.getMaxRuntimeMs() != 0 &&
      in.getMaxRuntimeMs() < std::uint64_t(JobSpec::NO_RUNTIME_LIMIT)) {
    spec.maxRuntimeMs = static_cast<std::int64_t>(in.getMaxRuntimeMs());
  }
  for (auto one : in.getEnvironment())
    spec.environment.emplace_back(text(one.getName()), text(one.getValue()));
  for (auto one : in.getLabels())
    spec.labels.emplace_back(text(one.getName()), text(one.getValue()));
  spec.submitPool = text(in.getPool());
  spec.ports = in.getPorts();
  for (auto uri : in.getUris()) {
    spec.uris.push_back(
        {text(uri.getLocation()), uri.getExecutable(), uri.getExtract(), uri.getCache()});
  }
  spec.disableMeaCulpa = in.getDisableMeaCulpaRetries();
  return spec;
}

}  // namespace

struct QueueContract::Shared : public kj::Refcounted {
  struct Inner {
    BatchQueue& queue;
    const JobLimits& limits;
    log::Logger& log;
  };
  explicit Shared(Inner inner) : inner(inner) {}
  std::optional<Inner> inner;  // nothing: the queue is gone

  Inner& get() {
    if (!inner) kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "the queue has stopped"));
    return *inner;
  }
};

// Tells a watcher of changes: one call at a time, the latest state of each job.
class QueueContract::Subscription final : public queue::Subscription::Server,
                                          private kj::TaskSet::ErrorHandler {
 public:
  Subscription(kj::Own<Shared> shared, queue::Filter::Reader filter, std::uint64_t after,
               queue::Watcher::Client watcher)
      : shared(kj::mv(shared)),
        user(text(filter.getUser())),
        pool(text(filter.getPool())),
        position(after),
        watcher(kj::mv(watcher)),
        tasks(*this) {
    for (auto id : filter.getJobIds()) {
      if (auto uuid = Uuid::parse(text(id))) ids.insert(*uuid);
    }
    guard = this->shared->get().queue.onChanges([this] { pump(); });
    pump();
  }

 private:
  kj::Own<Shared> shared;
  std::string user, pool;
  std::set<Uuid> ids;
  std::uint64_t position;  // everything up to here was told
  queue::Watcher::Client watcher;
  bool busy = false;
  kj::Own<void> guard;
  kj::TaskSet tasks;

  bool matches(const Job& job) const {
    return (user.empty() || job.spec.user == user) && (pool.empty() || job.spec.pool == pool) &&
           (ids.empty() || ids.contains(job.spec.id));
  }

  void pump() {
    if (busy || !shared->inner) return;
    auto& queue = shared->get().queue;
    const auto& changes = queue.book().bySequence();
    std::uint64_t upTo = queue.journal().durableSequence();
    std::vector<const Job*> found;
    for (auto at = changes.upper_bound(position); at != changes.end() && at->first <= upTo; ++at) {
      position = at->first;
      if (matches(*at->second)) found.push_back(at->second);
      if (found.size() == CHANGES_PER_CALL) break;
    }
    if (found.empty()) return;
    auto request = watcher.applyRequest();
    auto list = request.initChanges(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      writeJob(*found[i], queue.book().limits(), list[i]);
    }
    request.setSequence(position);
    busy = true;
    tasks.add(request.send().ignoreResult().then([this] {
      busy = false;
      pump();
    }));
  }
  // The watcher is gone or broken: nothing more is told.
  void taskFailed(kj::Exception&&) override { guard = nullptr; }
};

class QueueContract::Server final : public queue::Queue::Server {
 public:
  explicit Server(kj::Own<Shared> shared) : shared(kj::mv(shared)) {}

  kj::Promise<void> submit(SubmitContext context) override {
    auto list = context.getParams().getJobs();
    KJ_REQUIRE(list.size() <= ENTRIES_MOST, "at most 2000 jobs a call", list.size());
    auto& inner = shared->get();
    auto results = context.getResults().initResults(list.size());
    std::vector<JobSpec> fresh;
    std::set<Uuid> ids;
    bool refused = false;
    for (uint i = 0; i < list.size(); ++i) {
      auto fault = examine(list[i], results[i], ids, fresh);
      if (!fault) continue;
      results[i].setRefused(*fault);
      refused = true;
    }
    if (refused || fresh.empty()) return kj::READY_NOW;
    return inner.queue.submit(std::move(fresh));
  }

  kj::Promise<void> kill(KillContext context) override {
    auto& queue = shared->get().queue;
    std::vector<Uuid> ids;
    std::vector<std::string> unknown;
    sort(context.getParams().getJobIds(), ids, unknown);
    auto out = context.getResults().initUnknown(unknown.size());
    for (std::size_t i = 0; i < unknown.size(); ++i) out.set(i, unknown[i]);
    return queue.kill(ids);
  }

  kj::Promise<void> query(QueryContext context) override {
    auto& queue = shared->get().queue;
    std::vector<Uuid> ids;
    std::vector<std::string> unknown;
    sort(context.getParams().getJobIds(), ids, unknown);
    auto results = context.getResults();
    auto jobs = results.initJobs(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      writeJob(*queue.book().find(ids[i]), queue.book().limits(), jobs[i]);
    }
    auto out = results.initUnknown(unknown.size());
    for (std::size_t i = 0; i < unknown.size(); ++i) out.set(i, unknown[i]);
    return kj::READY_NOW;
  }

  kj::Promise<void> watch(WatchContext context) override {
    auto params = context.getParams();
    shared->get();
    context.getResults().setSubscription(kj::heap<Subscription>(
        kj::addRef(*shared), params.getFilter(), params.getAfterSequence(), params.getWatcher()));
    return kj::READY_NOW;
  }

 private:
  kj::Own<Shared> shared;

  std::optional<std::string> examine(queue::JobSpec::Reader in, queue::SubmitResult::Builder out,
                                     std::set<Uuid>& ids, std::vector<JobSpec>& fresh) {
    auto& inner = shared->get();
    auto id = Uuid::parse(text(in.getId()));
    if (!id) return "id is not a UUID: " + text(in.getId());
    if (!ids.insert(*id).second) return "the id occurs twice in this call";
    if (inner.queue.known(*id)) {
      const Job* job = inner.queue.book().find(*id);
      if (job == nullptr || job->spec.user != text(in.getUser())) return "the id is already used";
      out.setAlreadyKnown();
      return std::nullopt;
    }
    JobSpec spec = readSpec(in, *id);
    if (auto fault = faultIn(spec, inner.limits)) return fault;
    const Pools& pools = inner.queue.pools();
    const Pool* pool = pools.find(pools.resolve(spec.submitPool));
    if (pool == nullptr) return spec.submitPool + " is not a valid pool name.";
    if (!pool->active) return pool->name + " is not accepting job submissions.";
    if (spec.priority > 16'000'000) return "priority must be at most 16000000";
    out.setAccepted();
    fresh.push_back(std::move(spec));
    return std::nullopt;
  }

  void sort(capnp::List<capnp::Text>::Reader list, std::vector<Uuid>& ids,
            std::vector<std::string>& unknown) {
    KJ_REQUIRE(list.size() <= ENTRIES_MOST, "at most 2000 ids a call", list.size());
    for (auto one : list) {
      auto id = Uuid::parse(text(one));
      if (id && shared->get().queue.book().find(*id) != nullptr) {
        ids.push_back(*id);
      } else {
        unknown.push_back(text(one));
      }
    }
  }
};

QueueContract::QueueContract(BatchQueue& queue, const JobLimits& limits, log::Logger& log)
    : shared(kj::refcounted<Shared>(Shared::Inner{queue, limits, log})) {}
QueueContract::~QueueContract() noexcept(false) {
  shared->inner.reset();
}
queue::Queue::Client QueueContract::client() {
  return kj::heap<Server>(kj::addRef(*shared));
}

}  // namespace maitred::cook
