#include <maitred/backend/room.h>

namespace maitred::backend {
namespace {

std::string number(uint64_t value) {
  return std::to_string(value);
}

std::string shortage(const Amounts& have, const Amounts& need) {
  auto mib = [](uint64_t bytes) { return number(bytes >> 20) + " MiB"; };
  if (need.cpuMillis > have.cpuMillis) {
    return "needs " + number(need.cpuMillis) + " thousandths of a cpu, " + number(have.cpuMillis) +
           " are free";
  }
  if (need.memoryBytes > have.memoryBytes) {
    return "needs " + mib(need.memoryBytes) + " of memory, " + mib(have.memoryBytes) + " are free";
  }
  if (need.diskBytes > have.diskBytes) {
    return "needs " + mib(need.diskBytes) + " of disk, " + mib(have.diskBytes) + " are free";
  }
  for (auto& [name, value] : need.others) {
    auto mine = have.others.find(name);
    auto free = mine == have.others.end() ? 0 : mine->second;
    if (value > free)
      return "needs " + number(value) + " of " + name + ", " + number(free) + " are free";
  }
  return "";
}

// The ranges without the taken ports.
std::vector<Ports> without(const std::vector<Ports>& ranges, const std::set<uint16_t>& taken) {
  std::vector<Ports> free;
  for (auto& range : ranges) {
    uint32_t next = range.first;
    for (auto port = taken.lower_bound(range.first); port != taken.end() && *port <= range.last;
         ++port) {
      if (*port > next) free.push_back({uint16_t(next), uint16_t(*port - 1)});
      next = uint32_t(*port) + 1;
    }
    if (next <= range.last) free.push_back({uint16_t(next), range.last});
  }
  return free;
}

bool holds(const std::vector<Ports>& ranges, uint16_t port) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Ports& range) { return port >= range.first && port <= range.last; });
}

}  // namespace

void RoomBook::touch(Node& node, bool byPlacement) {
  node.generation = ++generations;
  if (!byPlacement) node.reportedAt = node.generation;
}

RoomBook::Change RoomBook::setNode(NodeFacts facts) {
  auto [place, isNew] = nodes.try_emplace(facts.id);
  auto& node = place->second;
  if (!isNew && node.facts == facts) return Change::none;
  bool sameCapacity = node.facts.capacity == facts.capacity;
  if (isNew) node.said = reported ? Amounts() : facts.capacity;
  node.facts = std::move(facts);
  if (isNew || !sameCapacity) touch(node, false);
  return Change::full;
}

RoomBook::Change RoomBook::setForeignUse(const std::string& nodeId, Amounts used, uint32_t tasks) {
  auto place = nodes.find(nodeId);
  if (place == nodes.end()) return Change::none;
  auto& node = place->second;
  if (node.foreign == used && node.foreignTasks == tasks) return Change::none;
  node.foreign = std::move(used);
  node.foreignTasks = tasks;
  touch(node, false);
  return Change::room;
}

RoomBook::Change RoomBook::setRoom(const std::string& nodeId, Amounts available) {
  auto place = nodes.find(nodeId);
  if (place == nodes.end()) return Change::none;
  auto& node = place->second;
  node.said = std::move(available);
  ++node.report;
  auto& used = usage[nodeId];
  used.used = Amounts();
  used.ports.clear();
  touch(node, false);
  return Change::room;
}

bool RoomBook::remove(const std::string& nodeId) {
  return nodes.erase(nodeId) > 0;
}

void RoomBook::clear() {
  nodes.clear();
}

Amounts RoomBook::availableOn(const Node& node) const {
  Amounts free = reported ? node.said : node.facts.capacity;
  free.subtract(node.foreign);
  auto used = usage.find(node.facts.id);
  if (used != usage.end()) {
    free.subtract(used->second.used);
    free.ports = without(free.ports, used->second.ports);
  }
  return free;
}

bool RoomBook::fits(const Node& node, const Amounts& need) const {
  return availableOn(node).covers(need);
}

bool RoomBook::grant(const Node& node, const std::vector<PortWish>& wishes,
                     std::vector<PortGrant>& out, std::string& why) const {
  auto& declared = reported ? node.said.ports : node.facts.capacity.ports;
  if (wishes.empty() || declared.empty()) return true;
  auto free = availableOn(node).ports;
  std::set<uint16_t> given;
  for (auto& wish : wishes) {
    if (wish.fixed == 0) continue;
    if (!holds(free, wish.fixed)) {
      why = "port " + number(wish.fixed) + " is not free there";
      return false;
    }
    given.insert(wish.fixed);
  }
  auto range = free.begin();
  uint32_t next = range == free.end() ? 0 : range->first;
  for (auto& wish : wishes) {
    uint16_t port = wish.fixed;
    while (port == 0 && range != free.end()) {
      if (next > range->last) {
        if (++range != free.end()) next = range->first;
      } else if (given.contains(uint16_t(next))) {
        ++next;
      } else {
        port = uint16_t(next++);
      }
    }
    if (port == 0) {
      why = "it has no " + number(wishes.size()) + " free ports";
      return false;
    }
    given.insert(port);
    out.push_back({wish.name, port});
  }
  return true;
}

RoomBook::Taken RoomBook::take(const std::string& nodeId, uint64_t generation, const TaskKey& key,
                               const Amounts& need, const std::vector<PortWish>& ports) {
  auto reject = [&](RefusalReason reason, std::string text, uint32_t retryMs = 0) {
    return Taken{Rejection{reason, "node " + nodeId + ": " + std::move(text), retryMs}, {}};
  };
  auto place = nodes.find(nodeId);
  if (place == nodes.end()) return reject(RefusalReason::NO_SUCH_NODE, "there is no such node now");
  auto& node = place->second;
  if (node.facts.state != NodeState::READY) {
    return reject(RefusalReason::NODE_CLOSING, "it takes no tasks, its state is " +
                                                   std::string(nameOf(node.facts.state).cStr()));
  }
  if (generation > node.generation) {
    return reject(RefusalReason::STALE_ROOM,
                  "generation " + number(generation) +
                      " was never told in this life of the backend; the newest is " +
                      number(node.generation));
  }
  auto misfit = [&](std::string text) {
    bool withdrawn = generation != 0 && generation < node.reportedAt;
    return withdrawn
               ? reject(RefusalReason::STALE_ROOM,
                        text + "; the node has changed since generation " + number(generation))
               : reject(RefusalReason::NO_ROOM, std::move(text));
  };
  auto view = this->view(nodeId);
  if (node.facts.tasksMax != 0 && view.taskCount >= node.facts.tasksMax) {
    return misfit("it runs " + number(view.taskCount) + " tasks, its most is " +
                  number(node.facts.tasksMax));
  }
  if (!view.available.covers(need)) return misfit("the task " + shortage(view.available, need));
  Taken taken;
  std::string why;
  if (!grant(node, ports, taken.ports, why)) return misfit(why);
  charge(nodeId, key, need, taken.ports);
  return taken;
}

void RoomBook::charge(const std::string& nodeId, const TaskKey& key, const Amounts& need,
                      const std::vector<PortGrant>& ports) {
  release(key);
  auto place = nodes.find(nodeId);
  Charge charge{nodeId, need, {}, place == nodes.end() ? 0 : place->second.report};
  auto& used = usage[nodeId];
  used.used.add(need);
  ++used.tasks;
  for (auto& port : ports) {
    charge.ports.push_back(port.port);
    used.ports.insert(port.port);
  }
  charges[key] = std::move(charge);
  if (place != nodes.end()) touch(place->second, true);
}

std::optional<std::string> RoomBook::release(const TaskKey& key) {
  auto found = charges.find(key);
  if (found == charges.end()) return std::nullopt;
  Charge charge = std::move(found->second);
  charges.erase(found);
  auto place = nodes.find(charge.nodeId);
  auto& used = usage[charge.nodeId];
  --used.tasks;
  // A later report of the cluster has counted this task already: giving back would count it twice.
  bool counts = !reported || place == nodes.end() || place->second.report == charge.report;
  if (counts) {
    used.used.subtract(charge.need);
    for (auto port : charge.ports) used.ports.erase(port);
  }
  if (used.tasks == 0 && !reported) usage.erase(charge.nodeId);
  if (place == nodes.end()) return std::nullopt;
  touch(place->second, true);
  return charge.nodeId;
}

std::string RoomBook::pick(const Anywhere::Reader& where, const Amounts& need,
                           const std::vector<PortWish>& ports, std::string& reason) const {
  std::string pool(where.getPool().cStr());
  bool poolSeen = false, matching = false;
  for (auto& [id, node] : nodes) {
    if (!pool.empty() && node.facts.pool != pool) continue;
    poolSeen = true;
    bool avoided = false;
    for (auto name : where.getAvoidNodes()) avoided |= name == id.c_str();
    if (avoided || !matches(where.getConstraints(), node.facts)) continue;
    matching = true;
    if (node.facts.state != NodeState::READY || !fits(node, need)) continue;
    if (node.facts.tasksMax != 0 && view(id).taskCount >= node.facts.tasksMax) continue;
    std::vector<PortGrant> grants;
    std::string why;
    if (grant(node, ports, grants, why)) return id;
  }
  reason = !poolSeen   ? "pool \"" + pool + "\" has no nodes"
           : !matching ? "no node satisfies the constraints"
                       : "no node that satisfies the constraints has room";
  return "";
}

const NodeFacts* RoomBook::find(const std::string& nodeId) const {
  auto place = nodes.find(nodeId);
  return place == nodes.end() ? nullptr : &place->second.facts;
}

RoomView RoomBook::view(const std::string& nodeId) const {
  auto& node = nodes.at(nodeId);
  auto used = usage.find(nodeId);
  uint32_t own = used == usage.end() ? 0 : used->second.tasks;
  return {availableOn(node), own + node.foreignTasks, node.generation};
}

std::vector<std::string> RoomBook::ids() const {
  std::vector<std::string> ids;
  for (auto& entry : nodes) ids.push_back(entry.first);
  return ids;
}

}  // namespace maitred::backend
