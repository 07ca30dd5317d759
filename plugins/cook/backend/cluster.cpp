#include "cluster.h"

#include "translate.h"

namespace maitred::cook {
namespace {

// One batch becomes durable while the next is on its way; what is told meanwhile comes together.
// With more, short tasks came in batches of one, each with a call and a commit of its own.
constexpr std::uint16_t WINDOW = 2;
constexpr std::size_t ENTRIES_PER_CALL = 1000;
constexpr std::size_t BYTES_PER_CALL = 768 * 1024;

std::size_t sizeOf(const JobSpec& spec) {
  std::size_t size = 1200 + spec.command.size() + spec.name.size() + spec.extra.size();
  for (const auto& [name, value] : spec.environment) size += 40 + name.size() + value.size();
  for (const auto& [name, value] : spec.labels) size += 40 + name.size() + value.size();
  for (const Uri& uri : spec.uris) size += 64 + uri.value.size();
  return size;
}

// Cuts a list into calls that the RPC layer likes.
template <typename T, typename Size, typename Send>
void inCalls(const std::vector<T>& items, std::size_t most, Size&& sizeOf, Send&& send) {
  std::vector<T> part;
  std::size_t bytes = 0;
  for (const T& item : items) {
    std::size_t size = sizeOf(item);
    if (!part.empty() && (part.size() >= most || bytes + size > BYTES_PER_CALL)) {
      send(std::move(part));
      part.clear();
      bytes = 0;
    }
    part.push_back(item);
    bytes += size;
  }
  if (!part.empty()) send(std::move(part));
}

}  // namespace

class Cluster::ObserverServer final : public backend::Observer::Server {
 public:
  ObserverServer(kj::Own<Link> link, kj::Own<kj::PromiseFulfiller<void>> dropped)
      : link(kj::mv(link)), dropped(kj::mv(dropped)) {}

  kj::Promise<void> apply(ApplyContext context) override {
    Cluster* cluster = link->cluster;
    if (cluster == nullptr) {
      return KJ_EXCEPTION(DISCONNECTED, "the queue has ended this attachment");
    }
    auto batch = context.getParams().getBatch();
    std::uint64_t cursor = batch.getCursor();
    return cluster->applying.run(cluster->apply(batch)).then([context, cursor]() mutable {
      auto resume = context.getResults().initResume();
      resume.setDurable(cursor);
      resume.setWindow(WINDOW);
    });
  }

 private:
  kj::Own<Link> link;
  DropSignal dropped;
};

Cluster::Cluster(ClusterOwner& owner, std::string name, backend::Backend::Client backend,
                 std::uint64_t fence, std::uint64_t seed)
    : owner(owner),
      name_(std::move(name)),
      backend(kj::mv(backend)),
      fence(fence),
      link(kj::refcounted<Link>(*this)),
      tasks(*this),
      attachment(kj::heap<Attachment>(owner.timer(), owner.log(), name_.c_str(), seed,
                                      [this]() { return attach(); })) {}

Cluster::~Cluster() noexcept(false) {
  link->cluster = nullptr;
}

kj::Promise<kj::Promise<void>> Cluster::attach() {
  return attachSteps();
}

Async<kj::Promise<void>> Cluster::attachSteps() {
  auto info = co_await backend.infoRequest().send();
  kind_ = info.getInfo().getKind().cStr();
  if (info.getInfo().getLaunchBatchMax() != 0) launchBatchMost = info.getInfo().getLaunchBatchMax();

  detached();
  link = kj::refcounted<Link>(*this);
  auto dropped = kj::newPromiseAndFulfiller<void>();
  auto broken = kj::newPromiseAndFulfiller<void>();
  auto request = backend.attachRequest();
  request.initConsumer().setName(owner.consumerName());
  request.getConsumer().setFence(fence);
  request.setObserver(kj::heap<ObserverServer>(kj::addRef(*link), kj::mv(dropped.fulfiller)));
  auto attached = co_await request.send();
  auto fresh = attached.getSession();
  epoch = attached.getEpoch();
  breaker = kj::mv(broken.fulfiller);
  // Nothing is placed here any more; what was decided before is durable before it is named, since
  // the backend may start what it hears of.
  co_await owner.journal().flush();
  co_await expect(fresh);
  session = fresh;
  co_await fresh.beginRequest().send();
  co_return dropped.promise.exclusiveJoin(kj::mv(broken.promise)).attach(kj::defer([this]() {
    detached();
  }));
}

void Cluster::detached() {
  link->cluster = nullptr;
  session = nullptr;
  breaker = nullptr;
  cursor = 0;
  inSnapshot = ready = false;
  named.clear();
  closed.clear();
  // Nothing is placed on nodes that we cannot reach.
  owner.nodes().removeCluster(name_);
}

void Cluster::giveUp(kj::Exception&& exception) {
  KJ_IF_MAYBE (fulfiller, breaker) fulfiller->get()->reject(kj::mv(exception));
}

kj::Promise<void> Cluster::expect(backend::Session::Client session) {
  struct Alive {
    const Job* job;
    const Instance* instance;
  };
  std::vector<Alive> alive;
  owner.book().each([&](const Job& job) {
    const Instance* one = job.unended();
    if (one != nullptr && one->cluster == name_) alive.push_back({&job, one});
  });
  kj::Vector<kj::Promise<void>> calls;
  auto size = [](const Alive& one) {
    return one.instance->confirmed ? 200 : sizeOf(one.job->spec);
  };
  inCalls(alive, ENTRIES_PER_CALL, size, [&](std::vector<Alive> part) {
    auto request = session.expectRequest();
    auto list = request.initTasks(part.size());
    for (std::size_t i = 0; i < part.size(); ++i) {
      const Job& job = *part[i].job;
      const Instance& instance = *part[i].instance;
      list[i].setTaskId(instance.taskId.text());
      list[i].setNodeId(instance.nodeId);
      bool stopped = instance.cancelled || isTerminal(instance.status);
      if (job.state == JobState::completed || stopped) {
        list[i].setPhase(backend::ExpectedPhase::KILLING);
      } else if (instance.confirmed) {
        list[i].setPhase(backend::ExpectedPhase::RUNNING);
      } else {
        list[i].setPhase(backend::ExpectedPhase::LAUNCHING);
        writeSpec(job, instance, owner.runtimeLimits().of(job.spec), owner.execution(),
                  list[i].initSpec());
      }
    }
    calls.add(request.send().ignoreResult());
  });
  return kj::joinPromises(calls.releaseAsArray());
}

kj::Promise<void> Cluster::apply(backend::Batch::Reader batch) {
  if (batch.getCursor() != cursor + 1) {
    auto gap = KJ_EXCEPTION(FAILED, "the backend left out a batch", cursor, batch.getCursor());
    giveUp(kj::cp(gap));
    return kj::mv(gap);
  }
  cursor = batch.getCursor();
  beginPart(batch);
  for (auto change : batch.getNodes()) applyNode(change);
  std::vector<Uuid> strangers;
  for (auto status : batch.getTasks()) applyStatus(status, strangers);
  if (!strangers.empty()) kill(strangers);
  if (batch.getPhase() == backend::Phase::SNAPSHOT_END) endSnapshot();
  owner.kick();
  return owner.journal().flush().catch_([this](kj::Exception&& exception) {
    // A failed call ends the session over there. Without a call of its own on the session the queue
    // would not hear of it, and of no task's end any more.
    giveUp(kj::cp(exception));
    kj::throwFatalException(kj::mv(exception));
  });
}

void Cluster::applyStatus(backend::TaskStatus::Reader status, std::vector<Uuid>& strangers) {
  auto id = Uuid::parse(std::string_view(status.getTaskId().cStr(), status.getTaskId().size()));
  if (!id) return;
  auto found = owner.book().findTask(*id);
  auto state = status.getState();
  bool over = state == backend::TaskState::SUCCEEDED || state == backend::TaskState::FAILED ||
              state == backend::TaskState::KILLED || state == backend::TaskState::LOST ||
              state == backend::TaskState::NOT_STARTED;
  bool unwanted = !found || found.instance->over();
  // An orphan of ours, or one that came back after it was given up.
  if (unwanted && !over) {
    strangers.push_back(*id);
  } else if (!unwanted) {
    applyNews(found, status);
  }
}

void Cluster::applyNews(const Book::Found& found, backend::TaskStatus::Reader status) {
  Uuid id = found.instance->taskId;
  NodeKey node{name_, found.instance->nodeId};
  Verdict verdict = verdictOn(status, owner.nowMs());
  if (verdict.kind == Verdict::Kind::withdraw && isTerminal(found.instance->status)) {
    return neverRan(id, node, 0);
  }
  if (verdict.kind == Verdict::Kind::withdraw) {
    bool room = status.getReason() == backend::Reason::NO_ROOM ||
                status.getReason() == backend::Reason::STALE_ROOM;
    owner.refused("late");
    return withdraw(id, node, room, 0);
  }
  if (verdict.kind == Verdict::Kind::ignore) return;
  if (status.hasProgress()) {
    owner.progressed(id, progressOf(status.getProgress()));
    if (tellsNothingElse(verdict.report, *found.instance)) return;
  }
  verdict.report.nodeId.clear();  // known since the placement
  owner.book().report(id, verdict.report, owner.nowMs());
  const Instance& one = *owner.book().findTask(id).instance;
  if (one.over()) owner.nodes().letGo(node, id);
  if (one.unreachableMs != 0) owner.silent(id);
}

void Cluster::withdraw(const Uuid& taskId, const NodeKey& node, bool blameNode,
                       std::int64_t retryAfterMs) {
  owner.nodes().letGo(node, taskId);
  Job* job = owner.book().findTask(taskId).job;
  if (owner.book().withdraw(taskId, owner.nowMs())) {
    owner.kickAt(owner.book().postpone(*job, owner.steadyMs(), retryAfterMs));
  }
  if (blameNode) owner.kickAt(owner.nodes().refused(node, owner.steadyMs(), retryAfterMs));
}

// The job may have been killed between the decision and now.
bool Cluster::stillWanted(const CycleResult::Started& one) {
  auto found = owner.book().findTask(one.taskId);
  if (!found || found.instance->over()) return false;
  bool stopped = found.instance->cancelled || isTerminal(found.instance->status);
  if (found.job->state != JobState::completed && !stopped) return true;
  neverRan(one.taskId, one.node, Reason::KILLED_BY_USER);
  return false;
}

// Its end, unless somebody has said why before.
void Cluster::neverRan(const Uuid& taskId, const NodeKey& node, int reason) {
  Report end;
  end.status = InstanceStatus::failed;
  end.reason = reason;
  end.atMs = owner.nowMs();
  owner.book().report(taskId, end, owner.nowMs());
  owner.nodes().letGo(node, taskId);
}

void Cluster::launch(const std::vector<CycleResult::Started>& started) {
  if (session == nullptr) return;
  std::vector<CycleResult::Started> wanted;
  for (const auto& one : started) {
    if (stillWanted(one)) wanted.push_back(one);
  }
  inCalls(
      wanted, launchBatchMost, [](const auto& one) { return sizeOf(one.job->spec); },
      [&](std::vector<CycleResult::Started> part) { sendLaunch(std::move(part)); });
}

void Cluster::sendLaunch(std::vector<CycleResult::Started> batch) {
  auto request = KJ_ASSERT_NONNULL(session).launchRequest();
  request.setEpoch(epoch);
  auto list = request.initPlacements(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto& one = batch[i];
    list[i].setTaskId(one.taskId.text());
    writeSpec(*one.job, *owner.book().findTask(one.taskId).instance,
              owner.runtimeLimits().of(one.job->spec), owner.execution(), list[i].initSpec());
    auto target = list[i].getWhere().initNode();
    target.setNodeId(one.node.nodeId);
    target.setGeneration(one.generation);
  }
  tasks.add(request.send().then([this, batch = std::move(batch)](auto response) {
    auto results = response.getResults();
    KJ_REQUIRE(results.size() == batch.size(), "as many answers as placements are due");
    for (std::size_t i = 0; i < batch.size(); ++i) answered(batch[i], results[i]);
    owner.kick();
    return owner.journal().flush();
  }));
}

void Cluster::answered(const CycleResult::Started& one, backend::LaunchResult::Reader result) {
  if (!result.isRefused()) return owner.nodes().accepted(one.node);
  auto found = owner.book().findTask(one.taskId);
  if (!found || found.instance->over()) return;
  if (isTerminal(found.instance->status)) return neverRan(one.taskId, one.node, 0);
  auto refusal = result.getRefused();
  auto verdict = verdictOn(refusal.getReason());
  owner.log().debug(name_, " refused ", one.taskId.text().c_str(), ": ", refusal.getMessage());
  owner.refused("launch");
  if (verdict.failWith == 0) {
    return withdraw(one.taskId, one.node, verdict.blameNode, refusal.getRetryAfterMs());
  }
  Report end;
  end.status = InstanceStatus::failed;
  end.reason = verdict.failWith;
  end.atMs = owner.nowMs();
  end.message = refusal.getMessage().cStr();
  owner.book().report(one.taskId, end, owner.nowMs());
  owner.nodes().letGo(one.node, one.taskId);
}

void Cluster::kill(const std::vector<Uuid>& ids) {
  KJ_IF_MAYBE (present, session) {
    inCalls(
        ids, ENTRIES_PER_CALL, [](const Uuid&) { return 200; },
        [&](std::vector<Uuid> part) {
          auto request = present->killRequest();
          auto list = request.initKills(part.size());
          for (std::size_t i = 0; i < part.size(); ++i) {
            list[i].setTaskId(part[i].text());
            list[i].setGraceMs(owner.execution().killGraceMs);
          }
          tasks.add(request.send().ignoreResult());
        });
  }
}

// A call failed, so its outcome is unknown: a new session clears that up.
void Cluster::taskFailed(kj::Exception&& exception) {
  owner.log().warning(name_, ": ", exception.getDescription());
  giveUp(kj::mv(exception));
}

}  // namespace maitred::cook
