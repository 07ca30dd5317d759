#pragma once
// TaskRunner: what a backend implements to be served by backend::Server.
//
// The Server has done the contract's work before it calls: ids and specs are valid, the epoch is
// right, the id is new, the room is taken off the node, the consumer holds the session. What is
// left is the doing. Every call comes on the loop thread of the server. No method may block the
// loop. The server reaches the runner only between its own construction and destruction.

#include <maitred/backend/types.h>

#include <kj/async.h>
#include <kj/time.h>

namespace maitred::backend {

struct PortGrant {
  std::string name;
  uint16_t port = 0;
};

struct LaunchOrder {
  TaskKey key;
  kj::Own<TaskSpec::Reader> spec;  // a copy of its own: may be kept
  std::string nodeId;              // empty only for `anywhere` with Options.pickNode = false
  std::string pool;
  kj::Maybe<kj::Own<Anywhere::Reader>> anywhere;
  std::vector<PortGrant>
      ports;              // one for each spec.ports if the node declares port ranges; else empty
  std::string digestHex;  // of the spec; the runner keeps it with the task for adopt()
};

struct KillOrder {
  TaskKey key;
  uint32_t graceMs = 0;  // 0 = at once, without asking the task first
  bool preempted = false;
};

// What reconcile() says of one task.
struct Finding {
  enum class Kind {
    ledger,        // what the server knows is right: its last status, or `gone` if it knows none
    gone,          // authoritative: does not exist
    undetermined,  // ask again after retryMs
  };
  Kind kind = Kind::ledger;
  uint32_t retryMs = 0;
};

struct ExplanationLine {
  int64_t at = 0;
  std::string source, reason, text;
  uint32_t count = 1;
};

struct ShapeWish {
  std::string pool;
  Amounts resources;
  uint32_t count = 0;
  std::string hint;
  std::vector<AttributeValues>
      needs;  // constraints of operator `in`, which a new node must satisfy
};

class TaskRunner {
 public:
  virtual ~TaskRunner() noexcept(false) {}

  virtual kj::Promise<std::vector<std::optional<Rejection>>> launch(
      std::vector<LaunchOrder> orders) = 0;
  // One answer for each order, in order: nothing = taken (at least one report() will follow), or
  // why not. Statuses may be reported before it resolves. A rejected promise means that the outcome
  // is unknown: the server forgets the orders of this call, the consumer sends the same ids again,
  // and then the runner must recognise the ids that it took. The server never drops the promise
  // before it has resolved, except when it is itself destroyed.

  virtual void kill(KillOrder order) = 0;
  // Noted: ask the task to end (SIGTERM), end it by force after the grace, and repeat until it is
  // over, then report a terminal state. Called again only with an earlier end of the grace
  // (escalation), or after a re-attach of a consumer that expects the task to be dying.

  virtual kj::Promise<void> signal(const TaskKey& key, uint8_t number) = 0;
  // To the main process. Fails (FAILED) with a sentence if that is not possible now.

  virtual void recorded(const TaskKey& key, const Status& status) = 0;
  // The consumer has this status durably. After a terminal status: drop the exit record, delete the
  // pod, acknowledge to the cluster. Called once for each status delivered; statuses which the
  // server merged away or dropped as stale are confirmed as well, when a later one of the same task
  // is.

  virtual kj::Promise<std::vector<Finding>> reconcile(std::vector<TaskKey> keys,
                                                      kj::Duration deadline);
  // Also asked for every expected task which the server does not know. Default: `ledger` for each,
  // which is right for a backend that always knows all of its tasks. May report() first and then
  // answer `ledger`.

  virtual void demand(const std::vector<ShapeWish>& wishes);
  // The union over all sessions, at each change. Empty = nobody waits. Default: nothing.

  virtual void release(const std::string& consumer, std::vector<std::string> nodeIds,
                       kj::Duration refuse);
  // Default: nothing.

  virtual kj::Promise<Sandbox::Client> sandbox(const TaskKey& key);
  // Known tasks only. The capability is guarded by the server against use after the session's end.
  // Default: UNIMPLEMENTED.

  virtual kj::Promise<std::vector<ExplanationLine>> explain(const TaskKey& key);
  // Default: no lines.
};

}  // namespace maitred::backend
