#include "runtimes.h"

#include <algorithm>

namespace maitred::cook {
namespace {

bool isBeingKilled(const Job& job, const Instance& live) {
  return job.state == JobState::completed || live.cancelled;
}

}  // namespace

bool lingers(const JobSpec& spec, const Instance& live, const RuntimeLimits& limits,
             std::int64_t nowMs) {
  return nowMs - live.startMs > limits.of(spec);
}

std::vector<Uuid> lingering(const Book& book, const RuntimeLimits& limits, std::int64_t nowMs) {
  std::vector<Uuid> found;
  book.eachLive([&](const Job& job) {
    const Instance& live = *job.live();
    if (!isBeingKilled(job, live) && lingers(job.spec, live, limits, nowMs)) {
      found.push_back(live.taskId);
    }
  });
  return found;
}

std::optional<std::int64_t> stragglerLimitMs(const StragglerHandling& handling,
                                             const std::vector<Job*>& group) {
  if (handling.type == StragglerHandling::Type::none || group.empty()) return std::nullopt;
  std::vector<std::int64_t> seconds;  // that the successes took
  for (const Job* job : group) {
    for (const Instance& one : job->instances) {
      if (one.status != InstanceStatus::success) continue;
      seconds.push_back((one.endMs - one.startMs) / 1000);
    }
  }
  auto index = static_cast<std::size_t>(static_cast<double>(group.size() - 1) * handling.quantile);
  if (seconds.size() <= index) return std::nullopt;
  auto at = seconds.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(seconds.begin(), at, seconds.end());
  constexpr double FOREVER_MS = 4e15;  // which a double still counts exactly
  double limit = handling.multiplier * static_cast<double>(*at) * 1000;
  return static_cast<std::int64_t>(std::clamp(limit, 0.0, FOREVER_MS));
}

std::vector<Uuid> stragglers(const Book& book, std::int64_t nowMs) {
  std::vector<Uuid> found;
  for (const GroupSpec* group : book.liveGroups()) {
    if (group->stragglers.type == StragglerHandling::Type::none) continue;
    std::vector<Job*> jobs = book.jobsOf(group->id);
    auto limit = stragglerLimitMs(group->stragglers, jobs);
    if (!limit) continue;
    for (const Job* job : jobs) {
      const Instance* live = job->live();
      if (live == nullptr || isBeingKilled(*job, *live)) continue;
      if (nowMs - live->startMs > *limit) found.push_back(live->taskId);
    }
  }
  return found;
}

}  // namespace maitred::cook
