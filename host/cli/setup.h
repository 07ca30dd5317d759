#pragma once
// What several commands need: where plugins and policies lie, and the config that they ask for.

#include "command.h"
#include "host/config/config.h"
#include "host/plugins/plugin-manifests.h"

#include <memory>

namespace maitred::host::cli {

// Adds --plugin-path and --policy-path.
void addPathOptions(po::options_description& options);
// Adds FILE (positional), --set and the path options.
void addConfigOptions(po::options_description& options);

// --plugin-path, then MAITRED_PLUGIN_PATH (colon separated), then PluginPath::defaultDirectories().
std::vector<std::string> pluginDirectories(const po::variables_map& values);
// --policy-path, then the shipped policies: <executable>/../share/maitred/lua-policies, or, in a
// build tree, the source's own.
std::vector<std::string> policyDirectories(const po::variables_map& values);

// A plugin by its name, by the word of its commands, or by the path of its file. A file is read
// wherever it lies: looking runs none of its code.
LibraryResult findPlugin(const std::string& subject, PluginPath& path);

// The templates of `maitred plugins new`, as installed or in the source tree; empty if neither.
std::string pluginTemplates();

// From FILE, --set and the paths; `manifests` must outlive the result's use.
Options configOptions(const po::variables_map& values, PluginManifests& manifests);

// The file that is meant when none is named.
constexpr const char* defaultConfig = "maitred.yaml";

// One of the allowed words; throws UsageError with the nearest otherwise.
std::string oneOf(const po::variables_map& values, const char* option, const Words& allowed);

}  // namespace maitred::host::cli
