#pragma once
// Subject: the plugin that is tested, and the config with which it is started.

#include "host/config/config.h"
#include "host/plugins/plugin-manifests.h"

#include <memory>
#include <string>
#include <vector>

namespace maitred::host::conform {

struct SubjectOptions {
  std::string library;  // absolute path of the .so
  // Empty: defaults, and the examples of the schema for keys that are required. The path of a
  // configuration file in which an instance has this library: that one's `config`. Otherwise YAML:
  // what would stand under an instance's `config:`.
  std::string config;
  std::string scratch;  // a folder that may be filled; state and made-up paths lie below it
  std::vector<std::string> pluginPath, policyPath;
};

class Subject {
 public:
  // Throws Failed with the refusal's sentence, or with all faults of the config. Runs no code of
  // the plugin.
  explicit Subject(const SubjectOptions& options);

  const Library& library() const { return *file; }
  manifest::Manifest::Reader manifest() const { return file->manifest(); }
  const Instance& instance() const { return *which; }
  bool provides(uint64_t interfaceId) const;
  bool needs(manifest::HostCapability capability) const;
  std::string policyPath() const;  // colon separated

 private:
  void load(const SubjectOptions& options);

  LibraryPtr file;
  std::unique_ptr<PluginManifests> manifests;
  ConfigResult loaded;
  std::vector<std::string> policies;
  const Instance* which = nullptr;
};

}  // namespace maitred::host::conform
