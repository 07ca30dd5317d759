#pragma once
// All processes below a shim. The shim is their subreaper: whatever a task leaves behind, in
// whatever session, becomes its child in the end and can be found. Only for a process whose
// children are all the task's.

#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace maitred::local {

// Makes the calling process the one that inherits orphans.
void becomeReaper();

// Every descendant, without those that ended.
std::vector<pid_t> descendants();

// Memory that belongs to them alone (resident, without file-backed and shared pages), in bytes.
uint64_t privateMemory(const std::vector<pid_t>& processes);

// SIGKILL to every descendant, repeated until none is left (each is reaped) or the time is over.
// `group` is a process group to begin with, 0 for none. True if none is left.
bool killFamily(pid_t group, int64_t timeoutMs);

}  // namespace maitred::local
