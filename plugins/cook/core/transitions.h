#pragma once
// The two state machines, as pure functions.

#include "reasons.h"
#include "types.h"

namespace maitred::cook {

// Whether an instance may go from one status to the other; all else is ignored.
bool mayBecome(InstanceStatus from, InstanceStatus to);

// The state of a job that follows from its instances.
JobState nextState(JobState current, std::span<const InstanceStatus> instances,
                   std::int64_t consumed, std::int64_t maxRetries);

// Attempts that the job's instances have used up, and what is left (never below 0).
int attemptsConsumed(const Job& job, const MeaCulpaLimits& limits);
std::int64_t retriesRemaining(const Job& job, const MeaCulpaLimits& limits);

// nextState() of a whole job.
JobState nextState(const Job& job, const MeaCulpaLimits& limits);

}  // namespace maitred::cook
