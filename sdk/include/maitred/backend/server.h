#pragma once
// Server: the contract's server side, the same for every backend.
//
// A backend implements TaskRunner (it does things) and reports nodes and task statuses to a Server,
// which serves `Backend` and `Session` to any number of consumers and keeps the rules of
// backend.capnp: one session per consumer name, fences, snapshots, batches with cursor and window,
// durable acknowledgement, room shared by all sessions, orphans, first terminal state wins.
//
//   class Local final : public backend::TaskRunner {
//     backend::Server server{*this, options, timer, clock};
//     …  server.adopt(key, facts);            // tasks found from an earlier life
//        server.setNode(facts);
//        server.synced();                     // now consumers receive their snapshots
//        context.provide<backend::Backend>(server.client());
//     …  server.report(key, {.state = TaskState::RUNNING, .commandStarted = true});
//   };
//
// Loop thread only. The runner outlives the server; clients may outlive both: their calls then fail
// with DISCONNECTED.

#include <maitred/backend/runner.h>
#include <maitred/backend/spec.h>

#include <kj/timer.h>

namespace maitred::backend {

struct ServerOptions {
  std::string kind;     // "local", "sim", …
  std::string cluster;  // stable name of the cluster
  std::vector<Feature> features;
  uint32_t launchBatchMax = 500;
  SpecLimits specLimits;
  bool pickNode = true;
  // `anywhere` placements: true = the server picks the first ready node of the pool with room that
  // satisfies constraints, and refuses with noRoom if there is none; false = the runner places,
  // reports state pending, and tells the node in a later status, which then takes the room there.
  bool roomIsReported = false;
  // false: room = capacity - foreign use - tasks of all consumers. true (offers): room = what
  // setRoom() said last, minus what was launched since.
  uint64_t firstEpoch = 1;
};

// A task of an earlier life, or one that the cluster told us about.
struct AdoptedTask {
  Status status;      // the newest known; terminal if an unacknowledged exit record was found
  Amounts resources;  // taken off the node's room until it is terminal
  std::vector<PortGrant> ports;
  std::string digestHex;  // empty = unknown: then any launch() of that id counts as the same
  uint32_t killGraceMs = 5000;
};

class Server {
 public:
  Server(TaskRunner& runner, ServerOptions options, kj::Timer& timer, const kj::Clock& clock);
  ~Server() noexcept(false);
  KJ_DISALLOW_COPY(Server);

  Backend::Client client();

  // --- nodes and pools
  // -----------------------------------------------------------------------------------
  void setNode(NodeFacts node);
  // First sight or any change. Keeps the tasks that run there.
  void setForeignUse(const std::string& nodeId, Amounts used, uint32_t tasks);
  // What others than our tasks use there (room is not reported).
  void setRoom(const std::string& nodeId, Amounts available);
  // With roomIsReported: what may be launched there now; withdraws whatever was said before.
  void removeNode(const std::string& nodeId);
  // The runner reports its tasks one by one.
  void setPool(PoolFacts pool);
  const NodeFacts* node(const std::string& nodeId) const;
  std::optional<Amounts> available(const std::string& nodeId) const;

  // --- tasks
  // ---------------------------------------------------------------------------------------------
  void adopt(const TaskKey& key, AdoptedTask task);
  void report(const TaskKey& key, Status status);
  // What happened to the task, in its order. A first terminal state frees the room. Terminal after
  // terminal is passed on as duplicate; a step backwards (`starting` after `running`) is dropped
  // unless `restarts` has grown; sticky facts (commandStarted, node, endpoints, sandbox) need not
  // be repeated. An unknown task is adopted.
  const Status* status(const TaskKey& key) const;
  // The latest one, until a terminal one was acknowledged; nullptr if not known.
  std::vector<TaskKey> tasks() const;
  // All that are not yet terminal-and-acknowledged.

  // --- life
  // ----------------------------------------------------------------------------------------------
  void newEpoch();
  // The connection to the cluster was lost: forgets nodes and pools, launches are refused as
  // staleEpoch, nothing is sent until synced().
  void synced();
  // The picture is complete: sessions that said begin() receive a (new) snapshot. Call it once at
  // the start.
  void drain();
  // From now on launches are refused as draining. Everything else goes on.
  uint64_t epoch() const;
  struct Counts {
    size_t sessions = 0, nodes = 0, tasks = 0, unacknowledged = 0, batchesInFlight = 0;
  };
  Counts counts() const;

  struct Impl;

 private:
  kj::Own<Impl> impl;
};

}  // namespace maitred::backend
