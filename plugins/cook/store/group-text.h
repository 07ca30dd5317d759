#pragma once
// What a group wants of the places of its jobs and of stragglers, as JSON: in requests, responses
// and the store alike, {"type": "balanced", "parameters": {"attribute": "rack", "minimum": 3}}.

#include <core/groups.h>

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace maitred::cook {

// How the text breaks the form that it must have: the predicate that it fails, and what fails it.
struct GroupTextError : std::runtime_error {
  GroupTextError(const std::string& predicate, nlohmann::json value)
      : std::runtime_error(predicate + " " + value.dump()), predicate(predicate), value(value) {}
  std::string predicate;
  nlohmann::json value;
};

nlohmann::json jsonOf(const HostPlacement& placement);
nlohmann::json jsonOf(const StragglerHandling& stragglers);
// They throw GroupTextError.
HostPlacement hostPlacementOf(const nlohmann::json& text);
StragglerHandling stragglerHandlingOf(const nlohmann::json& text);

}  // namespace maitred::cook
