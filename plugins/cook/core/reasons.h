#pragma once
// Why instances end, under the codes and texts that Cook's clients know, and what each costs.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace maitred::cook {

struct Reason {
  int code;
  const char* name;
  const char* text;
  bool meaCulpa;                // the system's fault: free of charge up to a limit
  std::optional<int> ownLimit;  // free failures of this reason; none = the global default

  // The ones that this program gives itself.
  static constexpr int NORMAL_EXIT = 1000;
  static constexpr int KILLED_BY_USER = 1001;
  static constexpr int PREEMPTED = 1002;
  static constexpr int CONTAINER_PREEMPTED = 1003;
  static constexpr int KILLED_EXTERNALLY = 1008;
  static constexpr int READINESS_TIMED_OUT = 1009;
  static constexpr int SCHEDULING_FAILED = 1006;
  static constexpr int DISK_LIMIT = 2001;
  static constexpr int MEMORY_LIMIT = 2002;
  static constexpr int MAX_RUNTIME = 2003;
  static constexpr int STRAGGLER = 2004;
  static constexpr int TASK_INVALID = 3004;
  static constexpr int TASK_UNAUTHORIZED = 3005;
  static constexpr int NODE_REMOVED = 4000;
  static constexpr int NODE_RESTARTED = 4001;
  static constexpr int LAUNCH_FAILED = 4003;
  static constexpr int NODE_SILENT = 4006;
  static constexpr int START_TIMED_OUT = 6000;
  static constexpr int UNKNOWN_TO_BACKEND = 99001;
  static constexpr int EXECUTOR_TERMINATED = 99002;
  static constexpr int NON_ZERO_EXIT = 99003;
};

// All of them, by ascending code.
std::span<const Reason> reasons();
const Reason* findReason(int code);
const Reason* findReason(std::string_view name);

// How many failures that are not the user's fault are free. -1 = all.
struct MeaCulpaLimits {
  int global = 5;
  std::map<int, int> byCode;  // overrides of single reasons
};

// One terminal instance in the eyes of the accounting.
struct Attempt {
  std::optional<int> code;
  bool meaCulpa = false;
  std::optional<int> ownLimit;
};
Attempt attemptOf(int reason, const MeaCulpaLimits& limits);

// Attempts consumed: each attempt costs one, except that failures of the system's making are free
// up to their limit, counted per reason. With `disableMeaCulpa` nothing is free.
int attemptsConsumed(std::span<const Attempt> attempts, int globalLimit, bool disableMeaCulpa);

}  // namespace maitred::cook
