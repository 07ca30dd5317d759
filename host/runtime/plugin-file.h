#pragma once
// The shared object behind an instance.

#include "host/base/failure.h"
#include "host/config/config.h"
#include "host/plugins/file-stamp.h"
#include "host/plugins/plugin-manifests.h"

#include <string>
#include <variant>

namespace maitred::host {

struct PluginFile {
  std::string path;   // absolute
  std::string stamp;  // see fileStamp(); a file that was built anew has another one
};

// The instance's library; throws with the refusal's sentence if it is no longer a plugin. Reads
// files.
inline PluginFile libraryFile(PluginManifests& plugins, const Instance& instance) {
  auto result = plugins.library(instance.library);
  if (auto* refusal = std::get_if<Refusal>(&result)) fail(refusal->sentence().c_str());
  std::string path = std::get<LibraryPtr>(result)->path();
  return {path, fileStamp(path)};
}

}  // namespace maitred::host
