#pragma once
// Loading maitred.yaml: from a file to typed settings, with every fault in one pass.
//
//   ConfigResult result = loadConfig({.file = "maitred.yaml", .manifests = source});
//   result.diagnostics.write(std::cerr, Format::text);
//   if (!result.diagnostics.ok()) return result.diagnostics.exitCode(strict);
//   for (const Instance& plugin : result.config->instances()) …
//
// No plugin code is run and nothing is bound or written. One thread; a LoadedConfig is immutable
// afterwards and may be read from several threads, except for Diagnostics.

#include "diagnostics.h"
#include "manifest-source.h"
#include "source-map.h"

#include <maitred/schema/manifest.capnp.h>
#include <maitred/schema/plugin.capnp.h>

#include <host/schema/host.capnp.h>

#include <capnp/dynamic.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace maitred::host {

struct Options {
  std::string file = "maitred.yaml";
  // `--set KEY=VALUE`, in order; the later wins. KEY is a path with dots; an element of `plugins`
  // is addressed by instance name or by position. VALUE is YAML.
  std::vector<std::string> overrides;
  // Value of an environment variable; null for one that is not set. The process's own when empty.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  // Searched for policies after `host.policy_path`, before the folder of the config file: the
  // shipped ones.
  std::vector<std::string> policyPath;
  // Manifests of plugins; a load without one checks everything but the plugins' own parts.
  ManifestSource* manifests = nullptr;
};

struct Use {
  std::string requirement;
  std::vector<std::string> instances;
};

struct Listener {
  std::string name;     // as in the manifest
  std::string address;  // "127.0.0.1:80", "[::1]:80", "*:80", "unix:/absolute/path"
  bool fromDefault;     // not written: the manifest's default
};

// Where a path of the config lies, for plugin.capnp's PathValue.
struct PathEntry {
  ConfigPath path;  // below the instance's `config`
  std::string absolute;
};

class PluginSchema;  // config struct of one library: schema nodes, docs

// One element of `plugins`, defaults and overrides resolved.
struct Instance {
  size_t index = 0;  // position in the merged `plugins` list: path {"plugins", "<index>"}
  std::string name;
  std::string library;    // as written; a path with a slash is absolute
  bool inlined = false;   // isolation
  std::vector<Use> uses;  // in the order written
  std::vector<Listener> listeners;
  std::string stateDirectory;  // absolute: host.state/<name>; not created here
  uint64_t memoryLimit = 0;    // bytes; 0 = none
  uint32_t inFlightMax = 0;    // of each of its edges
  uint32_t deadlineMs = 0;
  std::vector<PathEntry> paths;
  std::shared_ptr<PluginSchema> schema;  // null where the manifest is missing

  // The manifest; null where it is missing.
  kj::Maybe<manifest::Manifest::Reader> manifest() const;
  kj::Maybe<manifest::Embedded::Reader> embedded() const;
  // The plugin's config, for Plugin.check() and start(); a null pointer if it takes none. Paths in
  // it are absolute, units are resolved. Valid while the LoadedConfig lives.
  capnp::AnyPointer::Reader config() const;
  // The same with its schema; null if it takes none.
  kj::Maybe<capnp::DynamicStruct::Reader> typedConfig() const;

  std::shared_ptr<capnp::MallocMessageBuilder> message;
};

// A text that must not leave the host; for Redactor alone.
struct Confidential {
  std::string text;
  bool secret;  // the value of a $secret field; else it came from a variable or a `file:` reference
};

class LoadedConfig {
 public:
  LoadedConfig();
  ~LoadedConfig() noexcept(false);
  KJ_DISALLOW_COPY(LoadedConfig);

  // Absolute path of the file, and of its folder.
  const std::string& file() const { return filePath; }
  std::string folder() const;

  // Settings of the core. Paths are absolute, defaults filled: state, admin.socket, log.file.
  settings::Host::Reader host() const;

  const std::vector<Instance>& instances() const { return plugins; }
  const Instance* instance(std::string_view name) const;

  const SourceMap& sources() const { return map; }
  // Place of a path below an instance's `config`: for the problems that a plugin reports. Empty
  // path: its `config`.
  Location locate(const Instance& instance, const ConfigPath& below) const;
  // Place of the instance's name; of its edge to `provider` under `uses` (for cycles).
  Location locate(const Instance& instance) const;
  Location locateUse(const Instance& instance, std::string_view requirement,
                     std::string_view provider) const;

  // Filled by loadConfig().
  std::string filePath;
  std::vector<Confidential> confidential;
  capnp::MallocMessageBuilder message;  // root: settings::File, without the plugins' configs
  std::vector<Instance> plugins;
  SourceMap map;
};

struct ConfigResult {
  // Present whenever the main file could be read as YAML, so that further checks can add their
  // part. To be run only if `diagnostics.ok()`.
  std::unique_ptr<LoadedConfig> config;
  Diagnostics diagnostics;
};

ConfigResult loadConfig(const Options& options);

// Adds what a plugin's check() found to the report, each at its place in the file.
void addProblems(Diagnostics& diagnostics, const LoadedConfig& config, const Instance& instance,
                 capnp::List<plugin::Problem>::Reader problems);

}  // namespace maitred::host
