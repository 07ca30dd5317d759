#pragma once
// runHost: `maitred run`. The one place where loop, signals, log, admin socket and supervisor come
// together.

#include "host/config/config.h"
#include "host/plugins/plugin-manifests.h"

#include <string>
#include <vector>

namespace maitred::host {

struct RunOptions {
  Options load;  // file, overrides, policyPath; `manifests` is set to `plugins` here
  PluginManifests* plugins = nullptr;  // not null; outlives the call
  std::string version;                 // shown by `ctl status`
  // What is started as `<executable> worker …`; it must hand such an argv to workerMain().
  std::string executable = "/proc/self/exe";
};

// Loads the config, binds, starts everything and runs until SIGTERM, SIGINT or `ctl drain`. Returns
// the process's exit code: 0 after an orderly end, 1 if it could not start (the faults are on
// stderr), 2 for a faulty config. Never throws. Once a process, on the main thread before others
// exist: it captures signals.
//
//   SIGTERM, SIGINT  drain in reverse order within `host.drain_timeout`; a second one ends at once
//   SIGHUP           reload
//   SIGUSR1          open the log file anew
int runHost(RunOptions options);

}  // namespace maitred::host
