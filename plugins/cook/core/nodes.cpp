#include "nodes.h"

#include <algorithm>
#include <cmath>

namespace maitred::cook {
namespace {

double part(std::int64_t free, std::int64_t total) {
  return total <= 0 ? 1 : 1 - static_cast<double>(std::max<std::int64_t>(0, free)) / total;
}

}  // namespace

Amount Amount::of(const JobSpec& spec) {
  // The small terms forgive 0.1 for being 0.1000000000000000055.
  return {static_cast<std::int64_t>(std::ceil(spec.cpus * 1000 - 1e-6)),
          static_cast<std::int64_t>(std::ceil(spec.mem * 1024 * 1024 - 1e-3)), spec.ports,
          static_cast<std::int64_t>(std::ceil(spec.gpus - 1e-6))};
}

Amount Node::free() const {
  Amount free = room.available - freshSum;
  free.lowerTo(facts.capacity - heldSum);
  bool silent = facts.capacity.ports == Amount::ANY_PORTS && room.available.ports == 0;
  if (silent) free.ports = Amount::ANY_PORTS;
  return free;
}

bool Node::has(const AttributeRule& rule) const {
  if (rule.attribute == "HOSTNAME") return facts.hostname == rule.value;
  for (const auto& [name, values] : facts.attributes) {
    if (name == rule.attribute) {
      return std::find(values.begin(), values.end(), rule.value) != values.end();
    }
  }
  return false;
}

const std::string& Node::value(std::string_view attribute) const {
  static const std::string NONE;
  if (attribute == "HOSTNAME") return facts.hostname;
  for (const auto& [name, values] : facts.attributes) {
    if (name == attribute) return values.empty() ? NONE : values.front();
  }
  return NONE;
}

bool Node::isFull() const {
  auto tasks = std::max<std::int64_t>(room.taskCount, static_cast<std::int64_t>(load().tasks));
  return facts.tasksMax != 0 && tasks >= facts.tasksMax;
}

void NodeTable::unlist(Node& node) {
  if (node.listed) pools[node.facts.pool].open.erase(node.fullness, node.number_);
  node.listed = false;
}

void NodeTable::list(Node& node) {
  Amount free = node.free();
  node.fullness = (part(free.cpuMillis, node.facts.capacity.cpuMillis) +
                   part(free.memBytes, node.facts.capacity.memBytes)) /
                  2;
  node.listed = node.facts.ready && !node.isFull() && free.cpuMillis > 0 && free.memBytes > 0;
  if (node.listed) pools[node.facts.pool].open.insert({node.fullness, node.number_, free, &node});
  changed(node, false);
}

// Takes the node out of its pool.
void NodeTable::forget(Node& node) {
  unlist(node);
  auto pool = pools.find(node.facts.pool);
  pool->second.measured = false;
  if (--pool->second.count == 0) pools.erase(pool);
}

void NodeTable::join(Node& node) {
  PoolNodes& pool = pools[node.facts.pool];
  ++pool.count;
  pool.measured = false;
}

NodeTable::PoolNodes& NodeTable::measured(const std::string& name) {
  static PoolNodes none;
  auto at = pools.find(name);
  if (at == pools.end()) return none;
  PoolNodes& pool = at->second;
  if (pool.measured) return pool;
  bool first = true;
  for (const auto& [key, node] : nodes) {
    if (node->facts.pool != name) continue;
    if (first) pool.smallest = pool.largest = node->facts.capacity;
    pool.smallest.lowerTo(node->facts.capacity);
    pool.largest.raiseTo(node->facts.capacity);
    first = false;
  }
  pool.measured = true;
  return pool;
}

Amount NodeTable::smallest(const std::string& pool) {
  return measured(pool).smallest;
}

std::size_t NodeTable::openCount(const std::string& pool) const {
  auto at = pools.find(pool);
  return at == pools.end() ? 0 : at->second.open.size();
}

Node& NodeTable::put(NodeFacts facts, RoomFacts room) {
  auto& slot = nodes[facts.key];
  bool isNew = slot == nullptr;
  if (isNew) slot = std::make_unique<Node>();
  Node& node = *slot;
  if (isNew) {
    node.number_ = ++lastNumber;
  } else {
    forget(node);
  }
  bool same = !isNew && node.facts.pool == facts.pool && node.facts.capacity == facts.capacity;
  if (!same) ++capacityGeneration_;
  node.facts = std::move(facts);
  join(node);
  if (isNew) {
    if (auto stray = strays.extract(node.facts.key); !stray.empty()) {
      for (const auto& [task, amount] : stray.mapped()) {
        node.held.emplace(task, Node::Held{amount, 0});
        node.heldSum += amount;
      }
    }
  }
  node.closedUntilMs = 0;
  list(node);
  setRoom(node.facts.key, room);
  changed(node, true);
  return node;
}

Node& NodeTable::restore(NodeFacts facts, const RoomFacts& room, const Node::Load& load,
                         std::uint64_t number, std::int64_t closedUntilMs) {
  auto& slot = nodes[facts.key];
  if (slot != nullptr) forget(*slot);
  slot = std::make_unique<Node>();
  Node& node = *slot;
  node.facts = std::move(facts);
  node.room = room;
  node.heldSum = load.held;
  node.freshSum = load.fresh;
  node.unnamed = load.tasks;
  node.number_ = number;
  node.closedUntilMs = closedUntilMs;
  lastNumber = std::max(lastNumber, number);
  join(node);
  list(node);
  changed(node, true);
  return node;
}

void NodeTable::setRoom(const NodeKey& key, const RoomFacts& room) {
  Node* node = find(key);
  if (node == nullptr) return;
  unlist(*node);
  node->room = room;
  node->freshSum = {};
  for (const auto& [task, held] : node->held) {
    if (held.generation >= room.generation && held.generation != 0) node->freshSum += held.amount;
  }
  list(*node);
}

void NodeTable::remove(const NodeKey& key) {
  auto at = nodes.find(key);
  if (at == nodes.end()) return;
  ++capacityGeneration_;
  forget(*at->second);
  if (watcher != nullptr) watcher->nodeRemoved(*at->second);
  for (const auto& [task, held] : at->second->held) strays[key].emplace(task, held.amount);
  nodes.erase(at);
}

void NodeTable::removeCluster(const std::string& cluster) {
  std::vector<NodeKey> gone;
  for (auto at = nodes.lower_bound({cluster, ""}); at != nodes.end(); ++at) {
    if (at->first.cluster != cluster) break;
    gone.push_back(at->first);
  }
  for (const NodeKey& key : gone) remove(key);
}

Node* NodeTable::find(const NodeKey& key) {
  auto at = nodes.find(key);
  return at == nodes.end() ? nullptr : at->second.get();
}

void NodeTable::hold(const NodeKey& key, const Uuid& task, const Amount& amount, bool placed) {
  Node* node = find(key);
  if (node == nullptr) {
    strays[key].emplace(task, amount);
    return;
  }
  unlist(*node);
  // Generation 0 marks what the room surely knows; rooms count from 1.
  std::uint64_t generation = placed ? std::max<std::uint64_t>(1, node->room.generation) : 0;
  if (node->held.emplace(task, Node::Held{amount, generation}).second) {
    node->heldSum += amount;
    if (placed) node->freshSum += amount;
  }
  list(*node);
}

void NodeTable::letGo(const NodeKey& key, const Uuid& task) {
  Node* node = find(key);
  if (node == nullptr) {
    auto stray = strays.find(key);
    if (stray == strays.end()) return;
    stray->second.erase(task);
    if (stray->second.empty()) strays.erase(stray);
    return;
  }
  auto at = node->held.find(task);
  if (at == node->held.end()) return;
  unlist(*node);
  const auto& held = at->second;
  node->heldSum -= held.amount;
  if (held.generation != 0 && held.generation >= node->room.generation) {
    node->freshSum -= held.amount;
  }
  node->held.erase(at);
  list(*node);
}

std::int64_t NodeTable::refused(const NodeKey& key, std::int64_t nowMs, std::int64_t retryAfterMs) {
  std::int64_t until = nowMs + std::max(retryAfterMs, pauseAfter(1));
  Node* node = find(key);
  if (node == nullptr) return until;
  std::int64_t pause = pauseAfter(++node->refusals);
  node->closedUntilMs = nowMs + std::max(retryAfterMs, pause);
  changed(*node, false);
  return node->closedUntilMs;
}

void NodeTable::accepted(const NodeKey& key) {
  if (Node* node = find(key)) node->refusals = 0;
}

}  // namespace maitred::cook
