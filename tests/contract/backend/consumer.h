#pragma once
// A consumer for tests: attaches to a Backend, records all that its observer is told, and checks on
// the way what holds for every batch (cursors without a gap, sizes, the window, the epoch).

#include <maitred/backend/spec.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <capnp/message.h>
#include <kj/async-io.h>
#include <kj/debug.h>

#include <deque>
#include <set>

namespace maitred::backend {

struct SeenBatch {
  uint64_t epoch, cursor;
  Phase phase;
  size_t entries;
  std::vector<std::string> nodes, gone, tasks;
};

struct SeenNode {
  NodeFacts facts;
  Amounts available;
  uint32_t taskCount = 0;
  uint64_t generation = 0;
};

// What the observer has learnt; shared with the capability, which may outlive the consumer.
struct Seen : public kj::Refcounted {
  std::vector<SeenBatch> batches;
  std::map<std::string, std::vector<Status>> tasks;
  std::map<std::string, SeenNode> nodes;
  std::map<std::string, PoolFacts> pools;
  uint64_t durable = 0;
  uint16_t window = 4;
  size_t open = 0, openMost = 0;
  bool holding = false;    // answer nothing
  bool failing = false;    // answer with an exception
  bool forgetful = false;  // answer without calling anything durable
  std::deque<std::pair<uint64_t, kj::Own<kj::PromiseFulfiller<void>>>> held;
};

class SeeingObserver final : public Observer::Server {
 public:
  explicit SeeingObserver(kj::Own<Seen> seen) : seen(kj::mv(seen)) {}

  kj::Promise<void> apply(ApplyContext context) override {
    auto batch = context.getParams().getBatch();
    auto cursor = batch.getCursor();
    record(batch);
    KJ_REQUIRE(!seen->failing, "this observer was told to fail");
    ++seen->open;
    seen->openMost = std::max(seen->openMost, seen->open);
    kj::Promise<void> before = kj::READY_NOW;
    if (seen->holding) {
      auto pair = kj::newPromiseAndFulfiller<void>();
      seen->held.push_back({cursor, kj::mv(pair.fulfiller)});
      before = kj::mv(pair.promise);
    }
    return before.then([context, cursor, seen = kj::addRef(*seen)]() mutable {
      --seen->open;
      if (!seen->forgetful) seen->durable = std::max(seen->durable, cursor);
      auto resume = context.getResults().initResume();
      resume.setDurable(seen->durable);
      resume.setWindow(seen->window);
    });
  }

 private:
  static std::string str(capnp::Text::Reader t) { return std::string(t.cStr(), t.size()); }

  void record(Batch::Reader batch) {
    SeenBatch entry{batch.getEpoch(), batch.getCursor(), batch.getPhase(), 0, {}, {}, {}};
    uint64_t expected = seen->batches.empty() ? 1 : seen->batches.back().cursor + 1;
    EXPECT_EQ(entry.cursor, expected) << "a gap in the cursors";
    if (!seen->batches.empty()) {
      EXPECT_GE(entry.epoch, seen->batches.back().epoch);
      if (entry.epoch > seen->batches.back().epoch) seen->nodes.clear();
    }
    EXPECT_LE(batch.totalSize().wordCount * sizeof(capnp::word), size_t(1) << 20);
    entry.entries = batch.getNodes().size() + batch.getTasks().size() + batch.getPools().size();
    EXPECT_LE(entry.entries, 2000u);
    for (auto change : batch.getNodes()) node(change, entry);
    for (auto status : batch.getTasks()) {
      entry.tasks.push_back(str(status.getTaskId()));
      seen->tasks[entry.tasks.back()].push_back(read(status));
    }
    for (auto pool : batch.getPools()) {
      PoolFacts facts{str(pool.getName()), pool.getLaunchable(), {}, str(pool.getMessage())};
      if (pool.getLimited().isUntil()) facts.limitedUntil = pool.getLimited().getUntil();
      seen->pools[facts.name] = facts;
    }
    seen->batches.push_back(std::move(entry));
  }

  void room(Room::Reader room, SeenNode& node) {
    node.available = read(room.getAvailable());
    node.taskCount = room.getTaskCount();
    EXPECT_GE(room.getGeneration(), node.generation);
    node.generation = room.getGeneration();
  }

  void node(NodeChange::Reader change, SeenBatch& entry) {
    switch (change.which()) {
      case NodeChange::FULL: {
        auto facts = read(change.getFull());
        entry.nodes.push_back(facts.id);
        auto& known = seen->nodes[facts.id];
        known.facts = facts;
        room(change.getFull().getRoom(), known);
        break;
      }
      case NodeChange::ROOM: {
        auto id = str(change.getRoom().getNodeId());
        entry.nodes.push_back(id);
        EXPECT_TRUE(seen->nodes.contains(id)) << "room of a node that was never shown: " << id;
        room(change.getRoom(), seen->nodes[id]);
        break;
      }
      case NodeChange::GONE:
        entry.gone.push_back(str(change.getGone()));
        seen->nodes.erase(entry.gone.back());
        break;
      default:
        ADD_FAILURE() << "an unspecified node change";
    }
  }

  kj::Own<Seen> seen;
};

class TestConsumer {
 public:
  TestConsumer(kj::AsyncIoContext& io, Backend::Client backend, std::string name,
               uint64_t fence = 0)
      : io(io), backend(kj::mv(backend)), name(std::move(name)), fence(fence) {}

  // --- plumbing
  template <typename T>
  T wait(kj::Promise<T> promise, int seconds = 20) {
    return io.provider->getTimer()
        .timeoutAfter(seconds * kj::SECONDS, kj::mv(promise))
        .wait(io.waitScope);
  }
  // Turns the loop until the condition holds; false after the deadline.
  template <typename F>
  bool until(F&& condition, int seconds = 20) {
    auto& timer = io.provider->getTimer();
    auto end = timer.now() + seconds * kj::SECONDS;
    while (!condition()) {
      if (timer.now() > end) return false;
      timer.afterDelay(2 * kj::MILLISECONDS).wait(io.waitScope);
    }
    return true;
  }

  // --- session
  void attach() {
    seen = kj::refcounted<Seen>();
    auto request = backend.attachRequest();
    request.initConsumer().setName(name.c_str());
    request.getConsumer().setFence(fence);
    request.setObserver(kj::heap<SeeingObserver>(kj::addRef(*seen)));
    auto response = wait(kj::Promise<capnp::Response<Backend::AttachResults>>(request.send()));
    session = response.getSession();
    epoch = response.getEpoch();
  }
  void expect(const std::string& id, ExpectedPhase phase, const std::string& nodeId = "",
              kj::Maybe<TaskSpec::Reader> spec = nullptr) {
    auto request = current().expectRequest();
    auto task = request.initTasks(1)[0];
    task.setTaskId(id.c_str());
    task.setPhase(phase);
    task.setNodeId(nodeId.c_str());
    KJ_IF_MAYBE (s, spec) task.setSpec(*s);
    wait(request.send().ignoreResult());
  }
  void begin() { wait(current().beginRequest().send().ignoreResult()); }
  // Attached, begun, and the snapshot is complete.
  void connect() {
    attach();
    begin();
    ASSERT_TRUE(snapshotIsComplete());
  }
  bool snapshotIsComplete() {
    return until([&]() {
      return std::any_of(seen->batches.begin(), seen->batches.end(),
                         [](auto& b) { return b.phase == Phase::SNAPSHOT_END; });
    });
  }
  Session::Client& current() { return KJ_ASSERT_NONNULL(session, "not attached"); }
  void drop() { session = nullptr; }
  void answerHeld() {
    seen->holding = false;
    while (!seen->held.empty()) {
      seen->held.front().second->fulfill();
      seen->held.pop_front();
    }
  }

  // --- tasks
  struct Task {
    std::string id;
    std::string nodeId;  // empty = the first node
    uint64_t generation = 0;
    bool anywhere = false;
    std::string pool;
  };
  using Specify = std::function<void(TaskSpec::Builder)>;

  static void fill(TaskSpec::Builder spec, const Specify& specify = nullptr) {
    spec.getCommand().setShell("true");
    spec.initResources().setCpuMillis(100);
    spec.getResources().setMemoryBytes(1 << 20);
    spec.setKind(TaskKind::BATCH);
    if (specify) specify(spec);
    seal(spec);
  }
  // "" = accepted, "known", or the name of the refusal.
  std::vector<std::string> launchAll(const std::vector<Task>& tasks,
                                     const Specify& specify = nullptr) {
    auto request = current().launchRequest();
    request.setEpoch(epoch);
    auto placements = request.initPlacements(tasks.size());
    for (uint i = 0; i < placements.size(); ++i) {
      placements[i].setTaskId(tasks[i].id.c_str());
      fill(placements[i].initSpec(), specify);
      if (tasks[i].anywhere) {
        placements[i].getWhere().initAnywhere().setPool(tasks[i].pool.c_str());
      } else {
        auto target = placements[i].getWhere().initNode();
        target.setNodeId(tasks[i].nodeId.empty() ? firstNode().c_str() : tasks[i].nodeId.c_str());
        target.setGeneration(tasks[i].generation);
      }
    }
    auto response = wait(kj::Promise<capnp::Response<Session::LaunchResults>>(request.send()), 60);
    std::vector<std::string> names;
    for (auto result : response.getResults()) {
      switch (result.which()) {
        case LaunchResult::ACCEPTED:
          names.push_back("");
          break;
        case LaunchResult::ALREADY_KNOWN:
          names.push_back("known");
          break;
        case LaunchResult::REFUSED:
          EXPECT_NE(result.getRefused().getMessage(), "") << "a refusal says why";
          names.push_back(nameOf(result.getRefused().getReason()).cStr());
          break;
        default:
          names.push_back("unspecified");
      }
    }
    return names;
  }
  std::string launch(const std::string& id, const Specify& specify = nullptr) {
    return launchAll({Task{id}}, specify).at(0);
  }
  void kill(const std::string& id, uint32_t graceMs) {
    auto request = current().killRequest();
    auto kill = request.initKills(1)[0];
    kill.setTaskId(id.c_str());
    kill.setGraceMs(graceMs);
    wait(request.send().ignoreResult());
  }
  // "gone", "undetermined", or the state of the answer.
  std::string reconcile(const std::string& id, uint32_t deadlineMs = 5000) {
    auto request = current().reconcileRequest();
    request.initTaskIds(1).set(0, id.c_str());
    request.setDeadlineMs(deadlineMs);
    auto response = wait(kj::Promise<capnp::Response<Session::ReconcileResults>>(request.send()));
    auto answer = response.getAnswers()[0];
    EXPECT_EQ(answer.getTaskId(), id.c_str());
    return answer.isGone()           ? "gone"
           : answer.isUndetermined() ? "undetermined"
                                     : nameOf(answer.getStatus().getState()).cStr();
  }
  std::string firstNode() const { return seen->nodes.empty() ? "" : seen->nodes.begin()->first; }
  const Status* last(const std::string& id) const {
    auto found = seen->tasks.find(id);
    return found == seen->tasks.end() ? nullptr : &found->second.back();
  }
  bool reached(const std::string& id, TaskState state) const {
    auto found = seen->tasks.find(id);
    return found != seen->tasks.end() && std::any_of(found->second.begin(), found->second.end(),
                                                     [&](auto& s) { return s.state == state; });
  }
  bool untilState(const std::string& id, TaskState state, int seconds = 20) {
    return until([&]() { return reached(id, state); }, seconds);
  }
  // The first terminal status; fails the test if there is none in time.
  Status untilEnd(const std::string& id, int seconds = 20) {
    const Status* found = nullptr;
    until(
        [&]() {
          for (auto& status : seen->tasks[id]) {
            if (isTerminal(status.state)) return found = &status, true;
          }
          return false;
        },
        seconds);
    if (found == nullptr) {
      ADD_FAILURE() << id << " has not ended; its last state is "
                    << (seen->tasks[id].empty() ? "none"
                                                : nameOf(seen->tasks[id].back().state).cStr());
      return {};
    }
    return *found;
  }

  kj::AsyncIoContext& io;
  Backend::Client backend;
  const std::string name;
  uint64_t fence;
  kj::Own<Seen> seen = kj::refcounted<Seen>();
  kj::Maybe<Session::Client> session;
  uint64_t epoch = 0;
};

}  // namespace maitred::backend
