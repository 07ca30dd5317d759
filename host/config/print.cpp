// The effective config, and what differs between two; see tools.h.

#include "names.h"
#include "quantity.h"
#include "schema-view.h"
#include "tools.h"
#include "yaml-write.h"

#include <algorithm>
#include <ostream>
#include <set>

namespace maitred::host {

namespace {

capnp::DynamicStruct::Reader hostSection(const LoadedConfig& config) {
  auto root = const_cast<LoadedConfig&>(config).message.getRoot<capnp::DynamicStruct>(
      hostSchema().configType());
  return root.asReader().get("host").as<capnp::DynamicStruct>();
}

void printInstance(std::ostream& out, const Instance& instance) {
  out << "  - name: " << yamlText(instance.name) << "\n    library: " << yamlText(instance.library)
      << "\n    isolation: " << (instance.inlined ? "inline" : "process") << '\n';
  if (!instance.uses.empty()) out << "    uses:\n";
  for (const Use& use : instance.uses) {
    out << "      " << yamlKey(use.requirement) << ": [";
    for (size_t i = 0; i < use.instances.size(); ++i)
      out << (i > 0 ? ", " : "") << yamlText(use.instances[i]);
    out << "]\n";
  }
  if (!instance.listeners.empty()) out << "    listen:\n";
  for (const Listener& listener : instance.listeners) {
    out << "      " << yamlKey(listener.name) << ": " << yamlText(listener.address) << '\n';
  }
  if (instance.memoryLimit != 0) {
    out << "    memory: " << formatQuantity(instance.memoryLimit, Unit::BYTES) << '\n';
  }
  out << "    edge:\n      in_flight_max: " << instance.inFlightMax
      << "\n      deadline: " << formatQuantity(instance.deadlineMs, Unit::MILLISECONDS) << '\n';
  KJ_IF_MAYBE (config, instance.typedConfig()) {
    std::string members = yamlMembers(*instance.schema, *config, 6);
    out << "    config:" << (members.empty() ? " {}\n" : "\n" + members);
  }
}

using Flat = std::map<std::string, std::string>;

std::vector<std::string> differences(const Flat& a, const Flat& b) {
  std::set<std::string> keys;
  for (const auto& [key, value] : a) {
    auto other = b.find(key);
    if (other == b.end() || other->second != value) keys.insert(key);
  }
  for (const auto& [key, value] : b) {
    if (a.count(key) == 0) keys.insert(key);
  }
  return {keys.begin(), keys.end()};
}

Flat flatConfig(const Instance& instance) {
  KJ_IF_MAYBE (config, instance.typedConfig()) return flatten(*instance.schema, *config);
  return {};
}

std::string libraryOf(const Instance& instance) {
  KJ_IF_MAYBE (manifest, instance.manifest())
    return instance.library + " " + manifest->getVersion().cStr();
  return instance.library;
}

// Everything but the config, by the key under which it is written.
Flat flatWiring(const Instance& instance) {
  Flat flat = {{"library", libraryOf(instance)},
               {"isolation", instance.inlined ? "inline" : "process"},
               {"memory", std::to_string(instance.memoryLimit)},
               {"edge.in_flight_max", std::to_string(instance.inFlightMax)},
               {"edge.deadline", std::to_string(instance.deadlineMs)},
               {"state", instance.stateDirectory}};
  for (const Use& use : instance.uses) {
    std::string names;
    for (const std::string& name : use.instances) names += name + " ";
    flat["uses." + use.requirement] = names;
  }
  for (const Listener& listener : instance.listeners)
    flat["listen." + listener.name] = listener.address;
  return flat;
}

std::string joined(const std::vector<std::string>& keys, const std::string& prefix) {
  std::string text;
  for (const std::string& key : keys) text += (text.empty() ? "" : ", ") + prefix + key;
  return text;
}

InstanceChange compare(const Instance& before, const Instance& after) {
  auto wiring = differences(flatWiring(before), flatWiring(after));
  auto config = differences(flatConfig(before), flatConfig(after));
  std::string why = joined(wiring, "");
  if (!config.empty()) why += (why.empty() ? "" : ", ") + joined(config, "config.");
  Change change = !wiring.empty()   ? Change::wiringChanged
                  : !config.empty() ? Change::configChanged
                                    : Change::unchanged;
  return {after.name, change, why};
}

}  // namespace

void printEffective(std::ostream& out, const LoadedConfig& config) {
  out << "host:\n" << yamlMembers(hostSchema(), hostSection(config), 2);
  out << "plugins:" << (config.instances().empty() ? " []\n" : "\n");
  for (const Instance& instance : config.instances()) printInstance(out, instance);
}

ConfigDiff diffConfigs(const LoadedConfig& current, const LoadedConfig& next) {
  ConfigDiff diff;
  for (const Instance& instance : next.instances()) {
    const Instance* before = current.instance(instance.name);
    diff.instances.push_back(before == nullptr ? InstanceChange{instance.name, Change::added, ""}
                                               : compare(*before, instance));
  }
  for (const Instance& instance : current.instances()) {
    if (next.instance(instance.name) == nullptr)
      diff.instances.push_back({instance.name, Change::removed, ""});
  }
  diff.host = differences(flatten(hostSchema(), hostSection(current)),
                          flatten(hostSchema(), hostSection(next)));
  return diff;
}

}  // namespace maitred::host
