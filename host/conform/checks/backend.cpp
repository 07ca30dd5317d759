// The first promises of the Backend contract (sdk/schema/backend.capnp), for whoever provides it.
// The whole contract has a test suite of its own; here is what needs no help of the backend's.
#include "../consumer.h"

namespace maitred::host::conform {

namespace {

using backend::ExpectedPhase;
using backend::TaskState;

constexpr const char* trivialTask = "conform-task";

// A session sees a whole snapshot, in which every task that it expected has an answer.
void snapshot(Trial& trial, Consumer& consumer) {
  trial.step("attach(), expect(), begin()");
  consumer.attach();
  consumer.expect("conform-vanished", ExpectedPhase::RUNNING);
  consumer.begin();
  consumer.untilSnapshot();
  trial.step("after the snapshot");
  auto state = consumer.untilState("conform-vanished");
  if (state != TaskState::LOST && state != TaskState::UNREACHABLE) {
    trial.fail("an expected task that it does not know came as `" +
               std::string(backend::nameOf(state).cStr()) +
               "`: `lost` or `unreachable` were right");
  }
  for (const auto& [id, node] : consumer.nodes()) {
    if (node.pool.empty()) trial.fail("the node " + id + " is in no pool");
    if (node.hostname.empty()) trial.fail("the node " + id + " has no hostname");
  }
}

// What is refused leaves nothing behind: no status follows, and the id stays free.
void refusals(Trial& trial, Consumer& consumer) {
  trial.step("launch() with a stale epoch");
  consumer.expectRefusal({.epochAhead = 1}, backend::RefusalReason::STALE_EPOCH);
  trial.step("launch() of an invalid spec");
  consumer.expectRefusal({.validSpec = false}, backend::RefusalReason::INVALID_SPEC);
  trial.step("launch() on a node that does not exist");
  consumer.expectRefusal({.nodeId = "no-such-node"}, backend::RefusalReason::NO_SUCH_NODE);
  trial.step("kill() of an unknown task");
  consumer.kill("conform-never");
  trial.step("after the refusals");
  if (consumer.heardOf(Consumer::refusedTask)) {
    trial.fail("a status came for a task that was refused");
  }
}

// A trivial task, where the config lets it run; what the backend refuses is no fault of it.
std::string trivialLaunch(Trial& trial, Consumer& consumer) {
  if (consumer.nodes().empty()) return "no node to launch on";
  trial.step("launch() of `true`");
  auto refusal = consumer.launch(trivialTask);
  if (!refusal.empty()) return "a task was not taken: " + refusal;
  trial.step("launch() of the same task again");
  auto again = consumer.launch(trivialTask);
  if (again != "already known") {
    trial.fail("it was answered `" + (again.empty() ? "accepted" : again) +
               "`: `alreadyKnown` is right");
  }
  trial.step("waiting for the end of `true`");
  auto state = consumer.untilEnd(trivialTask);
  return std::string("a task ended as `") + backend::nameOf(state).cStr() + "`";
}

void fences(Trial& trial, Life& life, backend::Backend::Client client) {
  trial.step("attach() with a higher fence");
  Consumer former(trial, life, client, "conform-fence", 5);
  former.attach();
  former.begin();
  Consumer next(trial, life, client, "conform-fence", 6);
  next.attach();
  trial.step("a call on a session that was taken over");
  if (!former.isFenced()) trial.fail("it is answered, as if nobody had taken over");
  trial.step("attach() with a lower fence");
  Consumer late(trial, life, client, "conform-fence", 5);
  if (late.tryAttach()) trial.fail("it is not refused");
}

}  // namespace

std::string checkBackend(Trial& trial) {
  if (!trial.subject.provides(capnp::typeId<backend::Backend>())) {
    throw NotApplicable{"it provides no Backend"};
  }
  trial.step("start()");
  Life life(trial);
  life.start();
  std::string launched;
  KJ_IF_MAYBE (provided, life.provided(capnp::typeId<backend::Backend>())) {
    auto client = provided->castAs<backend::Backend>();
    Consumer consumer(trial, life, client, "conform", 0);
    snapshot(trial, consumer);
    refusals(trial, consumer);
    launched = trivialLaunch(trial, consumer);
    fences(trial, life, client);
  } else {
    trial.fail("it does not provide the Backend that its manifest promises");
  }
  trial.step("stopping it");
  life.stop();
  return launched;
}

}  // namespace maitred::host::conform
