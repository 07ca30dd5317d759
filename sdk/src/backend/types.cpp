#include <maitred/backend/types.h>

#include "text.h"

#include <capnp/schema.h>

namespace maitred::backend {
namespace {

template <typename Enum>
kj::StringPtr enumerant(Enum value) {
  auto enumerants = capnp::Schema::from<Enum>().getEnumerants();
  auto index = static_cast<uint16_t>(value);
  return index < enumerants.size() ? enumerants[index].getProto().getName() : "unknown"_kj;
}

constexpr size_t messageBytesMax = 4096;

// Cuts at a character border of UTF-8.
std::string_view shortened(std::string_view text) {
  if (text.size() <= messageBytesMax) return text;
  size_t end = messageBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

kj::StringPtr nameOf(TaskState state) {
  return enumerant(state);
}
kj::StringPtr nameOf(Reason reason) {
  return enumerant(reason);
}
kj::StringPtr nameOf(NodeState state) {
  return enumerant(state);
}
kj::StringPtr nameOf(RefusalReason reason) {
  return enumerant(reason);
}

bool isTerminal(TaskState state) {
  switch (state) {
    case TaskState::SUCCEEDED:
    case TaskState::FAILED:
    case TaskState::KILLED:
    case TaskState::LOST:
    case TaskState::NOT_STARTED:
      return true;
    default:
      return false;
  }
}

bool Amounts::covers(const Amounts& need) const {
  if (need.cpuMillis > cpuMillis || need.memoryBytes > memoryBytes || need.diskBytes > diskBytes) {
    return false;
  }
  for (auto& [name, value] : need.others) {
    auto mine = others.find(name);
    if (value > (mine == others.end() ? 0 : mine->second)) return false;
  }
  return true;
}

void Amounts::add(const Amounts& more) {
  cpuMillis += more.cpuMillis;
  memoryBytes += more.memoryBytes;
  diskBytes += more.diskBytes;
  for (auto& [name, value] : more.others) others[name] += value;
}

void Amounts::subtract(const Amounts& less) {
  auto minus = [](uint64_t a, uint64_t b) { return a > b ? a - b : 0; };
  cpuMillis = minus(cpuMillis, less.cpuMillis);
  memoryBytes = minus(memoryBytes, less.memoryBytes);
  diskBytes = minus(diskBytes, less.diskBytes);
  for (auto& [name, value] : less.others) {
    auto mine = others.find(name);
    if (mine != others.end()) mine->second = minus(mine->second, value);
  }
}

Amounts read(Resources::Reader from) {
  Amounts to{from.getCpuMillis(), from.getMemoryBytes(), from.getDiskBytes(), {}, {}};
  for (auto other : from.getOthers()) to.others[str(other.getName())] += other.getValue();
  for (auto range : from.getPorts()) to.ports.push_back({range.getFirst(), range.getLast()});
  return to;
}

void write(const Amounts& from, Resources::Builder to) {
  to.setCpuMillis(from.cpuMillis);
  to.setMemoryBytes(from.memoryBytes);
  to.setDiskBytes(from.diskBytes);
  if (!from.others.empty()) {
    auto others = to.initOthers(from.others.size());
    uint i = 0;
    for (auto& [name, value] : from.others) {
      others[i].setName(ptr(name));
      others[i++].setValue(value);
    }
  }
  if (!from.ports.empty()) {
    auto ports = to.initPorts(from.ports.size());
    for (uint i = 0; i < ports.size(); ++i) {
      ports[i].setFirst(from.ports[i].first);
      ports[i].setLast(from.ports[i].last);
    }
  }
}

ProgressFacts read(Progress::Reader from) {
  ProgressFacts to;
  to.sequence = from.getSequence();
  if (from.getPercent() >= 0) to.percent = from.getPercent();
  if (from.hasMessage()) to.message = str(from.getMessage());
  return to;
}

void write(const ProgressFacts& from, Progress::Builder to) {
  to.setSequence(from.sequence);
  if (from.percent) to.setPercent(*from.percent);
  if (from.message) to.setMessage(ptr(*from.message));
}

Status read(TaskStatus::Reader from) {
  Status to;
  to.state = from.getState();
  to.reason = from.getReason();
  to.message = str(from.getMessage());
  to.at = from.getAt();
  to.nodeId = str(from.getNodeId());
  to.hostname = str(from.getHostname());
  auto exit = from.getExit();
  if (exit.isCode()) to.exitCode = exit.getCode();
  if (exit.isSignal()) to.exitSignal = exit.getSignal();
  to.commandStarted = from.getCommandStarted();
  for (auto endpoint : from.getEndpoints()) {
    to.endpoints.push_back({str(endpoint.getName()), str(endpoint.getHost()), endpoint.getPort()});
  }
  to.health = from.getHealth();
  to.restarts = from.getRestarts();
  to.sandboxUrl = str(from.getSandboxUrl());
  to.sandboxPath = str(from.getSandboxPath());
  to.orphan = from.getOrphan();
  to.duplicate = from.getDuplicate();
  to.late = from.getLate();
  to.unreachableSince = from.getUnreachableSince();
  if (from.hasProgress()) to.progress = read(from.getProgress());
  return to;
}

void write(std::string_view taskId, const Status& from, TaskStatus::Builder to) {
  to.setTaskId(kj::str(kj::arrayPtr(taskId.data(), taskId.size())));
  to.setState(from.state);
  to.setReason(from.reason);
  if (!from.message.empty()) {
    auto message = shortened(from.message);
    memcpy(to.initMessage(message.size()).begin(), message.data(), message.size());
  }
  to.setAt(from.at);
  to.setNodeId(ptr(from.nodeId));
  to.setHostname(ptr(from.hostname));
  if (from.exitCode) to.getExit().setCode(*from.exitCode);
  if (from.exitSignal) to.getExit().setSignal(*from.exitSignal);
  to.setCommandStarted(from.commandStarted);
  if (!from.endpoints.empty()) {
    auto endpoints = to.initEndpoints(from.endpoints.size());
    for (uint i = 0; i < endpoints.size(); ++i) {
      endpoints[i].setName(ptr(from.endpoints[i].name));
      endpoints[i].setHost(ptr(from.endpoints[i].host));
      endpoints[i].setPort(from.endpoints[i].port);
    }
  }
  to.setHealth(from.health);
  to.setRestarts(from.restarts);
  if (!from.sandboxUrl.empty()) to.setSandboxUrl(ptr(from.sandboxUrl));
  if (!from.sandboxPath.empty()) to.setSandboxPath(ptr(from.sandboxPath));
  to.setOrphan(from.orphan);
  to.setDuplicate(from.duplicate);
  to.setLate(from.late);
  to.setUnreachableSince(from.unreachableSince);
  if (from.progress) write(*from.progress, to.initProgress());
}

NodeFacts read(Node::Reader from) {
  NodeFacts to;
  to.id = str(from.getRoom().getNodeId());
  to.hostname = str(from.getHostname());
  to.pool = str(from.getPool());
  to.capacity = read(from.getCapacity());
  for (auto attribute : from.getAttributes()) {
    AttributeValues values{str(attribute.getName()), {}};
    for (auto value : attribute.getValues()) values.values.push_back(str(value));
    to.attributes.push_back(std::move(values));
  }
  to.tasksMax = from.getTasksMax();
  to.state = from.getState();
  to.unavailableFrom = from.getUnavailableFrom();
  to.unavailableForMs = from.getUnavailableForMs();
  return to;
}

void write(const PoolFacts& from, PoolChange::Builder to) {
  to.setName(ptr(from.name));
  to.setLaunchable(from.launchable);
  if (from.limitedUntil) {
    to.getLimited().setUntil(*from.limitedUntil);
  } else {
    to.getLimited().setNo();
  }
  to.setMessage(ptr(from.message));
}

void write(const Rejection& from, Refusal::Builder to) {
  to.setReason(from.reason);
  to.setMessage(ptr(from.message));
  to.setRetryAfterMs(from.retryAfterMs);
}

bool matches(capnp::List<Constraint>::Reader constraints, const NodeFacts& node) {
  for (auto constraint : constraints) {
    auto name = str(constraint.getAttribute());
    auto attribute = std::find_if(node.attributes.begin(), node.attributes.end(),
                                  [&](auto& a) { return a.name == name; });
    bool present = attribute != node.attributes.end();
    auto holdsOne = [&]() {
      for (auto wanted : constraint.getValues()) {
        auto& values = attribute->values;
        if (std::find(values.begin(), values.end(), str(wanted)) != values.end()) return true;
      }
      return false;
    };
    bool satisfied = false;
    switch (constraint.getOperator()) {
      case Operator::IN:
        satisfied = present && holdsOne();
        break;
      case Operator::NOT_IN:
        satisfied = !present || !holdsOne();
        break;
      case Operator::EXISTS:
        satisfied = present;
        break;
      case Operator::NOT_EXISTS:
        satisfied = !present;
        break;
      default:
        break;  // an operator that we do not know is satisfied by no node
    }
    if (!satisfied) return false;
  }
  return true;
}

}  // namespace maitred::backend
