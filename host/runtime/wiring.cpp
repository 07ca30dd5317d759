#include "host/runtime/wiring.h"

#include "host/runtime/check.h"

namespace maitred::host {
namespace {

graph::Interface interfaceOf(manifest::Interface::Reader from) {
  return {from.getName().cStr(), from.getTypeId()};
}

graph::Node nodeOf(const Instance& instance) {
  graph::Node node;
  node.name = instance.name;
  node.plugin = instance.library;
  KJ_IF_MAYBE (manifest, instance.manifest()) {
    node.plugin = manifest->getName().cStr();
    for (auto provided : manifest->getProvides()) node.provides.push_back(interfaceOf(provided));
    for (auto required : manifest->getRequires()) {
      node.requirements.push_back({required.getName().cStr(), interfaceOf(required.getInterface()),
                                   static_cast<graph::Multiplicity>(required.getMultiplicity())});
    }
  }
  for (const auto& use : instance.uses) node.uses.push_back({use.requirement, use.instances});
  return node;
}

// The graph speaks of instances by name, the file has a list.
Location placeOf(const LoadedConfig& config, const graph::Fault& fault) {
  const Instance* instance = fault.path.size() > 1 ? config.instance(fault.path[1]) : nullptr;
  if (instance == nullptr) return {};
  if (fault.path.size() == 2) return config.locate(*instance);
  ConfigPath path = fault.path;
  path[1] = std::to_string(instance->index);
  return config.sources().locate(path);
}

}  // namespace

std::optional<graph::Graph> linkConfig(const LoadedConfig& config, Diagnostics& diagnostics) {
  std::vector<graph::Node> nodes;
  for (const auto& instance : config.instances()) nodes.push_back(nodeOf(instance));
  auto linked = graph::link(nodes);
  for (auto& fault : linked.faults) {
    diagnostics.error("wiring", placeOf(config, fault), fault.message, fault.hint);
  }
  return std::move(linked.graph);
}

void checkWiring(const LoadedConfig& config, Diagnostics& diagnostics) {
  linkConfig(config, diagnostics);
}

}  // namespace maitred::host
