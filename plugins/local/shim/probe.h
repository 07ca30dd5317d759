#pragma once
// Health probes of one task. Each check is a short-lived child of the shim that says by its exit
// code whether the task is well; so a check that hangs costs nothing but itself.

#include "sandbox-setup.h"

#include <optional>

#include <sys/types.h>

namespace maitred::local {

class Prober {
 public:
  Prober(Launch::Reader launch, const Folders& folders, int64_t startedMs);

  // When something is due, in steadyMs(); nothing without a probe.
  std::optional<int64_t> dueAt() const;
  // Starts a check that is due, or ends one that takes too long.
  void tick(int64_t nowMs);
  // A child has ended. True if it was ours and what we say of the task's health has changed.
  bool childEnded(pid_t pid, int waitStatus, int64_t nowMs);

  backend::Health health() const { return current; }
  bool failedTooOften() const { return tooOften; }

 private:
  Launch::Reader launch;
  const Folders& folders;
  Probe::Reader probe;
  int64_t graceEnd;
  int64_t next;
  int64_t interval, timeout;
  pid_t running = 0;
  unsigned failures = 0;    // in a row
  bool wasHealthy = false;  // once: then there is no grace any more
  bool tooOften = false;
  backend::Health current = backend::Health::UNKNOWN;
};

}  // namespace maitred::local
