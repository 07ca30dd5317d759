#pragma once
// The shim: one small process per task, forked (not executed) by the spawner. It prepares the
// sandbox, starts the command, holds its limits, obeys the plugin's signals (control.h), cleans up
// behind it, and writes down how it ended. It needs nobody: plugin and host may come and go
// meanwhile.

#include "record.capnp.h"

namespace maitred::local {

// Runs one task to its end and leaves the process. The exit code is 0 if the plugin was told of the
// end; else whoever reaps us must make it look at the files.
[[noreturn]] void runShim(Launch::Reader launch);

}  // namespace maitred::local
