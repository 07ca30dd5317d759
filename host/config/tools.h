#pragma once
// What is made from a config or from its schemas: print-outs, comparison, documentation, first
// files.
//
// All of them write to a stream and return whether there was something to write; the command line
// adds only flags.

#include "config.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace maitred::host {

// `maitred check --print-effective`: the whole config as YAML, defaults filled in, secrets as
// `***`, units as people write them. Can be loaded again, apart from the secrets.
void printEffective(std::ostream& out, const LoadedConfig& config);

// `maitred check --explain KEY`: type, default, range, unit, example and documentation of one key,
// e.g. "host.log.level", "plugins.cook.config.store" (an instance's name) or "plugins.name". False,
// with a sentence that names the nearest keys, if there is no such key. `config` may be null: then
// only the host's keys are known.
bool checkExplain(std::ostream& out, const std::string& key, const LoadedConfig* config);

// What a reload has to do for one instance.
enum class Change { unchanged, configChanged, wiringChanged, added, removed };
struct InstanceChange {
  std::string name;
  Change change;
  std::string why;  // "config.store, listen.rest"; never a value
};
struct ConfigDiff {
  std::vector<InstanceChange> instances;  // those of `next` in its order, then the removed ones
  std::vector<std::string> host;          // host keys that differ, e.g. "log.level"
};
// `configChanged`: only the plugin's `config` differs, so reconfigure() may do. `wiringChanged`:
// library, isolation, uses, listen or limits differ, so it is started again.
ConfigDiff diffConfigs(const LoadedConfig& current, const LoadedConfig& next);

// `maitred config-docs`: Markdown reference of maitred.yaml itself, or of one plugin.
void writeHostDocs(std::ostream& out);
void writePluginDocs(std::ostream& out, manifest::Embedded::Reader plugin);

// JSON Schema (2020-12) for editors: of a plugin's config; of a whole file with these plugins,
// whose configs are chosen by `library`.
void writePluginJsonSchema(std::ostream& out, manifest::Embedded::Reader plugin);
void writeFileJsonSchema(std::ostream& out, const std::vector<manifest::Embedded::Reader>& plugins);

// `maitred init`: a commented first maitred.yaml with a local backend and a queue. Keys of plugins
// whose manifest is known are documented from their schema.
void writeInitialConfig(std::ostream& out, ManifestSource* manifests);

}  // namespace maitred::host
