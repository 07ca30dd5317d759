#include "plugin-manifests.h"

namespace maitred::host {

PluginManifests::PluginManifests(std::vector<std::string> defaults)
    : defaults(std::move(defaults)), path(this->defaults) {}

void PluginManifests::searchIn(const std::vector<std::string>& folders) {
  auto all = folders;
  all.insert(all.end(), defaults.begin(), defaults.end());
  path = PluginPath(all);
}

kj::Maybe<manifest::Embedded::Reader> PluginManifests::find(kj::StringPtr libraryText,
                                                            kj::String& whereLooked) {
  auto result = path.find(libraryText.cStr());
  if (auto* refusal = std::get_if<Refusal>(&result)) {
    whereLooked = kj::heapString(refusal->sentence().c_str());
    return nullptr;
  }
  auto library = std::get<LibraryPtr>(result);
  if (std::find(kept.begin(), kept.end(), library) == kept.end()) kept.push_back(library);
  return library->embedded();
}

}  // namespace maitred::host
