#include "group-text.h"

#include <array>
#include <limits>
#include <set>

namespace maitred::cook {

using nlohmann::json;

namespace {

using Placement = HostPlacement::Type;
using Stragglers = StragglerHandling::Type;

constexpr std::size_t ATTRIBUTE_BYTES_MOST = 256;
constexpr std::array PLACEMENTS{
    std::pair{"all", Placement::all}, std::pair{"unique", Placement::unique},
    std::pair{"balanced", Placement::balanced},
    std::pair{"attribute-equals", Placement::attributeEquals}};
constexpr std::array STRAGGLERS{std::pair{"none", Stragglers::none},
                                std::pair{"quantile-deviation", Stragglers::quantileDeviation}};

template <typename Names>
auto typeOf(const json& text, const Names& names, const char* predicate) {
  if (!text.is_object()) throw GroupTextError("map?", text);
  json type = text.value("type", json());
  for (const auto& [name, known] : names) {
    if (type == name) return known;
  }
  throw GroupTextError(predicate, type);
}

template <typename Names, typename Type>
const char* nameIn(const Names& names, Type type) {
  for (const auto& [name, known] : names) {
    if (known == type) return name;
  }
  return names.front().first;
}

// The parameters, which must be these and no others.
json parametersOf(const json& text, const std::set<std::string>& wanted) {
  json found = text.value("parameters", json::object());
  if (found.is_null()) found = json::object();
  if (!found.is_object()) throw GroupTextError("map?", found);
  for (const std::string& name : wanted) {
    if (!found.contains(name)) throw GroupTextError("has-parameter-" + name + "?", found);
  }
  for (auto it = found.begin(); it != found.end(); ++it) {
    if (!wanted.contains(it.key())) throw GroupTextError("known-parameter?", it.key());
  }
  for (auto it = text.begin(); it != text.end(); ++it) {
    if (it.key() != "type" && it.key() != "parameters") {
      throw GroupTextError("known-key?", it.key());
    }
  }
  return found;
}

double numberIn(const json& parameters, const char* name) {
  if (!parameters[name].is_number()) throw GroupTextError("number?", parameters[name]);
  return parameters[name].get<double>();
}

std::string attributeIn(const json& parameters) {
  const json& value = parameters["attribute"];
  bool good = value.is_string() && !value.get_ref<const std::string&>().empty() &&
              value.get_ref<const std::string&>().size() <= ATTRIBUTE_BYTES_MOST;
  if (!good) throw GroupTextError("attribute-of-1-to-256-bytes?", value);
  return value;
}

}  // namespace

json jsonOf(const HostPlacement& placement) {
  json out{{"type", nameIn(PLACEMENTS, placement.type)}};
  bool balanced = placement.type == Placement::balanced;
  if (balanced || placement.type == Placement::attributeEquals) {
    out["parameters"]["attribute"] = placement.attribute;
  }
  if (balanced) out["parameters"]["minimum"] = placement.minimum;
  return out;
}

json jsonOf(const StragglerHandling& stragglers) {
  json out{{"type", nameIn(STRAGGLERS, stragglers.type)}};
  if (stragglers.type == Stragglers::quantileDeviation) {
    out["parameters"] = {{"quantile", stragglers.quantile}, {"multiplier", stragglers.multiplier}};
  }
  return out;
}

HostPlacement hostPlacementOf(const json& text) {
  HostPlacement placement;
  placement.type = typeOf(text, PLACEMENTS, "host-placement-type?");
  bool balanced = placement.type == Placement::balanced;
  if (!balanced && placement.type != Placement::attributeEquals) {
    parametersOf(text, {});
    return placement;
  }
  json parameters = balanced ? parametersOf(text, {"attribute", "minimum"})
                             : parametersOf(text, {"attribute"});
  placement.attribute = attributeIn(parameters);
  if (balanced) {
    double minimum = numberIn(parameters, "minimum");
    bool whole = minimum >= 1 && minimum <= std::numeric_limits<int>::max() &&
                 minimum == static_cast<int>(minimum);
    if (!whole) throw GroupTextError("integer-above-0?", parameters["minimum"]);
    placement.minimum = static_cast<int>(minimum);
  }
  return placement;
}

StragglerHandling stragglerHandlingOf(const json& text) {
  StragglerHandling stragglers;
  stragglers.type = typeOf(text, STRAGGLERS, "straggler-handling-type?");
  if (stragglers.type == Stragglers::none) {
    parametersOf(text, {});
    return stragglers;
  }
  json parameters = parametersOf(text, {"quantile", "multiplier"});
  stragglers.quantile = numberIn(parameters, "quantile");
  stragglers.multiplier = numberIn(parameters, "multiplier");
  if (!(stragglers.quantile > 0 && stragglers.quantile < 1)) {
    throw GroupTextError("between-0-and-1?", parameters["quantile"]);
  }
  if (!(stragglers.multiplier > 1)) throw GroupTextError("above-1?", parameters["multiplier"]);
  return stragglers;
}

}  // namespace maitred::cook
