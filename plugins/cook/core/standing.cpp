#include "standing.h"

#include <algorithm>

namespace maitred::cook {
namespace {

// What waits, as far as there is room up to the limits.
Usage upTo(const Usage& waiting, const Usage& running, double mem, double cpus, double gpus,
           std::int64_t count) {
  return {std::clamp(mem - running.mem, 0.0, waiting.mem),
          std::clamp(cpus - running.cpus, 0.0, waiting.cpus),
          std::clamp(gpus - running.gpus, 0.0, waiting.gpus),
          std::clamp<std::int64_t>(count - running.count, 0, waiting.count)};
}

}  // namespace

const char* name(Satisfaction satisfaction) {
  switch (satisfaction) {
    case Satisfaction::starved:
      return "starved";
    case Satisfaction::hungry:
      return "hungry";
    case Satisfaction::satisfied:
      return "satisfied";
    default:
      return "none";
  }
}

Standing standingOf(const Usage& running, const Usage& waiting, const Share& share,
                    const Quota& quota, bool gpusAlone) {
  Standing found;
  found.running = running.count > 0;
  found.waiting = waiting.count > 0;
  found.score = gpusAlone ? running.gpus / share.gpus
                          : std::max(running.mem / share.mem, running.cpus / share.cpus);
  if (!found.waiting) {
    if (found.running) found.satisfaction = Satisfaction::satisfied;
    return found;
  }
  bool starved =
      running.mem < share.mem && running.cpus < share.cpus && running.gpus < share.gpus;
  found.satisfaction = starved ? Satisfaction::starved : Satisfaction::hungry;
  if (starved) {
    found.starvedOf = upTo(waiting, running, share.mem, share.cpus, share.gpus,
                           Quota::UNLIMITED_COUNT);
  }
  found.waitsUnderQuota = running.mem < quota.mem && running.cpus < quota.cpus &&
                          running.gpus < quota.gpus && running.count < quota.count;
  if (found.waitsUnderQuota) {
    found.underQuota =
        upTo(waiting, running, quota.mem, quota.cpus, quota.gpus, quota.count);
  }
  return found;
}

}  // namespace maitred::cook
