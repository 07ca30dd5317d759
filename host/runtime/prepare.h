#pragma once
// Prepare: everything about a new config that can fail, done before anything of the old one is
// touched.

#include "host/config/config.h"
#include "host/config/tools.h"
#include "host/graph/graph.h"
#include "host/plugins/plugin-manifests.h"
#include "host/runtime/incarnation.h"
#include "host/runtime/listen-socket.h"
#include "host/runtime/plugin-file.h"

#include <maitred/async.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace maitred::host {

// A config that can be run: read, linked, approved by its plugins, its addresses bound.
struct Prepared {
  std::shared_ptr<const LoadedConfig> config;  // keeps the manifests that it was read with
  graph::Graph graph;
  ListenSockets sockets;
  std::map<std::string, PluginFile> libraries;  // of each instance
};

struct PrepareResult {
  std::optional<Prepared> prepared;  // absent if something is wrong
  Diagnostics diagnostics;           // warnings as well
};

// How configs are loaded.
struct Preparation {
  Options load;              // its `manifests` are not used
  PluginManifests* plugins;  // where plugins are looked for; each config reads them afresh
  std::string executable;
  LoopIo io;
  std::function<void(const std::string&)> notice = nullptr;  // why it takes long; null: to nobody
};

// `former`: the config in force, whose sockets are kept and whose unchanged plugins are not asked
// again unless their library was built anew; null at the start, which waits up to 3 s for addresses
// that are in use. With `bind` false no address is bound: a dry run. Files are read on the pool of
// maitred::offload.
Async<PrepareResult> prepare(const Preparation& how, const Prepared* former, bool bind);

}  // namespace maitred::host
