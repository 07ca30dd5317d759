#include "transitions.h"

#include <algorithm>

namespace maitred::cook {

bool mayBecome(InstanceStatus from, InstanceStatus to) {
  switch (from) {
    case InstanceStatus::unknown:
      return to != InstanceStatus::unknown;
    case InstanceStatus::running:
      return isTerminal(to);
    case InstanceStatus::success:
    case InstanceStatus::failed:
      return false;
  }
  return false;
}

JobState nextState(JobState current, std::span<const InstanceStatus> instances,
                   std::int64_t consumed, std::int64_t maxRetries) {
  if (current == JobState::completed) return JobState::completed;
  auto any = [&](InstanceStatus wanted) {
    return std::find(instances.begin(), instances.end(), wanted) != instances.end();
  };
  bool alive = any(InstanceStatus::unknown) || any(InstanceStatus::running);
  if (any(InstanceStatus::success)) return JobState::completed;
  if (alive) return JobState::running;
  return consumed >= maxRetries ? JobState::completed : JobState::waiting;
}

int attemptsConsumed(const Job& job, const MeaCulpaLimits& limits) {
  std::vector<Attempt> attempts;
  for (const Instance& one : job.instances) {
    if (isTerminal(one.status)) attempts.push_back(attemptOf(one.reason, limits));
  }
  return attemptsConsumed(attempts, limits.global, job.spec.disableMeaCulpa);
}

std::int64_t retriesRemaining(const Job& job, const MeaCulpaLimits& limits) {
  return std::max<std::int64_t>(0, job.spec.maxRetries - attemptsConsumed(job, limits));
}

JobState nextState(const Job& job, const MeaCulpaLimits& limits) {
  std::vector<InstanceStatus> statuses;
  for (const Instance& one : job.instances) statuses.push_back(one.status);
  return nextState(job.state, statuses, attemptsConsumed(job, limits), job.spec.maxRetries);
}

}  // namespace maitred::cook
