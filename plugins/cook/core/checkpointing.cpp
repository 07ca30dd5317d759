#include "checkpointing.h"

#include "reasons.h"

#include <algorithm>

namespace maitred::cook {
namespace {

bool counts(int reason) {
  switch (reason) {
    case Reason::MAX_RUNTIME:
    case Reason::NON_ZERO_EXIT:
    case Reason::LAUNCH_FAILED:
    case Reason::MEMORY_LIMIT:
    case Reason::UNKNOWN_TO_BACKEND:
    case Reason::STRAGGLER:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool mayCheckpoint(const CheckpointSettings& settings, const Job& job, int number) {
  if (settings.disabled) return false;
  const auto& pools = settings.pools;
  bool here = pools.empty() || std::find(pools.begin(), pools.end(), job.spec.pool.str()) !=
                                   pools.end();
  if (!here || settings.attemptsMost == 0) return here;
  auto failures = std::count_if(job.instances.begin(), job.instances.end(), [&](auto& one) {
    return one.number < number && one.status == InstanceStatus::failed && counts(one.reason);
  });
  return failures < settings.attemptsMost;
}

}  // namespace maitred::cook
