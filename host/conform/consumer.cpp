#include "consumer.h"

#include <maitred/backend/spec.h>

#include <kj/debug.h>

#include <algorithm>

namespace maitred::host::conform {

using namespace maitred::backend;  // NOLINT: the contract's words, all over this file

struct Consumer::Seen {
  uint64_t cursor = 0;
  bool whole = false;  // the snapshot has ended
  std::string fault;   // what no batch may show
  std::map<std::string, NodeFacts> nodes;
  std::map<std::string, std::vector<TaskState>> tasks;
};

class Consumer::Observing final : public Observer::Server {
 public:
  explicit Observing(std::shared_ptr<Seen> seen) : seen(std::move(seen)) {}

  kj::Promise<void> apply(ApplyContext context) override {
    constexpr size_t bytesMax = 1 << 20, entriesMax = 2000;
    auto batch = context.getParams().getBatch();
    if (batch.getCursor() != seen->cursor + 1) {
      seen->fault = "after batch " + std::to_string(seen->cursor) + " came batch " +
                    std::to_string(batch.getCursor());
    }
    seen->cursor = batch.getCursor();
    auto entries = batch.getNodes().size() + batch.getTasks().size() + batch.getPools().size();
    if (batch.totalSize().wordCount * sizeof(capnp::word) > bytesMax || entries > entriesMax) {
      seen->fault = "a batch is larger than 1 MiB or 2,000 entries";
    }
    record(batch);
    auto resume = context.getResults().initResume();
    resume.setDurable(seen->cursor);
    resume.setWindow(4);
    return kj::READY_NOW;
  }

 private:
  void record(Batch::Reader batch) {
    for (auto change : batch.getNodes()) {
      if (change.isFull()) {
        auto facts = read(change.getFull());
        seen->nodes[facts.id] = facts;
      } else if (change.isRoom() && seen->nodes.count(change.getRoom().getNodeId().cStr()) == 0) {
        seen->fault = "it tells the room of a node that it has not shown";
      } else if (change.isGone()) {
        seen->nodes.erase(change.getGone().cStr());
      }
    }
    for (auto status : batch.getTasks()) {
      seen->tasks[status.getTaskId().cStr()].push_back(status.getState());
    }
    if (batch.getPhase() == Phase::SNAPSHOT_END) seen->whole = true;
  }

  std::shared_ptr<Seen> seen;
};

Consumer::Consumer(Trial& trial, Life& life, Backend::Client provider, std::string name,
                   uint64_t fence)
    : trial(trial),
      life(life),
      provider(kj::mv(provider)),
      name(std::move(name)),
      fence(fence),
      seen(std::make_shared<Seen>()) {}

Consumer::~Consumer() noexcept(false) = default;

Session::Client& Consumer::current() {
  return KJ_REQUIRE_NONNULL(session, "not attached");
}

void Consumer::attach() {
  auto request = provider.attachRequest();
  request.initConsumer().setName(name.c_str());
  request.getConsumer().setFence(fence);
  request.setObserver(kj::heap<Observing>(seen));
  life.await(request.send().then([this](auto&& answer) {
    session = answer.getSession();
    epoch = answer.getEpoch();
  }));
}

bool Consumer::tryAttach() {
  KJ_IF_MAYBE (exception, exceptionOf([&]() { attach(); })) {
    if (Trial::isLate(*exception)) kj::throwFatalException(kj::mv(*exception));
    return false;
  }
  return true;
}

void Consumer::expect(const std::string& taskId, ExpectedPhase phase) {
  auto request = current().expectRequest();
  auto task = request.initTasks(1)[0];
  task.setTaskId(taskId.c_str());
  task.setPhase(phase);
  life.await(request.send().ignoreResult());
}

void Consumer::begin() {
  life.await(current().beginRequest().send().ignoreResult());
}

void Consumer::untilSnapshot() {
  until("the end of the snapshot", [this]() { return seen->whole; });
}

bool Consumer::isFenced() {
  auto request = current().killRequest();
  request.initKills(1)[0].setTaskId("conform-never");
  KJ_IF_MAYBE (exception,
               exceptionOf([&]() { life.await(request.send().ignoreResult()); })) {
    return !Trial::isLate(*exception);
  }
  return false;
}

std::string Consumer::readyNode() const {
  for (const auto& [id, facts] : seen->nodes) {
    if (facts.state == NodeState::READY) return id;
  }
  return seen->nodes.empty() ? "none" : seen->nodes.begin()->first;
}

Consumer::Answer Consumer::place(const Launch& launch) {
  auto request = current().launchRequest();
  request.setEpoch(epoch + launch.epochAhead);
  auto placement = request.initPlacements(1)[0];
  placement.setTaskId(launch.taskId.c_str());
  auto spec = placement.initSpec();
  spec.setName("conform");
  spec.getCommand().setShell(launch.validSpec ? "true" : "");
  spec.initResources().setCpuMillis(100);
  spec.getResources().setMemoryBytes(16 << 20);
  spec.setKind(TaskKind::BATCH);
  spec.setRunMaxMs(60'000);
  seal(spec);
  auto target = placement.getWhere().initNode();
  target.setNodeId((launch.nodeId.empty() ? readyNode() : launch.nodeId).c_str());
  Answer answer;
  life.await(request.send().then([&answer](auto&& results) {
    if (results.getResults().size() != 1) return;
    auto result = results.getResults()[0];
    answer.accepted = result.isAccepted();
    answer.known = result.isAlreadyKnown();
    if (!result.isRefused()) return;
    answer.reason = result.getRefused().getReason();
    answer.message = result.getRefused().getMessage().cStr();
  }));
  return answer;
}

void Consumer::expectRefusal(Launch launch, RefusalReason reason) {
  auto answer = place(launch);
  std::string wanted = backend::nameOf(reason).cStr();
  if (answer.accepted || answer.known) trial.fail("it is taken: `" + wanted + "` is right");
  if (answer.reason != reason) {
    std::string found = backend::nameOf(answer.reason).cStr();
    trial.fail("it is refused as `" + found + "`: `" + wanted + "` is right");
  }
  if (answer.message.empty()) trial.fail("the refusal does not say why: give the message");
}

std::string Consumer::launch(const std::string& taskId) {
  auto answer = place({.taskId = taskId});
  if (answer.accepted) return "";
  if (answer.known) return "already known";
  return std::string(backend::nameOf(answer.reason).cStr()) + ": " + answer.message;
}

void Consumer::kill(const std::string& taskId) {
  auto request = current().killRequest();
  request.initKills(1)[0].setTaskId(taskId.c_str());
  life.await(request.send().ignoreResult());
}

TaskState Consumer::untilState(const std::string& taskId) {
  until("a status of the task", [&]() { return heardOf(taskId); });
  return seen->tasks[taskId].front();
}

TaskState Consumer::untilEnd(const std::string& taskId) {
  auto ended = [&]() {
    const auto& states = seen->tasks[taskId];
    return std::find_if(states.begin(), states.end(), isTerminal);
  };
  until("the end of the task", [&]() { return ended() != seen->tasks[taskId].end(); });
  return *ended();
}

bool Consumer::heardOf(const std::string& taskId) const {
  return seen->tasks.count(taskId) != 0;
}

const std::map<std::string, NodeFacts>& Consumer::nodes() const {
  return seen->nodes;
}

void Consumer::until(const std::string& what, const std::function<bool()>& condition) {
  auto end = trial.timer().now() + trial.patience();
  while (!condition()) {
    if (!seen->fault.empty()) trial.fail(seen->fault);
    if (trial.timer().now() > end) {
      trial.fail(what + " has not come within " + shortTime(trial.patience()));
    }
    life.health();
    trial.pause(2 * kj::MILLISECONDS);
  }
  if (!seen->fault.empty()) trial.fail(seen->fault);
}

}  // namespace maitred::host::conform
