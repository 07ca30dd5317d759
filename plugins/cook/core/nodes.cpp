#include "nodes.h"

#include <algorithm>
#include <cmath>

namespace maitred::cook {
namespace {

constexpr std::int64_t FIRST_REFUSAL_MS = 100;
constexpr int MOST_DOUBLINGS = 8;

Amount operator-(const Amount& a, const Amount& b) {
  return {a.cpuMillis - b.cpuMillis, a.memBytes - b.memBytes, a.ports - b.ports};
}
void operator+=(Amount& a, const Amount& b) {
  a = {a.cpuMillis + b.cpuMillis, a.memBytes + b.memBytes, a.ports + b.ports};
}
Amount least(const Amount& a, const Amount& b) {
  return {std::min(a.cpuMillis, b.cpuMillis), std::min(a.memBytes, b.memBytes),
          std::min(a.ports, b.ports)};
}

double part(std::int64_t free, std::int64_t total) {
  return total <= 0 ? 1 : 1 - static_cast<double>(std::max<std::int64_t>(0, free)) / total;
}

}  // namespace

Amount Amount::of(const JobSpec& spec) {
  // Rounded up to what a backend can express; the small term forgives 0.1 for being
  // 0.1000000000000000055.
  return {static_cast<std::int64_t>(std::ceil(spec.cpus * 1000 - 1e-6)),
          static_cast<std::int64_t>(std::ceil(spec.mem * 1024 * 1024 - 1e-3)), spec.ports};
}

Amount Node::free() const {
  Amount free = least(room.available - freshSum, facts.capacity - heldSum);
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

void NodeTable::unlist(Node& node) {
  if (node.listed) open.erase(&node);
  node.listed = false;
}

void NodeTable::list(Node& node) {
  Amount free = node.free();
  node.fullness = (part(free.cpuMillis, node.facts.capacity.cpuMillis) +
                   part(free.memBytes, node.facts.capacity.memBytes)) /
                  2;
  std::int64_t tasks = node.room.taskCount;
  bool full = node.facts.tasksMax != 0 &&
              std::max<std::int64_t>(tasks, node.held.size()) >= node.facts.tasksMax;
  node.listed = node.facts.ready && !full && free.cpuMillis > 0 && free.memBytes > 0;
  if (node.listed) open.insert(&node);
}

void NodeTable::measureSmallest() {
  smallest_ = {};
  bool first = true;
  for (const auto& [key, node] : nodes) {
    smallest_ = first ? node->facts.capacity : least(smallest_, node->facts.capacity);
    first = false;
  }
}

Node& NodeTable::put(NodeFacts facts, RoomFacts room) {
  auto& slot = nodes[facts.key];
  bool isNew = slot == nullptr;
  if (isNew) slot = std::make_unique<Node>();
  Node& node = *slot;
  unlist(node);
  bool resized = isNew || !(node.facts.capacity == facts.capacity);
  node.facts = std::move(facts);
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
  if (resized) measureSmallest();
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
  unlist(*at->second);
  for (const auto& [task, held] : at->second->held) strays[key].emplace(task, held.amount);
  nodes.erase(at);
  measureSmallest();
}

void NodeTable::removeCluster(const std::string& cluster) {
  std::vector<NodeKey> gone;
  for (auto at = nodes.lower_bound({cluster, ""}); at != nodes.end(); ++at) {
    if (at->first.cluster != cluster) break;
    gone.push_back(at->first);
  }
  for (const NodeKey& key : gone) {
    auto at = nodes.find(key);
    unlist(*at->second);
    for (const auto& [task, held] : at->second->held) strays[key].emplace(task, held.amount);
    nodes.erase(at);
  }
  measureSmallest();
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
  node->heldSum = node->heldSum - held.amount;
  if (held.generation != 0 && held.generation >= node->room.generation) {
    node->freshSum = node->freshSum - held.amount;
  }
  node->held.erase(at);
  list(*node);
}

std::int64_t NodeTable::refused(const NodeKey& key, std::int64_t nowMs, std::int64_t retryAfterMs) {
  std::int64_t until = nowMs + std::max(retryAfterMs, FIRST_REFUSAL_MS);
  Node* node = find(key);
  if (node == nullptr) return until;
  std::int64_t pause = FIRST_REFUSAL_MS << std::min(node->refusals++, MOST_DOUBLINGS);
  node->closedUntilMs = nowMs + std::max(retryAfterMs, pause);
  return node->closedUntilMs;
}

void NodeTable::accepted(const NodeKey& key) {
  if (Node* node = find(key)) node->refusals = 0;
}

}  // namespace maitred::cook
