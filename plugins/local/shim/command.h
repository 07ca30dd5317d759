#pragma once
#include "cgroup/cgroup.h"
#include "sandbox-setup.h"

#include <string>

#include <sys/types.h>

namespace maitred::local {

// Starts the task's main process: session and process group of its own (so its pid is its group),
// the account's rights, the sandbox as its folder, fresh signals, no descriptor but the three; its
// output's are closed in `folders`. Throws StartFailure. A command that cannot be executed is not
// one: it exits with 127 or 126 as it does under a shell.
pid_t startCommand(Launch::Reader launch, Folders& folders, Cgroup& cgroup);

// The same surroundings for `sh -c text`, output discarded: health probes.
[[noreturn]] void becomeProbeCommand(Launch::Reader launch, const Folders& folders);

// In a forked child: default signals, none blocked, and no descriptor from `first` on but `keep`
// (-1: none).
void cleanChild(int first, int keep);

}  // namespace maitred::local
