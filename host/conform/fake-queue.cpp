#include "fake-queue.h"

#include <capnp/message.h>
#include <kj/debug.h>
#include <kj/refcount.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace maitred::host::conform {

namespace {

constexpr kj::Duration jobTime = 5 * kj::MILLISECONDS;
constexpr size_t entriesMost = 2000;  // in one call, as the contract says
constexpr size_t jobsMost = 20'000;
constexpr int64_t startOfTime = 1'700'000'000'000;  // unix ms; nobody's clock is asked

struct Entry {
  capnp::MallocMessageBuilder message;
  queue::Job::Builder job() { return message.getRoot<queue::Job>(); }
};

// The jobs, and who is told of them.
class Jobs final : public kj::Refcounted, private kj::TaskSet::ErrorHandler {
 public:
  explicit Jobs(kj::Timer& timer) : timer(timer), endings(*this) {
    addOld("00000000-0000-4000-8000-000000000001", "ana", queue::InstanceState::SUCCESS, 0);
    addOld("00000000-0000-4000-8000-000000000002", "bob", queue::InstanceState::FAILED, 1);
    endSoon(addNew("00000000-0000-4000-8000-000000000003", "ana"));
  }

  Entry* find(capnp::Text::Reader id) {
    auto found = byId.find(id.cStr());
    return found == byId.end() ? nullptr : found->second.get();
  }
  bool full(size_t more) const { return byId.size() + more > jobsMost; }

  void submit(queue::JobSpec::Reader spec) {
    Entry& entry = add(spec.getId().cStr());
    entry.job().setSpec(spec);
    run(entry);
    endSoon(entry);
  }
  void kill(Entry& entry) {
    if (entry.job().getState() == queue::JobState::COMPLETED) return;
    end(entry, queue::InstanceState::FAILED, 137);
  }

  template <typename Each>
  void after(uint64_t sequence, Each&& each) {
    for (auto at = bySequence.upper_bound(sequence); at != bySequence.end(); ++at) {
      if (!each(*at->second)) return;
    }
  }

  // Called whenever a job has changed, until the returned object is dropped.
  kj::Own<void> listen(std::function<void()> listener) {
    auto own = std::make_unique<std::function<void()>>(std::move(listener));
    auto* known = own.get();
    listeners.insert(known);
    return kj::heap(kj::defer([self = kj::addRef(*this), own = std::move(own)]() mutable {
      self->listeners.erase(own.get());
    }));
  }

 private:
  kj::Timer& timer;
  std::map<std::string, std::unique_ptr<Entry>> byId;
  std::map<uint64_t, Entry*> bySequence;
  std::set<std::function<void()>*> listeners;
  uint64_t last = 0;
  kj::TaskSet endings;

  Entry& add(const std::string& id) {
    auto& entry = byId[id] = std::make_unique<Entry>();
    auto job = entry->message.initRoot<queue::Job>();
    job.setState(queue::JobState::WAITING);
    job.setSubmittedAt(startOfTime);
    return *entry;
  }
  Entry& addNew(const char* id, const char* user) {
    Entry& entry = add(id);
    auto spec = entry.job().initSpec();
    spec.setId(id);
    spec.setUser(user);
    spec.setCommand("true");
    spec.setCpus(1);
    spec.setMemMib(128);
    spec.setPool("default");
    run(entry);
    return entry;
  }
  void addOld(const char* id, const char* user, queue::InstanceState state, int exitCode) {
    end(addNew(id, user), state, exitCode);
  }

  void run(Entry& entry) {
    auto job = entry.job();
    job.setState(queue::JobState::RUNNING);
    auto instance = job.initInstances(1)[0];
    instance.setTaskId(kj::str("task-of-", job.getSpec().getId()));
    instance.setState(queue::InstanceState::RUNNING);
    instance.setCluster("fake");
    instance.setNodeId("node");
    instance.setHostname("node");
    instance.setStartedAt(startOfTime);
    instance.setRunningAt(startOfTime);
    changed(entry);
  }
  void end(Entry& entry, queue::InstanceState state, int exitCode) {
    auto job = entry.job();
    job.setState(queue::JobState::COMPLETED);
    auto instance = job.getInstances()[0];
    instance.setState(state);
    instance.setEndedAt(startOfTime + 1000);
    instance.setExitCode(exitCode);
    instance.setHasExitCode(true);
    if (state == queue::InstanceState::FAILED) instance.setReasonCode(99003);
    changed(entry);
  }
  void endSoon(Entry& entry) {
    endings.add(timer.afterDelay(jobTime).then([this, &entry]() {
      if (entry.job().getState() == queue::JobState::COMPLETED) return;
      end(entry, queue::InstanceState::SUCCESS, 0);
    }));
  }

  void changed(Entry& entry) {
    auto job = entry.job();
    bySequence.erase(job.getSequence());
    job.setSequence(++last);
    bySequence[last] = &entry;
    auto all = listeners;  // who is told may stop listening
    for (auto* listener : all) {
      if (listeners.count(listener) != 0) (*listener)();
    }
  }
  void taskFailed(kj::Exception&&) override {}
};

class Subscription final : public queue::Subscription::Server,
                           private kj::TaskSet::ErrorHandler {
 public:
  Subscription(kj::Own<Jobs> given, queue::Queue::WatchParams::Reader params)
      : jobs(kj::mv(given)),
        user(params.getFilter().getUser().cStr()),
        pool(params.getFilter().getPool().cStr()),
        position(params.getAfterSequence()),
        watcher(params.getWatcher()),
        calls(*this) {
    for (auto id : params.getFilter().getJobIds()) ids.insert(id.cStr());
    listening = jobs->listen([this]() { pump(); });
    pump();
  }

 private:
  kj::Own<Jobs> jobs;
  std::string user, pool;
  std::set<std::string> ids;
  uint64_t position;
  kj::Maybe<queue::Watcher::Client> watcher;  // none: it has failed, and hears no more
  bool open = false;
  kj::Own<void> listening;
  kj::TaskSet calls;

  bool matches(queue::Job::Reader job) const {
    auto spec = job.getSpec();
    return (user.empty() || spec.getUser() == user.c_str()) &&
           (pool.empty() || spec.getPool() == pool.c_str()) &&
           (ids.empty() || ids.count(spec.getId().cStr()) != 0);
  }

  // One call at a time; what changes meanwhile goes into the next.
  void pump() {
    if (open) return;
    KJ_IF_MAYBE (callee, watcher) {
      std::vector<Entry*> found;
      jobs->after(position, [&](Entry& entry) {
        position = entry.job().getSequence();
        if (matches(entry.job().asReader())) found.push_back(&entry);
        return found.size() < entriesMost;
      });
      if (found.empty()) return;
      auto request = callee->applyRequest();
      auto changes = request.initChanges(static_cast<kj::uint>(found.size()));
      for (size_t i = 0; i < found.size(); ++i) {
        changes.setWithCaveats(static_cast<kj::uint>(i), found[i]->job().asReader());
      }
      request.setSequence(position);
      open = true;
      calls.add(request.send().ignoreResult().then([this]() {
        open = false;
        pump();
      }));
    }
  }
  void taskFailed(kj::Exception&&) override { watcher = nullptr; }
};

class FakeQueue final : public queue::Queue::Server {
 public:
  explicit FakeQueue(kj::Timer& timer) : jobs(kj::refcounted<Jobs>(timer)) {}

  kj::Promise<void> submit(SubmitContext context) override {
    auto specs = context.getParams().getJobs();
    KJ_REQUIRE(specs.size() <= entriesMost, "at most 2,000 jobs a call", specs.size());
    KJ_REQUIRE(!jobs->full(specs.size()), "this stand-in for a queue keeps 20,000 jobs");
    auto results = context.getResults().initResults(specs.size());
    bool refused = false;
    for (kj::uint i = 0; i < specs.size(); ++i) refused = !judge(specs[i], results[i]) || refused;
    if (refused) return kj::READY_NOW;
    for (kj::uint i = 0; i < specs.size(); ++i) {
      bool fresh = jobs->find(specs[i].getId()) == nullptr;  // an id may stand there twice
      if (results[i].isAccepted() && fresh) jobs->submit(specs[i]);
    }
    return kj::READY_NOW;
  }

  kj::Promise<void> kill(KillContext context) override {
    auto unknown = eachKnown(context.getParams().getJobIds(),
                             [this](Entry& entry) { jobs->kill(entry); });
    setTexts(context.getResults().initUnknown(static_cast<kj::uint>(unknown.size())), unknown);
    return kj::READY_NOW;
  }

  kj::Promise<void> query(QueryContext context) override {
    std::vector<Entry*> found;
    auto unknown = eachKnown(context.getParams().getJobIds(),
                             [&](Entry& entry) { found.push_back(&entry); });
    auto results = context.getResults();
    auto out = results.initJobs(static_cast<kj::uint>(found.size()));
    for (size_t i = 0; i < found.size(); ++i) {
      out.setWithCaveats(static_cast<kj::uint>(i), found[i]->job().asReader());
    }
    setTexts(results.initUnknown(static_cast<kj::uint>(unknown.size())), unknown);
    return kj::READY_NOW;
  }

  kj::Promise<void> watch(WatchContext context) override {
    context.getResults().setSubscription(
        kj::heap<Subscription>(kj::addRef(*jobs), context.getParams()));
    return kj::READY_NOW;
  }

 private:
  kj::Own<Jobs> jobs;

  // False: refused.
  bool judge(queue::JobSpec::Reader spec, queue::SubmitResult::Builder out) {
    if (Entry* known = jobs->find(spec.getId())) {
      if (known->job().getSpec().asReader().getUser() == spec.getUser()) {
        out.setAlreadyKnown();
        return true;
      }
      out.setRefused("the id is already used");
      return false;
    }
    const char* fault = spec.getId().size() != 36    ? "id is not a UUID"
                        : spec.getCommand().size() == 0 ? "command must not be empty"
                        : !(spec.getCpus() > 0)      ? "cpus must be positive"
                        : !(spec.getMemMib() > 0)    ? "memMib must be positive"
                                                     : nullptr;
    if (fault != nullptr) {
      out.setRefused(fault);
      return false;
    }
    out.setAccepted();
    return true;
  }

  // Returns the ids that nobody knows.
  template <typename Each>
  std::vector<std::string> eachKnown(capnp::List<capnp::Text>::Reader wanted, Each&& each) {
    KJ_REQUIRE(wanted.size() <= entriesMost, "at most 2,000 ids a call", wanted.size());
    std::vector<std::string> unknown;
    for (auto id : wanted) {
      if (Entry* entry = jobs->find(id)) {
        each(*entry);
      } else {
        unknown.push_back(id.cStr());
      }
    }
    return unknown;
  }
  static void setTexts(capnp::List<capnp::Text>::Builder out,
                       const std::vector<std::string>& texts) {
    for (size_t i = 0; i < texts.size(); ++i) out.set(static_cast<kj::uint>(i), texts[i].c_str());
  }
};

}  // namespace

queue::Queue::Client fakeQueue(kj::Timer& timer) { return kj::heap<FakeQueue>(timer); }

}  // namespace maitred::host::conform
