#pragma once
// Jobs as Cook's clients see them.

#include <core/groups.h>
#include <core/transitions.h>

#include <nlohmann/json.hpp>

#include <functional>

namespace maitred::cook {

struct RenderOptions {
  // jobs: groups with names, an empty list when there are none. raw: ids only, absent when none.
  // list: ids only, and the keys that Cook has not translated there (`submit-pool`).
  enum class Form { jobs, raw, list };
  const MeaCulpaLimits* limits;
  Form form = Form::jobs;
  // What clients are told that a backend instance is: "mesos", "kubernetes".
  std::function<std::string(const std::string& cluster)> typeOf;
};

nlohmann::json render(const Job& job, const RenderOptions& options);
nlohmann::json render(const Instance& instance, const RenderOptions& options);
// As /instances has it: with its job in short.
nlohmann::json renderWithJob(const Job& job, const Instance& instance,
                             const RenderOptions& options);
// A waiting job in the form of /queue, whose keys have the names of Cook's own database. `group`:
// the job's; null if it has none.
nlohmann::json renderInternal(const Job& job, const GroupSpec* group);

// An instance in the form of /running.
nlohmann::json renderInternal(const Job& job, const Instance& instance);

}  // namespace maitred::cook
