#include "group-placement.h"

namespace maitred::cook {
namespace {

using Type = HostPlacement::Type;

constexpr std::string_view HOSTNAME = "HOSTNAME";
// Of nodes that are not known at the moment; no attribute has it.
const std::string UNKNOWN(1, '\0');

}  // namespace

GroupPlacement::GroupPlacement(const GroupSpec& spec, const Cohosts& cohosts,
                               const NodeTable& nodes)
    : placement(spec.placement) {
  if (placement.type == Type::all) return;
  bool byHost = placement.type == Type::unique || placement.attribute == HOSTNAME;
  for (const auto& [where, number] : cohosts) {
    if (byHost) {
      count(where.hostname, number);
    } else if (const Node* node = nodes.find({where.cluster, where.nodeId})) {
      count(valueOf(*node), number);
    } else {
      count(UNKNOWN, number);
    }
  }
}

const std::string& GroupPlacement::valueOf(const Node& node) const {
  if (placement.type == Type::unique) return node.facts.hostname;
  return node.value(placement.attribute);
}

void GroupPlacement::count(const std::string& value, int change) {
  auto at = counts.try_emplace(value).first;
  at->second += change;
  if (at->second <= 0) counts.erase(at);
}

bool GroupPlacement::allows(const Node& node) const {
  if (placement.type == Type::all || counts.empty()) return true;
  auto its = counts.find(valueOf(node));
  if (placement.type == Type::unique) return its == counts.end();
  if (placement.type == Type::attributeEquals) return its != counts.end();
  if (its == counts.end()) return true;
  auto byCount = [](const auto& a, const auto& b) { return a.second < b.second; };
  auto [fewest, most] = std::minmax_element(counts.begin(), counts.end(), byCount);
  bool tooFewValues = counts.size() < static_cast<std::size_t>(std::max(0, placement.minimum));
  int least = tooFewValues ? 0 : fewest->second;
  return least == most->second || its->second < most->second;
}

Obstacle GroupPlacement::obstacle() const {
  switch (placement.type) {
    case Type::unique:
      return Obstacle::uniqueGroup;
    case Type::balanced:
      return Obstacle::balancedGroup;
    default:
      return Obstacle::attributeEqualsGroup;
  }
}

}  // namespace maitred::cook
