#include "reasons.h"

#include <algorithm>
#include <array>

namespace maitred::cook {
namespace {

constexpr bool YES = true;
constexpr bool NO = false;
constexpr auto NONE = std::nullopt;

constexpr std::array TABLE{
    Reason{1000, "normal-exit", "Normal exit", NO, NONE},
    Reason{1001, "reason-killed-by-user", "Killed by user", NO, NONE},
    Reason{1002, "preempted-by-rebalancer", "Preempted by rebalancer", YES, NONE},
    Reason{1003, "mesos-container-preempted", "Container preempted by Mesos", NO, NONE},
    Reason{1004, "killed-during-launch", "Killed during launch", NO, NONE},
    Reason{1005, "running", "Running", NO, NONE},
    Reason{1006, "scheduling-failed-on-host", "Scheduling failed on host", YES, 3},
    Reason{1007, "container-initialization-timed-out", "Container initialization timed out", NO,
           NONE},
    Reason{1008, "killed-externally", "Killed externally", YES, NONE},
    Reason{1009, "container-readiness-timed-out", "Container readiness timed out", YES, NONE},
    Reason{1010, "pod-submission-api-error", "Kubernetes pod submission API error", YES, NONE},
    Reason{2000, "mesos-container-limitation", "Container limitation reached", NO, NONE},
    Reason{2001, "mesos-container-limitation-disk", "Container disk limitation exceeded", NO, NONE},
    Reason{2002, "mesos-container-limitation-memory", "Container memory limit exceeded", NO, NONE},
    Reason{2003, "max-runtime-exceeded", "Task max runtime exceeded", NO, NONE},
    Reason{2004, "straggler", "Task was a straggler", YES, NONE},
    Reason{3000, "mesos-reconciliation", "Mesos task reconciliation", NO, NONE},
    Reason{3001, "mesos-invalid-framework-id", "Invalid Mesos framework id", YES, NONE},
    Reason{3002, "mesos-invalid-offers", "Invalid Mesos offer", YES, NONE},
    Reason{3003, "mesos-resources-unknown", "Resource unknown", NO, NONE},
    Reason{3004, "mesos-task-invalid", "Invalid task", NO, NONE},
    Reason{3005, "mesos-task-unauthorized", "Unauthorized task", NO, NONE},
    Reason{3006, "mesos-task-unknown", "Unknown task", NO, NONE},
    Reason{3007, "mesos-slave-unknown", "Agent unknown", NO, NONE},
    Reason{3008, "could-not-reconstruct-pod", "Could not reconstruct pod", YES, NONE},
    Reason{4000, "mesos-slave-removed", "Agent removed", YES, NONE},
    Reason{4001, "mesos-slave-restarted", "Mesos agent restarted", YES, NONE},
    Reason{4002, "mesos-gc-error", "Mesos agent GC error", YES, NONE},
    Reason{4003, "mesos-container-launch-failed", "Container launch failed", YES, 10},
    Reason{4004, "mesos-container-update-failed", "Container update failed", NO, NONE},
    Reason{4005, "mesos-slave-disconnected", "Agent disconnected", YES, NONE},
    Reason{4006, "heartbeat-lost", "Unable to contact agent", YES, NONE},
    Reason{5000, "mesos-framework-removed", "Mesos framework removed", YES, NONE},
    Reason{5001, "mesos-master-disconnected", "Mesos master disconnected", YES, NONE},
    Reason{6000, "mesos-executor-registration-timeout", "Mesos executor registration timed out",
           YES, NONE},
    Reason{6001, "mesos-executor-reregistration-timeout",
           "Mesos executor re-registration timed out", NO, NONE},
    Reason{6002, "mesos-executor-unregistered", "Mesos executor unregistered", NO, NONE},
    Reason{99000, "unknown", "Unknown reason", NO, NONE},
    Reason{99001, "mesos-unknown", "Unknown mesos reason", NO, NONE},
    Reason{99002, "mesos-executor-terminated", "Mesos executor terminated", YES, 3},
    Reason{99003, "mesos-command-executor-failed", "Command exited non-zero", NO, NONE},
};

}  // namespace

std::span<const Reason> reasons() {
  return TABLE;
}

const Reason* findReason(int code) {
  auto at = std::lower_bound(TABLE.begin(), TABLE.end(), code,
                             [](const Reason& one, int wanted) { return one.code < wanted; });
  return at != TABLE.end() && at->code == code ? &*at : nullptr;
}

const Reason* findReason(std::string_view name) {
  auto at =
      std::find_if(TABLE.begin(), TABLE.end(), [&](const Reason& one) { return name == one.name; });
  return at == TABLE.end() ? nullptr : &*at;
}

Attempt attemptOf(int code, const MeaCulpaLimits& limits) {
  const Reason* reason = code == 0 ? nullptr : findReason(code);
  if (reason == nullptr) return {};
  Attempt attempt{code, reason->meaCulpa, reason->ownLimit};
  if (auto own = limits.byCode.find(code); own != limits.byCode.end()) {
    attempt.ownLimit = own->second;
  }
  return attempt;
}

int attemptsConsumed(std::span<const Attempt> attempts, int globalLimit, bool disableMeaCulpa) {
  int consumed = 0;
  std::map<int, int> seen;  // by reason: how many of the system's own
  for (const Attempt& attempt : attempts) {
    if (!attempt.meaCulpa || !attempt.code) {
      ++consumed;
      continue;
    }
    int limit = disableMeaCulpa ? 0 : attempt.ownLimit.value_or(globalLimit);
    int count = ++seen[*attempt.code];
    if (limit >= 0 && count > limit) ++consumed;
  }
  return consumed;
}

}  // namespace maitred::cook
