#pragma once
// The nodes of all backends and the room on them, kept so that the fullest node with room is found
// first.
//
// Room has two witnesses. The backend says what is available as of a *generation*; we know what we
// hold there. Tasks placed since that generation are taken off what it said, and in no case do we
// place more than the capacity less what we hold. A wrong guess costs nothing: the backend refuses
// and the job waits on.

#include "open-nodes.h"
#include "reservations.h"
#include "watcher.h"

#include <map>
#include <memory>

namespace maitred::cook {

// Amounts by model or type.
using Kinds = std::vector<std::pair<std::string, std::int64_t>>;

// What a backend tells.
struct NodeFacts {
  NodeKey key;
  std::string hostname;
  Amount capacity;
  std::int64_t tasksMax = 0;  // 0 = no limit
  bool ready = true;          // takes work
  std::vector<std::pair<std::string, std::vector<std::string>>> attributes;
  std::string pool;  // a resolved name, see Pools::ofNode()
  Kinds gpus = {};   // by model; capacity has their sum
};
struct RoomFacts {
  Amount available;
  std::int64_t taskCount = 0;
  std::uint64_t generation = 0;
  Kinds diskBytes = {};  // free, by type; the one without a name is plain disk
};

class Node {
 public:
  NodeFacts facts;
  RoomFacts room;

  Amount free() const;
  bool has(const AttributeRule& rule) const;  // HOSTNAME counts as an attribute
  // The first value of an attribute, HOSTNAME included; empty: it has none.
  const std::string& value(std::string_view attribute) const;
  bool isFull() const;  // has as many tasks as it takes
  bool isEmpty() const { return load().tasks == 0 && room.taskCount == 0; }  // no task is there

  // After a refusal the node is left alone for a while, longer each time.
  std::int64_t closedUntilMs = 0;
  int refusals = 0;

  // What counts of the tasks that are held here.
  struct Load {
    Amount held;            // by all of them
    Amount fresh;           // by those that the room does not know yet
    std::size_t tasks = 0;  // how many
  };
  Load load() const { return {heldSum, freshSum, held.size() + unnamed}; }
  // Of its coming: the earlier first where all else is equal. Unique in a table, above 0.
  std::uint64_t number() const { return number_; }

 private:
  struct Held {
    Amount amount;
    std::uint64_t generation;  // of the room that it was placed by
  };
  std::map<Uuid, Held> held;
  Amount heldSum;
  Amount freshSum;  // of those that the room does not know yet
  double fullness = 0;
  std::size_t unnamed = 0;  // tasks that are not in `held`, see NodeTable::restore()
  std::uint64_t number_ = 0;
  bool listed = false;
  friend class NodeTable;
};

class NodeTable {
 public:
  Node& put(NodeFacts facts, RoomFacts room);
  void setRoom(const NodeKey& key, const RoomFacts& room);  // unknown nodes are ignored
  void remove(const NodeKey& key);
  void removeCluster(const std::string& cluster);
  Node* find(const NodeKey& key);
  const Node* find(const NodeKey& key) const { return const_cast<NodeTable*>(this)->find(key); }

  // A node as it was recorded, in place of what the table has under its key: the number must not be
  // another node's. The tasks that it holds have no names: they cannot be let go of.
  Node& restore(NodeFacts facts, const RoomFacts& room, const Node::Load& load,
                std::uint64_t number, std::int64_t closedUntilMs);
  // Hears of every change from now on; null: nobody does.
  void watch(Watcher* value) { watcher = value; }

  // Our own task on a node; nodes that are not known (yet) remember it too. `placed` = by the
  // present room.
  void hold(const NodeKey& key, const Uuid& task, const Amount& amount, bool placed);
  void letGo(const NodeKey& key, const Uuid& task);

  // A launch was refused for want of room: the node is skipped until the returned time, on the
  // same clock as nowMs; see CycleOptions::steadyMs.
  std::int64_t refused(const NodeKey& key, std::int64_t nowMs, std::int64_t retryAfterMs);
  void accepted(const NodeKey& key);

  // Calls each(Node&, free) on the pool's nodes with room for `wanted`, the fullest first, until it
  // returns false. The table must not be changed meanwhile.
  template <typename Each>
  void eachOpen(const std::string& pool, const Amount& wanted, Each&& each) const {
    auto at = pools.find(pool);
    if (at == pools.end()) return;
    at->second.open.eachFitting(
        wanted, [&](const OpenNodes::Entry& one) { return each(*one.node, one.free); });
  }
  // How many nodes of the pool have any room.
  std::size_t openCount(const std::string& pool) const;
  const std::map<NodeKey, std::unique_ptr<Node>>& all() const { return nodes; }

  static double fullness(const Node& node) { return node.fullness; }
  // Grows whenever a pool's nodes together may have another capacity.
  std::uint64_t capacityGeneration() const { return capacityGeneration_; }
  // The smallest capacities in the pool, which bound what a job can add to a node's fullness.
  Amount smallest(const std::string& pool);
  // Whether any node of the pool has gpus.
  bool hasGpus(const std::string& pool) { return measured(pool).largest.gpus > 0; }
  // Whether a node of the pool for which suits(node) is true could take so much if nothing else
  // were there.
  template <typename Suits>
  bool couldHold(const std::string& pool, const Amount& wanted, Suits&& suits) {
    if (!wanted.fitsIn(measured(pool).largest)) return false;
    return std::any_of(nodes.begin(), nodes.end(), [&](const auto& entry) {
      const Node& node = *entry.second;
      return node.facts.pool == pool && node.facts.ready && wanted.fitsIn(node.facts.capacity) &&
             suits(node);
    });
  }

  Reservations& reservations() { return reservations_; }
  const Reservations& reservations() const { return reservations_; }

 private:
  struct PoolNodes {
    OpenNodes open;
    std::size_t count = 0;
    bool measured = false;
    Amount smallest, largest;  // capacities, if measured
  };
  std::map<NodeKey, std::unique_ptr<Node>> nodes;
  std::map<NodeKey, std::map<Uuid, Amount>> strays;  // held on nodes that nobody has shown us
  std::map<std::string, PoolNodes> pools;
  std::uint64_t lastNumber = 0, capacityGeneration_ = 0;
  Reservations reservations_;
  Watcher* watcher = nullptr;

  void unlist(Node& node);
  void list(Node& node);
  void forget(Node& node);
  void join(Node& node);
  void changed(const Node& node, bool facts) {
    if (watcher != nullptr) watcher->nodeChanged(node, facts);
  }
  PoolNodes& measured(const std::string& pool);
};

}  // namespace maitred::cook
