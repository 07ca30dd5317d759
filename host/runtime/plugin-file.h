#pragma once
// The shared object behind an instance.

#include "host/config/config.h"
#include "host/plugins/plugin-manifests.h"

#include "host/runtime/failure.h"

#include <string>
#include <variant>

namespace maitred::host {

// Absolute path of the instance's library; throws with the refusal's sentence if it is no longer a
// plugin.
inline std::string libraryFile(PluginManifests& plugins, const Instance& instance) {
  auto result = plugins.library(instance.library);
  if (auto* refusal = std::get_if<Refusal>(&result)) fail(refusal->sentence().c_str());
  return std::get<LibraryPtr>(result)->path();
}

}  // namespace maitred::host
