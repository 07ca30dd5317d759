#include "host/graph/graph.h"

#include <algorithm>
#include <map>
#include <set>

namespace maitred::host::graph {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out.empty() ? "none" : out;
}

class Linker {
 public:
  explicit Linker(const std::vector<Node>& nodes) : nodes(nodes) {}

  Linked run() {
    for (const auto& node : nodes) {
      if (!byName.emplace(node.name, &node).second) {
        fault({"plugins", node.name}, "two instances are named '" + node.name + "'",
              "give each instance a name of its own");
      }
    }
    for (const auto& node : nodes) linkNode(node);
    if (faults.empty()) order();
    if (!faults.empty()) return {std::nullopt, std::move(faults)};
    return {Graph{std::move(edges), std::move(started)}, {}};
  }

 private:
  const std::vector<Node>& nodes;
  std::map<std::string, const Node*> byName;
  std::vector<Edge> edges;
  std::vector<Fault> faults;

  enum class Mark { open, done };
  std::map<std::string, Mark> marks;
  std::vector<std::string> trail;  // the way from a root to the node being visited
  std::vector<std::string> started;

  void fault(std::vector<std::string> path, std::string message, std::string hint = "") {
    faults.push_back({std::move(path), std::move(message), std::move(hint)});
  }

  void linkNode(const Node& node) {
    for (const auto& use : node.uses) {
      bool known = std::any_of(node.requirements.begin(), node.requirements.end(),
                               [&](const Requirement& r) { return r.name == use.requirement; });
      if (known) continue;
      std::vector<std::string> names;
      for (const auto& r : node.requirements) names.push_back(r.name);
      fault({"plugins", node.name, "uses", use.requirement},
            "plugin '" + node.plugin + "' has no requirement '" + use.requirement + "'",
            "its requirements: " + joined(names));
    }
    for (const auto& requirement : node.requirements) linkRequirement(node, requirement);
  }

  void linkRequirement(const Node& node, const Requirement& requirement) {
    auto use = std::find_if(node.uses.begin(), node.uses.end(),
                            [&](const Use& u) { return u.requirement == requirement.name; });
    static const std::vector<std::string> nobody;
    const auto& providers = use == node.uses.end() ? nobody : use->providers;
    std::vector<std::string> path{"plugins", node.name, "uses", requirement.name};
    using M = Multiplicity;
    if (providers.empty() &&
        (requirement.multiplicity == M::one || requirement.multiplicity == M::some)) {
      if (use == node.uses.end()) path.resize(2);
      fault(path,
            "'" + node.name + "' needs a provider of " + requirement.interface.name +
                " for its requirement '" + requirement.name + "'",
            "instances that provide it: " + joined(candidates(requirement.interface.typeId)));
      return;
    }
    if (providers.size() > 1 &&
        (requirement.multiplicity == M::one || requirement.multiplicity == M::optional)) {
      fault(path,
            "requirement '" + requirement.name + "' takes one provider, not " +
                std::to_string(providers.size()),
            "keep one of: " + joined(providers));
    }
    std::set<std::string> seen;
    for (size_t i = 0; i < providers.size(); ++i) {
      path.resize(4);
      path.push_back(std::to_string(i));
      linkProvider(node, requirement, providers[i], path, seen.insert(providers[i]).second);
    }
  }

  void linkProvider(const Node& node, const Requirement& requirement, const std::string& provider,
                    const std::vector<std::string>& path, bool first) {
    auto found = byName.find(provider);
    if (found == byName.end()) {
      fault(path, "there is no instance '" + provider + "'",
            "instances that provide " + requirement.interface.name + ": " +
                joined(candidates(requirement.interface.typeId)));
    } else if (!first) {
      fault(path, "'" + provider + "' is named twice for requirement '" + requirement.name + "'");
    } else if (!provides(*found->second, requirement.interface.typeId)) {
      fault(path,
            "'" + provider + "' (plugin '" + found->second->plugin + "') does not provide " +
                requirement.interface.name,
            "instances that do: " + joined(candidates(requirement.interface.typeId)));
    } else {
      edges.push_back({node.name, requirement.name, provider, requirement.interface});
    }
  }

  static bool provides(const Node& node, uint64_t typeId) {
    return std::any_of(node.provides.begin(), node.provides.end(),
                       [&](const Interface& i) { return i.typeId == typeId; });
  }

  std::vector<std::string> candidates(uint64_t typeId) const {
    std::vector<std::string> names;
    for (const auto& node : nodes) {
      if (provides(node, typeId)) names.push_back(node.name);
    }
    return names;
  }

  void order() {
    for (const auto& node : nodes) visit(node.name);
  }

  // Depth first: providers come before the node itself. Depth is bounded by the number of
  // instances.
  void visit(const std::string& name) {
    auto [mark, fresh] = marks.emplace(name, Mark::open);
    if (!fresh) {
      if (mark->second == Mark::open) reportCycle(name);
      return;
    }
    trail.push_back(name);
    for (const auto& edge : edges) {
      if (edge.consumer == name) visit(edge.provider);
    }
    trail.pop_back();
    marks[name] = Mark::done;
    started.push_back(name);
  }

  void reportCycle(const std::string& name) {
    std::string text;
    for (auto at = std::find(trail.begin(), trail.end(), name); at != trail.end(); ++at) {
      text += "'" + *at + "' uses ";
    }
    fault({"plugins", trail.back(), "uses"}, "the wiring is a cycle: " + text + "'" + name + "'",
          "remove one of these uses: no instance could be started first");
  }
};

}  // namespace

Linked link(const std::vector<Node>& nodes) {
  return Linker(nodes).run();
}

std::vector<std::string> dependants(const Graph& graph, const std::string& provider) {
  std::vector<std::string> found{provider};
  for (size_t i = 0; i < found.size(); ++i) {
    for (const auto& edge : graph.edges) {
      bool known = std::find(found.begin(), found.end(), edge.consumer) != found.end();
      if (edge.provider == found[i] && !known) found.push_back(edge.consumer);
    }
  }
  found.erase(found.begin());
  return found;
}

}  // namespace maitred::host::graph
