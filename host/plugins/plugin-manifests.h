#pragma once
// PluginManifests: the manifests of installed plugins, for the config reader, and their files, for
// the runtime.

#include "host/config/manifest-source.h"
#include "plugin-path.h"

#include <memory>

namespace maitred::host {

class PluginManifests final : public ManifestSource {
 public:
  // `defaults` are searched after the config's own `host.plugin_path`.
  explicit PluginManifests(std::vector<std::string> defaults = PluginPath::defaultDirectories());

  // Another one over the same defaults, which has read nothing yet.
  std::unique_ptr<PluginManifests> fresh() const {
    return std::make_unique<PluginManifests>(defaults);
  }

  void searchIn(const std::vector<std::string>& folders) override;
  kj::Maybe<manifest::Embedded::Reader> find(kj::StringPtr libraryText,
                                             kj::String& whereLooked) override;

  // The plugin itself: path() is what a worker loads. As of the last searchIn().
  LibraryResult library(const std::string& libraryText) { return path.find(libraryText); }
  PluginPath& plugins() { return path; }

 private:
  std::vector<std::string> defaults;
  PluginPath path;
  std::vector<LibraryPtr> kept;  // readers handed out point into these
};

}  // namespace maitred::host
