#pragma once
// What the parts of the session core share: the server's state, and that of one session.

#include "text.h"

#include <maitred/backend/ledger.h>
#include <maitred/backend/outbox.h>
#include <maitred/backend/room.h>
#include <maitred/backend/server.h>

#include <kj/debug.h>

namespace maitred::backend {

// How capabilities reach a server that may be gone.
struct Link : public kj::Refcounted {
  explicit Link(Server::Impl* server) : server(server) {}
  Server::Impl* server;  // nullptr: it is gone
};

struct ExpectedTask {
  std::string nodeId;
  ExpectedPhase phase = ExpectedPhase::UNSPECIFIED;
  kj::Maybe<kj::Own<TaskSpec::Reader>> spec;
};

struct SessionState : public kj::Refcounted {
  SessionState(std::string consumer, uint64_t fence, Observer::Client observer)
      : consumer(std::move(consumer)), fence(fence), observer(kj::mv(observer)) {}

  enum class Phase { open, begun, fenced, ended };
  bool alive() const { return phase == Phase::open || phase == Phase::begun; }

  const std::string consumer;
  const uint64_t fence;
  Observer::Client observer;
  Phase phase = Phase::open;
  std::string endedBecause;
  std::map<std::string, ExpectedTask> expected;
  std::set<std::string> own;  // expected, or launched in this session: no orphans
  std::vector<ShapeWish> wishes;
  Outbox outbox;
  bool pumpDue = false;
  kj::TimePoint quietUntil = kj::origin<kj::TimePoint>();  // what comes before is gathered
  kj::Maybe<kj::Own<kj::TaskSet>> work;  // gone when the session has ended
};

// The launches of one call to the runner, for those who ask for the same ids meanwhile.
struct LaunchGroup : public kj::Refcounted {
  explicit LaunchGroup(kj::Promise<void> promise) : done(promise.fork()) {}
  kj::ForkedPromise<void> done;
};

struct LaunchAnswer {
  enum class Kind { accepted, alreadyKnown, refused } kind = Kind::refused;
  Rejection rejection;
};

struct Server::Impl final : public kj::TaskSet::ErrorHandler {
  Impl(TaskRunner& runner, ServerOptions options, kj::Timer& timer, const kj::Clock& clock);
  ~Impl() noexcept(false);

  int64_t now() const { return (clock.now() - kj::UNIX_EPOCH) / kj::NANOSECONDS; }
  bool has(Feature feature) const;

  // --- server.cpp: nodes, statuses, batches
  void nodeNews(const std::string& id, NodeNews news);
  void nodeChanged(const std::string& id, RoomBook::Change change);
  void report(const TaskKey& key, Status status);
  void deliver(const TaskKey& key, Delivery delivery);
  void freed(const TaskKey& key);
  void synced();
  void newEpoch();
  void pumpSoon(SessionState& session);
  void pump(SessionState& session);
  kj::Promise<void> send(SessionState& session, BatchDraft draft);
  void answered(SessionState& session, uint64_t cursor, Resume::Reader resume);
  size_t bytesOf(const std::string& id, NodeNews news) const;
  void taskFailed(kj::Exception&& exception) override;

  // --- attach.cpp: life of a session
  kj::Own<SessionState> attach(Consumer::Reader consumer, Observer::Client observer);
  void end(SessionState& session, SessionState::Phase how, std::string why);
  void begin(SessionState& session);
  void expectedFound(SessionState& session, std::vector<TaskKey> keys,
                     std::vector<Finding> findings);
  void snapshot(SessionState& session);
  void askAgain(TaskKey key, uint32_t afterMs);
  void demandSoon();

  // --- launch.cpp
  kj::Promise<std::vector<LaunchAnswer>> launch(SessionState& session, uint64_t epoch,
                                                capnp::List<Placement>::Reader placements);
  void relaunch(SessionState& session, const TaskKey& key, ExpectedTask& task);
  std::optional<Rejection> notNow(const SessionState& session, uint64_t epoch) const;
  std::optional<Rejection> prepare(Placement::Reader placement, const std::string& digestHex,
                                   LaunchOrder& order);
  std::optional<Rejection> place(Placement::Reader placement, LaunchOrder& order);
  std::optional<LaunchAnswer> knownAnswer(SessionState& session, const TaskKey& key,
                                          const std::string& digestHex);
  kj::Promise<std::vector<LaunchAnswer>> start(std::vector<LaunchOrder> orders);
  LaunchAnswer settle(const TaskKey& key, std::optional<Rejection>&& rejection);
  void forget(const TaskKey& key);
  void kill(SessionState& session, Kill::Reader kill);
  void killTask(const TaskKey& key, TaskEntry& entry, uint32_t graceMs, bool preempted);

  TaskRunner& runner;
  ServerOptions options;
  kj::Timer& timer;
  const kj::Clock& clock;
  kj::Own<Link> link;

  RoomBook rooms;
  Ledger ledger;
  std::map<std::string, PoolFacts> pools;
  std::map<std::string, kj::Own<SessionState>> sessions;
  std::map<std::string, uint64_t> fences;  // the highest seen of each consumer
  std::map<TaskKey, kj::Own<LaunchGroup>> launching;
  std::map<TaskKey, Amounts> unplaced;  // the runner chooses the node and tells it in a status
  std::map<TaskKey, std::pair<uint32_t, bool>>
      killsWaiting;  // for a launch to settle: grace, preempted
  uint64_t epoch;
  bool ready = false;
  bool isDraining = false;
  bool demandDue = false;
  kj::TaskSet tasks;
};

Backend::Client makeBackend(kj::Own<Link> link);
std::string hexOf(TaskSpec::Reader spec);
std::vector<Finding> allUndetermined(size_t count, uint32_t retryMs);

}  // namespace maitred::backend
