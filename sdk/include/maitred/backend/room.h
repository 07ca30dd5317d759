#pragma once
// RoomBook: what room the nodes have, common to all sessions. Pure: no clock, no I/O.
//
// Room is optimistic. Whoever asks first gets it, whatever generation he quotes, as long as it
// fits; what does not fit is `staleRoom` if the backend's own report has changed the node since
// (look again), else `noRoom`.

#include <maitred/backend/runner.h>

#include <set>
#include <unordered_map>

namespace maitred::backend {

struct PortWish {
  std::string name;
  uint16_t fixed = 0;  // 0 = any
};

struct RoomView {
  Amounts available;  // with the free port ranges
  uint32_t taskCount = 0;
  uint64_t generation = 0;
};

class RoomBook {
 public:
  // reported: see ServerOptions::roomIsReported.
  explicit RoomBook(bool reported) : reported(reported) {}

  enum class Change { none, room, full };
  Change setNode(NodeFacts facts);
  Change setForeignUse(const std::string& nodeId, Amounts used, uint32_t tasks);
  Change setRoom(const std::string& nodeId, Amounts available);
  bool remove(const std::string& nodeId);
  void clear();  // all nodes; tasks keep their charges for when the nodes come back

  struct Taken {
    std::optional<Rejection> rejection;
    std::vector<PortGrant> ports;
  };
  // Checks state, generation (0 = not quoted), tasksMax, room and ports, and charges the task if
  // all is well.
  Taken take(const std::string& nodeId, uint64_t generation, const TaskKey& key,
             const Amounts& need, const std::vector<PortWish>& ports);

  // Charges without any check: a task that runs there already.
  void charge(const std::string& nodeId, const TaskKey& key, const Amounts& need,
              const std::vector<PortGrant>& ports);

  // Gives the task's room back; the node on which that changed something.
  std::optional<std::string> release(const TaskKey& key);

  // The first ready node of the pool (empty = any), in order of id, which satisfies the
  // constraints, is not to be avoided and has room. Empty: none has; `reason` says why in one
  // sentence.
  std::string pick(const Anywhere::Reader& where, const Amounts& need,
                   const std::vector<PortWish>& ports, std::string& reason) const;

  const NodeFacts* find(const std::string& nodeId) const;
  RoomView view(const std::string& nodeId) const;  // the node exists
  std::vector<std::string> ids() const;
  size_t size() const { return nodes.size(); }

 private:
  struct Node {
    NodeFacts facts;
    Amounts foreign;
    uint32_t foreignTasks = 0;
    Amounts said;         // reported mode: what setRoom() said last
    uint64_t report = 0;  // counts setRoom()
    uint64_t generation = 0;
    uint64_t reportedAt = 0;  // generation of the last change that was not a placement
  };
  struct Usage {
    Amounts used;  // reported mode: since the last report
    uint32_t tasks = 0;
    std::set<uint16_t> ports;
  };
  struct Charge {
    std::string nodeId;
    Amounts need;
    std::vector<uint16_t> ports;
    uint64_t report = 0;
  };

  void touch(Node& node, bool byPlacement);
  Amounts availableOn(const Node& node) const;
  bool fits(const Node& node, const Amounts& need) const;
  bool grant(const Node& node, const std::vector<PortWish>& wishes, std::vector<PortGrant>& out,
             std::string& why) const;

  bool reported;
  uint64_t generations = 0;
  std::map<std::string, Node> nodes;
  std::unordered_map<std::string, Usage> usage;  // also of nodes that are not here now
  std::map<TaskKey, Charge> charges;
};

}  // namespace maitred::backend
