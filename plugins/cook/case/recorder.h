#pragma once
// Recorder: turns what the core decides, and by what, into the records of a case file. It hears of
// what changes, so that a cycle's record costs what has changed since the one before. It knows
// neither files nor clocks: records go to whoever takes them.

#include "encode.h"

#include <maitred/lua.h>

#include <capnp/message.h>

#include <functional>
#include <map>

namespace maitred::cook {

// What decides in a cycle; null: what is built in.
struct PoliciesInForce {
  const lua::Policy* fairness = nullptr;
  const lua::Policy* placement = nullptr;
  PolicyClock clock = {};  // the time as they see it
};

class Recorder final : private Watcher {
 public:
  struct Origin {
    std::string maitred;   // version
    std::string instance;  // of the queue
    Uuid run;              // names this recording
  };
  using Message = kj::Own<capnp::MallocMessageBuilder>;
  using Emit = std::function<void(Message record)>;

  // From here on it watches both, for which it must be the only one.
  Recorder(Book& book, NodeTable& nodes, Origin origin, Emit emit);
  ~Recorder();
  Recorder(const Recorder&) = delete;

  // What is emitted from here on stands in a file of its own. The first one must be begun before
  // anything else happens.
  void beginFile(std::int64_t nowMs);
  // Looks at so many jobs and nodes for the file's snapshot, and emits what counts. The state may
  // change in between. False: it is complete.
  bool snapshotPart(std::size_t most);
  bool whole() const { return part == Part::done; }

  // Decides by `decide`, which gets these options, and emits the record. All cycles must come by
  // here.
  CycleResult cycle(const CycleOptions& options, std::int64_t nowMs, const PoliciesInForce& inForce,
                    const std::function<CycleResult(const CycleOptions&)>& decide);

 private:
  enum class Part { jobs, nodes, tables, done };
  struct Told {  // of a pool's tables
    Shares::Entries shares;
    Quotas::Entries quotas;
    std::uint64_t sharesGeneration = 0, quotasGeneration = 0;
    std::uint64_t forgotten = UINT64_MAX;
  };
  struct DirtyNode {
    const Node* node;
    bool facts;
  };
  Book& book;
  NodeTable& nodes;
  Origin origin;
  Emit emit;
  TextNumbers texts;
  std::map<std::string, std::uint32_t> policies;  // by kind and version, to their number
  std::uint64_t fileNumber = 0, cycleNumber = 0;

  Part part = Part::jobs;
  std::uint64_t jobCursor = 0, jobsUpTo = 0;  // sequences of jobs
  std::optional<NodeKey> nodeCursor;

  // What changed and was not told. A cycle's own decisions need not be: its record has them.
  std::vector<std::pair<std::uint64_t, Uuid>> dirtyJobs;  // by order; may repeat themselves
  std::map<std::uint64_t, DirtyNode> dirtyNodes;
  std::vector<std::uint64_t> nodesGone;
  bool poolsDirty = true, deciding = false;
  std::optional<std::uint64_t> reservationsTold;  // their generation
  std::map<std::string, Told> told;

  void jobChanged(const Job& job) override;
  void nodeChanged(const Node& node, bool facts) override;
  void nodeRemoved(const Node& node) override;
  void poolsChanged() override { poolsDirty = true; }

  void send(Message record);
  // Both return how many they have looked at.
  std::size_t jobsPart(std::size_t most);
  std::size_t nodesPart(std::size_t most);
  void tablesPart();
  std::uint32_t policyNumber(const lua::Policy* policy);
  void tellUpTo(std::size_t most);
  void writeChanges(casefile::Changes::Builder to);
  void writeJobs(casefile::Changes::Builder to);
  void writeNodes(casefile::Changes::Builder to);
  bool tablesDue(const std::string& pool);
  void writeTables(const std::string& pool, bool all, casefile::PoolTables::Builder to);
};

}  // namespace maitred::cook
