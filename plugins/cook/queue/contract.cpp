#include "contract.h"

#include "job-message.h"

#include <backend/translate.h>

namespace maitred::cook {
namespace {

constexpr std::size_t ENTRIES_MOST = 2000;
constexpr std::size_t CHANGES_PER_CALL = 500;

void writeJob(const Job& job, const MeaCulpaLimits& limits, queue::Job::Builder out) {
  writeJobSpec(job.spec, out.initSpec());
  out.setState(static_cast<queue::JobState>(static_cast<int>(job.state) + 1));
  out.setSubmittedAt(job.submittedMs);
  auto instances = out.initInstances(job.instances.size());
  for (std::size_t i = 0; i < job.instances.size(); ++i)
    writeInstance(job.instances[i], instances[i]);
  out.setRetriesRemaining(retriesRemaining(job, limits));
  out.setSequence(job.sequence);
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
    return inner.queue.amend(std::move(fresh))
        .then([this, context](Examined examined) mutable -> kj::Promise<Examined> {
          checkAgain(examined);
          if (!examined.faults.empty()) return kj::mv(examined);
          auto& inner = shared->get();
          return inner.queue.judge(std::move(examined.jobs), inner.limits);
        })
        .then([this, context](Examined examined) mutable -> kj::Promise<void> {
          refuse(examined, context);
          if (!examined.faults.empty()) return kj::READY_NOW;
          return shared->get().queue.submit(std::move(examined.jobs));
        });
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
    JobSpec spec = readJobSpec(in, *id);
    if (inner.queue.extensions().virtualPool(spec.submitPool) == nullptr) {
      if (auto fault = faultInPool(spec.submitPool)) return fault;
    }
    if (auto fault = faultIn(spec, inner.limits)) return fault;
    if (spec.priority > 16'000'000) return "priority must be at most 16000000";
    out.setAccepted();
    fresh.push_back(std::move(spec));
    return std::nullopt;
  }

  std::optional<std::string> faultInPool(const std::string& name) {
    const Pools& pools = shared->get().queue.pools();
    const Pool* pool = pools.find(pools.resolve(name));
    if (pool == nullptr) return name + " is not a valid pool name.";
    if (!pool->active) return pool->name + " is not accepting job submissions.";
    return std::nullopt;
  }

  // What other plugins have made of jobs that were sound, while others may have come.
  void checkAgain(Examined& examined) {
    for (const JobSpec& job : examined.jobs) {
      auto fault = faultInPool(job.pool);
      if (!fault) fault = faultIn(job, shared->get().limits);
      if (fault) examined.faults.push_back({job.id, *fault});
    }
  }

  // Each result gets its own part.
  void refuse(Examined& examined, SubmitContext& context) {
    for (const JobSpec& job : examined.jobs) {
      if (!shared->get().queue.known(job.id)) continue;
      examined.faults.push_back({job.id, "the id is already used"});
    }
    if (examined.faults.empty()) return;
    std::map<Uuid, std::string> texts;
    for (const auto& fault : examined.faults) {
      std::string& text = texts[fault.job];
      text += (text.empty() ? "" : "\n") + fault.text;
    }
    auto jobs = context.getParams().getJobs();
    auto results = context.getResults().getResults();
    for (uint i = 0; i < jobs.size(); ++i) {
      auto at = texts.find(Uuid::parse(text(jobs[i].getId())).value_or(Uuid()));
      if (at != texts.end()) results[i].setRefused(at->second);
    }
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
