#include "subject.h"

#include "check.h"
#include "host/config/names.h"
#include "host/config/schema-view.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace maitred::host::conform {

namespace fs = std::filesystem;

namespace {

constexpr const char* instanceName = "conform";

// A plugin tested alone has nobody to be wired to; the suite stands in for its providers.
const std::set<std::string> answeredByUs = {"requirement-missing", "listener-missing"};

std::string faultsOf(const Diagnostics& diagnostics, bool alone) {
  std::string text;
  for (const auto& item : diagnostics.sorted()) {
    if (item.severity != Severity::error || (alone && answeredByUs.count(item.code) != 0)) continue;
    text += (text.empty() ? "" : "; ") + item.message;
    if (!item.hint.empty()) text += " (" + item.hint + ")";
  }
  return text;
}

// `--set` texts that fill the required keys with the examples of the schema.
std::vector<std::string> requiredKeys(const Library& library) {
  std::vector<std::string> settings;
  if (library.embedded().getConfigType() == 0) return settings;
  PluginSchema schema(library.embedded());
  for (const auto& field : schema.view(schema.configType()).fields) {
    if (!field.writable || !field.notes.required) continue;
    if (!field.notes.example) {
      throw Failed{"the config key " + quote(field.key) +
                   " is required and its schema gives no $Config.example: say what to start it "
                   "with by --config"};
    }
    settings.push_back(std::string("plugins.") + instanceName + ".config." + field.key + "=" +
                       *field.notes.example);
  }
  return settings;
}

std::string fileWith(const std::string& folder, const std::string& library) {
  fs::create_directories(folder);
  std::string path = folder + "/maitred.yaml";
  std::ofstream(path) << "plugins:\n  - name: " << instanceName << "\n    library: " << library
                      << "\n";
  return path;
}

}  // namespace

Subject::Subject(const SubjectOptions& options) {
  auto result = readLibrary(options.library);
  if (auto* refusal = std::get_if<Refusal>(&result)) throw Failed{refusal->sentence()};
  file = std::get<LibraryPtr>(result);
  std::vector<std::string> folders = {fs::path(options.library).parent_path().string()};
  folders.insert(folders.end(), options.pluginPath.begin(), options.pluginPath.end());
  manifests = std::make_unique<PluginManifests>(folders);
  policies = options.policyPath;
  load(options);
}

void Subject::load(const SubjectOptions& options) {
  std::error_code error;
  bool whole = !options.config.empty() && fs::is_regular_file(options.config, error);
  Options load;
  load.policyPath = options.policyPath;
  load.manifests = manifests.get();
  load.file = whole ? options.config : fileWith(options.scratch, file->path());
  load.overrides.push_back("host.state=" + options.scratch + "/state");
  if (!whole && options.config.empty()) {
    for (auto& setting : requiredKeys(*file)) load.overrides.push_back(std::move(setting));
  } else if (!whole) {
    load.overrides.push_back(std::string("plugins.") + instanceName + ".config=" + options.config);
  }
  loaded = loadConfig(load);
  auto faults = faultsOf(loaded.diagnostics, !whole);
  if (loaded.config == nullptr || !faults.empty()) {
    throw Failed{"the config cannot be used: " + faults};
  }
  for (const auto& instance : loaded.config->instances()) {
    auto library = manifests->library(instance.library);
    auto* found = std::get_if<LibraryPtr>(&library);
    if (which == nullptr && found != nullptr && (*found)->path() == file->path())
      which = &instance;
  }
  if (which == nullptr) {
    throw Failed{"no instance of " + options.config + " has the library " + file->path() +
                 "; --config takes such a file, or YAML of the instance's config"};
  }
  fs::create_directories(which->stateDirectory);
}

bool Subject::provides(uint64_t interfaceId) const {
  for (auto interface : manifest().getProvides()) {
    if (interface.getTypeId() == interfaceId) return true;
  }
  return false;
}

bool Subject::needs(manifest::HostCapability capability) const {
  for (auto need : manifest().getNeeds()) {
    if (need == capability) return true;
  }
  return false;
}

std::string Subject::policyPath() const {
  std::string text;
  for (const auto& folder : policies) text += (text.empty() ? "" : ":") + folder;
  return text;
}

}  // namespace maitred::host::conform
