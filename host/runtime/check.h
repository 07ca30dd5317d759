#pragma once
// checkPlugins: what the plugins themselves say to a config, asked in throw-away workers.

#include "host/config/config.h"
#include "host/plugins/plugin-manifests.h"

#include <kj/async-io.h>

#include <functional>
#include <string>

namespace maitred::host {

struct CheckOptions {
  std::string executable = "/proc/self/exe";  // see RunOptions
  kj::Duration timeout = 30 * kj::SECONDS;    // for each plugin, from its start
  // Which instances to ask; all when empty.
  std::function<bool(const Instance&)> which;
};

// Asks Plugin.check() of each instance in a worker of its own, at most four at a time, and adds
// what they report to `diagnostics`, each at its place in the file. A worker that crashes, hangs or
// cannot be started is an error at the instance. Nothing of it has side effects; no listeners are
// handed over. Everything referred to must outlive the promise.
kj::Promise<void> checkPlugins(const LoadedConfig& config, PluginManifests& plugins,
                               kj::LowLevelAsyncIoProvider& lowLevel, kj::AsyncIoProvider& provider,
                               kj::UnixEventPort& events, CheckOptions options,
                               Diagnostics& diagnostics);

// The same for the command line: sets up a loop of its own and blocks.
void checkPluginsBlocking(const LoadedConfig& config, PluginManifests& plugins,
                          Diagnostics& diagnostics);

// Links the instances; unknown providers, wrong interfaces and cycles become diagnostics. Pure.
void checkWiring(const LoadedConfig& config, Diagnostics& diagnostics);

}  // namespace maitred::host
