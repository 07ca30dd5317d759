#pragma once
// What the commands read from a job as Cook's REST interface renders it (fields: snake_case).

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>

namespace maitred::cook::cli {

struct JobView {
  explicit JobView(const nlohmann::json& job);

  std::string uuid, name, user, state, host,
      reason;             // reason: of the latest instance, if it failed
  std::string outputUrl;  // of the latest instance; empty until known
  double cpus, memMib;
  int64_t submitMs;
  int64_t startMs = 0;    // of the first instance; 0: none yet
  int64_t endMs = 0;      // of the latest instance; 0: not ended
  double cpuSeconds = 0;  // of all instances that have ended
  double runSeconds = 0;
  size_t instances;
  bool completed;
  bool succeeded;
};

}  // namespace maitred::cook::cli
