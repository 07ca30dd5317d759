#pragma once
// Runtimes: which instances have run for too long, by the limits of the queue and their job
// (lingering), or by what others of their group took (stragglers).

#include "book.h"

namespace maitred::cook {

// For jobs that say nothing of it, and for all; ms.
struct RuntimeLimits {
  std::int64_t defaultMs = 3'600'000;
  std::int64_t mostMs = 3'600'000;
  bool operator==(const RuntimeLimits&) const = default;
  // Of one job.
  std::int64_t of(const JobSpec& spec) const {
    std::int64_t own = spec.maxRuntimeMs == JobSpec::NO_RUNTIME_LIMIT ? defaultMs
                                                                      : spec.maxRuntimeMs;
    return std::min(own, mostMs);
  }
};

// Whether it has run for longer than it may.
bool lingers(const JobSpec& spec, const Instance& live, const RuntimeLimits& limits,
             std::int64_t nowMs);
// All that do, but for those that are being killed.
std::vector<Uuid> lingering(const Book& book, const RuntimeLimits& limits, std::int64_t nowMs);

// How long an instance of the group may run at present; nothing: too few have succeeded to tell.
// Runtimes count in whole seconds.
std::optional<std::int64_t> stragglerLimitMs(const StragglerHandling& handling,
                                             const std::vector<Job*>& group);
// The live instances above their group's limit, but for those that are being killed.
std::vector<Uuid> stragglers(const Book& book, std::int64_t nowMs);

}  // namespace maitred::cook
