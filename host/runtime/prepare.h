#pragma once
// Prepare: everything about a new config that can fail, done before anything of the old one is
// touched.

#include "host/config/config.h"
#include "host/config/tools.h"
#include "host/graph/graph.h"
#include "host/plugins/plugin-manifests.h"
#include "host/runtime/incarnation.h"
#include "host/runtime/listen-socket.h"

#include <maitred/async.h>

#include <memory>
#include <optional>
#include <string>

namespace maitred::host {

// A config that can be run: read, linked, approved by its plugins, its addresses bound.
struct Prepared {
  std::shared_ptr<const LoadedConfig> config;
  graph::Graph graph;
  ListenSockets sockets;
  std::map<std::string, std::string> libraries;  // instance -> absolute path of the .so
};

struct PrepareResult {
  std::optional<Prepared> prepared;  // absent if something is wrong
  Diagnostics diagnostics;           // warnings as well
};

// How configs are loaded; the pointers outlive all that is prepared.
struct Preparation {
  Options load;
  PluginManifests* plugins;
  std::string executable;
  LoopIo io;
};

// `former`: the config in force, whose sockets are kept and whose unchanged plugins are not asked
// again; null at the start. With `bind` false no address is bound: a dry run.
Async<PrepareResult> prepare(const Preparation& how, const Prepared* former, bool bind);

}  // namespace maitred::host
