#pragma once
// The values in which the session core of a backend thinks: plain std types without I/O, so that a
// backend's decisions can be tested and simulated without a loop. Enumerations are the contract's
// own. All times are unix nanoseconds, all sizes bytes, cpus in thousandths, unless a name says
// otherwise.

#include <maitred/schema/backend.capnp.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::backend {

// A task: its id is unique only within the consumer that launched it.
struct TaskKey {
  std::string consumer;
  std::string taskId;
  auto operator<=>(const TaskKey&) const = default;
  // "consumer/taskId", for logs and file names (neither part may hold a slash).
  std::string text() const { return consumer + "/" + taskId; }
};

struct Ports {
  uint16_t first = 0;
  uint16_t last = 0;  // included
  bool operator==(const Ports&) const = default;
};

struct Amounts {
  uint64_t cpuMillis = 0;
  uint64_t memoryBytes = 0;
  uint64_t diskBytes = 0;
  std::map<std::string, uint64_t> others;  // "gpu/a100" -> whole numbers
  std::vector<Ports> ports;                // offered by a node; empty in a task's resources
  bool operator==(const Amounts&) const = default;

  // True if cpus, memory, disk and every other amount of `need` fit in here. Ports do not count.
  bool covers(const Amounts& need) const;
  // Add and subtract; subtraction stops at 0. Ports stay as they are.
  void add(const Amounts& more);
  void subtract(const Amounts& less);
};

struct AttributeValues {
  std::string name;
  std::vector<std::string> values;
  bool operator==(const AttributeValues&) const = default;
};

// All that a backend says about a node, except its room, which the RoomBook computes.
struct NodeFacts {
  std::string id;
  std::string hostname;
  std::string pool;
  Amounts capacity;  // with the port ranges that the core may hand out; none: the runner hands out
                     // ports
  std::vector<AttributeValues> attributes;
  uint32_t tasksMax = 0;  // 0 = no limit
  NodeState state = NodeState::READY;
  int64_t unavailableFrom = 0;
  uint64_t unavailableForMs = 0;
  bool operator==(const NodeFacts&) const = default;
};

struct PoolFacts {
  std::string name;
  uint32_t launchable = 0;
  std::optional<int64_t> limitedUntil;
  std::string message;
  bool operator==(const PoolFacts&) const = default;
};

struct EndpointFacts {
  std::string name;
  std::string host;
  uint16_t port = 0;
  bool operator==(const EndpointFacts&) const = default;
};

struct ProgressFacts {
  uint64_t sequence = 0;
  std::optional<int16_t> percent;
  std::optional<std::string> message;
  bool operator==(const ProgressFacts&) const = default;
};

// A TaskStatus without its id. `orphan` and `duplicate` are set by the core alone.
struct Status {
  TaskState state = TaskState::UNSPECIFIED;
  Reason reason = Reason::UNSPECIFIED;
  std::string message;
  int64_t at = 0;  // 0 = the core fills in the present
  std::string nodeId;
  std::string hostname;
  std::optional<int32_t> exitCode;  // at most one of these two
  std::optional<uint8_t> exitSignal;
  bool commandStarted = false;
  std::vector<EndpointFacts> endpoints;
  Health health = Health::UNKNOWN;
  uint32_t restarts = 0;
  std::string sandboxUrl;
  std::string sandboxPath;
  bool orphan = false;
  bool duplicate = false;
  bool late = false;
  int64_t unreachableSince = 0;
  std::optional<ProgressFacts> progress;  // the core keeps the latest one
};

struct Rejection {
  RefusalReason reason = RefusalReason::UNSPECIFIED;
  std::string message;  // what to do about it, for people
  uint32_t retryAfterMs = 0;
};

bool isTerminal(TaskState state);  // succeeded, failed, killed, lost, notStarted
// "running", "notStarted", …: the name as the contract spells it.
kj::StringPtr nameOf(TaskState state);
kj::StringPtr nameOf(Reason reason);
kj::StringPtr nameOf(NodeState state);
kj::StringPtr nameOf(RefusalReason reason);

// Between messages and values. write() fills a fresh builder; a status message is cut to 4 KiB.
Amounts read(Resources::Reader from);
void write(const Amounts& from, Resources::Builder to);
Status read(TaskStatus::Reader from);
ProgressFacts read(Progress::Reader from);
void write(const ProgressFacts& from, Progress::Builder to);
void write(std::string_view taskId, const Status& from, TaskStatus::Builder to);
NodeFacts read(Node::Reader from);
void write(const PoolFacts& from, PoolChange::Builder to);
void write(const Rejection& from, Refusal::Builder to);

// Does a node with these attributes satisfy every constraint? An attribute that the node lacks
// fails `in` and `exists` and satisfies `notIn` and `notExists`.
bool matches(capnp::List<Constraint>::Reader constraints, const NodeFacts& node);

}  // namespace maitred::backend
