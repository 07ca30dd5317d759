#include "settings.h"

#include <kj/debug.h>

namespace maitred::sim {
namespace {

Spread spreadFrom(SpreadConfig::Reader from) {
  return {from.getMin(), from.getMax()};
}

constexpr uint64_t nodesMax = 200'000;  // more are no matter of a second

// Every node has ports to hand out.
constexpr backend::Ports simulatedPorts{31000, 31999};

void addNodes(NodeTemplate::Reader from, std::vector<NodeFacts>& to) {
  NodeFacts facts;
  facts.pool = from.getPool().cStr();
  facts.capacity = {from.getCpus(), from.getMem(), from.getDisk(), {}, {simulatedPorts}};
  for (auto other : from.getOthers()) {
    facts.capacity.others[other.getName().cStr()] = other.getCount();
  }
  for (auto attribute : from.getAttributes()) {
    backend::AttributeValues values{attribute.getName().cStr(), {}};
    for (auto value : attribute.getValues()) values.values.push_back(value.cStr());
    facts.attributes.push_back(std::move(values));
  }
  facts.tasksMax = from.getTasksMax();
  for (uint32_t i = 0; i < from.getCount(); ++i) {
    facts.id = std::string(from.getName().cStr()) + "-" + std::to_string(i);
    facts.hostname = facts.id + ".sim";
    to.push_back(facts);
  }
}

NodeEvent eventFrom(NodeEventConfig event) {
  switch (event) {
    case NodeEventConfig::BACK:
      return NodeEvent::back;
    case NodeEventConfig::UNREACHABLE:
      return NodeEvent::unreachable;
    case NodeEventConfig::REACHABLE:
      return NodeEvent::reachable;
    case NodeEventConfig::DRAINING:
      return NodeEvent::draining;
    case NodeEventConfig::READY:
      return NodeEvent::ready;
    default:
      return NodeEvent::gone;
  }
}

}  // namespace

std::optional<std::string> tooManyNodes(SimConfig::Reader config) {
  uint64_t count = 0;
  for (auto nodes : config.getNodes()) count += nodes.getCount();
  if (count <= nodesMax) return std::nullopt;
  return "the templates stand for " + std::to_string(count) + " nodes, at most " +
         std::to_string(nodesMax) + " can be simulated";
}

Settings settingsFrom(SimConfig::Reader config) {
  if (auto fault = tooManyNodes(config)) KJ_FAIL_REQUIRE(fault->c_str());
  Settings settings;
  settings.seed = config.getSeed();
  for (auto nodes : config.getNodes()) addNodes(nodes, settings.nodes);
  if (config.hasRunTime()) settings.runTime = spreadFrom(config.getRunTime());
  settings.startTime = spreadFrom(config.getStartTime());
  settings.repeatMs = config.getRepeat();
  auto faults = config.getFaults();
  settings.faults = {faults.getLaunchRefused(), faults.getLateRefusal(),
                     faults.getStatusLost(),    faults.getStatusTwice(),
                     faults.getFailure(),       spreadFrom(faults.getStatusDelay())};
  for (auto line : config.getScript()) {
    settings.script.push_back({line.getAt(), line.getNode().cStr(), eventFrom(line.getEvent())});
  }
  return settings;
}

}  // namespace maitred::sim
