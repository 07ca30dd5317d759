// The life of a session: attach, the expected tasks, the snapshot, the end.
#include "server-impl.h"

namespace maitred::backend {
namespace {

constexpr auto snapshotPatience = 2 * kj::SECONDS;

}  // namespace

std::vector<Finding> allUndetermined(size_t count, uint32_t retryMs) {
  return std::vector<Finding>(count, Finding{Finding::Kind::undetermined, retryMs});
}

kj::Own<SessionState> Server::Impl::attach(Consumer::Reader consumer, Observer::Client observer) {
  auto name = str(consumer.getName());
  KJ_REQUIRE(validId(name), "a consumer's name has 1 to 63 characters of [a-z0-9-]", name.c_str());
  auto& fence = fences[name];
  KJ_REQUIRE(consumer.getFence() >= fence, "fenced: this consumer was here with a higher fence",
             consumer.getFence(), fence);
  fence = consumer.getFence();
  auto former = sessions.find(name);
  if (former != sessions.end()) end(*former->second, SessionState::Phase::fenced, "");
  auto state = kj::refcounted<SessionState>(name, fence, kj::mv(observer));
  state->work = kj::heap<kj::TaskSet>(*this);
  auto handed = kj::addRef(*state);
  sessions[name] = kj::mv(state);
  return handed;
}

void Server::Impl::end(SessionState& session, SessionState::Phase how, std::string why) {
  if (!session.alive()) return;
  session.phase = how;
  session.endedBecause = std::move(why);
  session.outbox.hold();
  session.wishes.clear();
  demandSoon();
  kj::Maybe<kj::Own<SessionState>> last;
  auto mine = sessions.find(session.consumer);
  if (mine != sessions.end() && mine->second.get() == &session) {
    last = kj::mv(mine->second);
    sessions.erase(mine);
  }
  // This may be running inside one of the tasks that go away here.
  KJ_IF_MAYBE (work, session.work) {
    tasks.add(kj::evalLater([work = kj::mv(*work), last = kj::mv(last)]() {}));
  }
  session.work = nullptr;
  // By this the consumer learns of the end: it may hold on to its session for ever.
  session.observer = Observer::Client(KJ_EXCEPTION(DISCONNECTED, "the session has ended"));
}

void Server::Impl::begin(SessionState& session) {
  if (!ready) return;
  std::vector<TaskKey> unknown;
  for (auto& [id, task] : session.expected) {
    TaskKey key{session.consumer, id};
    auto* entry = ledger.find(key);
    if (entry == nullptr && ledger.rememberedDigest(key) == nullptr) unknown.push_back(key);
    if (entry != nullptr && task.phase == ExpectedPhase::KILLING && entry->settled) {
      killTask(key, *entry, entry->killGraceMs, false);
    }
  }
  if (unknown.empty()) {
    snapshot(session);
    return;
  }
  auto count = unknown.size();
  auto found = kj::evalNow([&]() { return runner.reconcile(unknown, snapshotPatience); })
                   .exclusiveJoin(timer.afterDelay(snapshotPatience).then([count]() {
                     return allUndetermined(count, 1'000);
                   }))
                   .then([](std::vector<Finding> findings) { return findings; },
                         [count](kj::Exception&&) { return allUndetermined(count, 1'000); });
  KJ_IF_MAYBE (work, session.work) {
    (*work)->add(found.then(
        [this, &session, unknown = kj::mv(unknown)](std::vector<Finding> findings) mutable {
          if (ready) expectedFound(session, std::move(unknown), std::move(findings));
        }));
  }
}

// What the runner knows of expected tasks that are not in the ledger: each gets a status.
void Server::Impl::expectedFound(SessionState& session, std::vector<TaskKey> keys,
                                 std::vector<Finding> findings) {
  KJ_ASSERT(findings.size() == keys.size(), "the backend answered for another number of tasks");
  for (size_t i = 0; i < keys.size(); ++i) {
    auto& key = keys[i];
    if (ledger.find(key) != nullptr) continue;  // it was reported meanwhile
    auto& task = session.expected[key.taskId];
    Status status;
    status.nodeId = task.nodeId;
    if (findings[i].kind == Finding::Kind::undetermined) {
      status.state = TaskState::UNREACHABLE;
      status.message = "not determined yet whether this task exists; the backend asks again";
      report(key, std::move(status));
      ledger.find(key)->guessed = true;
      askAgain(key, findings[i].retryMs);
    } else if (task.phase == ExpectedPhase::LAUNCHING && task.spec != nullptr) {
      relaunch(session, key, task);
    } else {
      status.state = TaskState::LOST;
      status.reason = Reason::RESULT_LOST;
      status.message = "the backend has no trace of this task";
      report(key, std::move(status));
    }
  }
  snapshot(session);
}

void Server::Impl::snapshot(SessionState& session) {
  auto statuses = ledger.snapshotOf(session.consumer);
  for (auto& delivery : statuses) delivery.status.orphan = !session.own.contains(delivery.taskId);
  for (auto& expected : session.expected) {
    if (auto ended = ledger.remembered({session.consumer, expected.first})) {
      if (ledger.find({session.consumer, expected.first}) == nullptr)
        statuses.push_back(std::move(*ended));
    }
  }
  session.expected.clear();
  std::vector<std::string> poolNames;
  for (auto& pool : pools) poolNames.push_back(pool.first);
  session.outbox.snapshot(rooms.ids(), poolNames, std::move(statuses));
  pumpSoon(session);
}

void Server::Impl::askAgain(TaskKey key, uint32_t afterMs) {
  auto delay = std::min(std::max(afterMs, 100u), 60'000u) * kj::MILLISECONDS;
  tasks.add(timer.afterDelay(delay)
                .then([this, key]() { return runner.reconcile({key}, 10 * kj::SECONDS); })
                .then([](std::vector<Finding> f) { return f; },
                      [](kj::Exception&&) { return allUndetermined(1, 5'000); })
                .then([this, key](std::vector<Finding> findings) {
                  auto* entry = ledger.find(key);
                  if (entry != nullptr && !entry->guessed) return;
                  if (findings.at(0).kind == Finding::Kind::undetermined) {
                    askAgain(key, findings[0].retryMs);
                    return;
                  }
                  Status status;
                  status.state = TaskState::LOST;
                  status.reason = Reason::RESULT_LOST;
                  status.message = "the backend has no trace of this task";
                  report(key, std::move(status));
                }));
}

void Server::Impl::demandSoon() {
  if (demandDue) return;
  demandDue = true;
  tasks.add(kj::evalLater([this]() {
    demandDue = false;
    std::vector<ShapeWish> all;
    for (auto& session : sessions) {
      all.insert(all.end(), session.second->wishes.begin(), session.second->wishes.end());
    }
    runner.demand(all);
  }));
}

}  // namespace maitred::backend
