#pragma once
// Jobs as Cook's clients see them.

#include <core/transitions.h>

#include <nlohmann/json.hpp>

#include <functional>

namespace maitred::cook {

struct RenderOptions {
  const MeaCulpaLimits* limits;
  // /jobs: groups with names, an empty list when there are none. /rawscheduler: ids only, absent
  // when none.
  bool groupsWithNames = true;
  // The kind of a backend instance by its name: "local", "kubernetes", …
  std::function<std::string(const std::string& cluster)> kindOf;
};

nlohmann::json render(const Job& job, const RenderOptions& options);
nlohmann::json render(const Instance& instance, const RenderOptions& options);

}  // namespace maitred::cook
