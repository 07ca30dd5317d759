#include "types.h"

#include <algorithm>
#include <array>

namespace maitred::cook {
namespace {

constexpr std::array<const char*, 3> JOB_STATES{"waiting", "running", "completed"};
constexpr std::array<const char*, 4> INSTANCE_STATUSES{"unknown", "running", "success", "failed"};

template <typename Enum, std::size_t N>
std::optional<Enum> lookUp(const std::array<const char*, N>& names, std::string_view name) {
  auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<Enum>(at - names.begin());
}

}  // namespace

const char* name(JobState state) {
  return JOB_STATES[static_cast<std::size_t>(state)];
}
const char* name(InstanceStatus status) {
  return INSTANCE_STATUSES[static_cast<std::size_t>(status)];
}
std::optional<JobState> jobStateOf(std::string_view name) {
  return lookUp<JobState>(JOB_STATES, name);
}
std::optional<InstanceStatus> instanceStatusOf(std::string_view name) {
  return lookUp<InstanceStatus>(INSTANCE_STATUSES, name);
}

Instance* Job::live() {
  for (auto at = instances.rbegin(); at != instances.rend(); ++at) {
    if (!isTerminal(at->status)) return &*at;
  }
  return nullptr;
}

const Instance* Job::unended() const {
  for (auto at = instances.rbegin(); at != instances.rend(); ++at) {
    if (!at->over()) return &*at;
  }
  return nullptr;
}

std::int64_t Job::preemptions() const {
  return std::count_if(instances.begin(), instances.end(),
                       [](const Instance& one) { return one.preempted; });
}

Instance* Job::find(const Uuid& taskId) {
  auto at = std::find_if(instances.begin(), instances.end(),
                         [&](const Instance& one) { return one.taskId == taskId; });
  return at == instances.end() ? nullptr : &*at;
}

const char* outcome(const Job& job) {
  if (job.state != JobState::completed) return name(job.state);
  bool success = std::any_of(job.instances.begin(), job.instances.end(), [](const Instance& one) {
    return one.status == InstanceStatus::success;
  });
  return success ? "success" : "failed";
}

}  // namespace maitred::cook
