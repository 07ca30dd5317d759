#include "setup.h"

#include "host/config/names.h"

#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace maitred::host::cli {

namespace fs = std::filesystem;

namespace {

void append(std::vector<std::string>& folders, const std::string& colonSeparated) {
  std::istringstream parts(colonSeparated);
  for (std::string part; std::getline(parts, part, ':');) {
    if (!part.empty()) folders.push_back(part);
  }
}

std::vector<std::string> given(const po::variables_map& values, const char* option) {
  std::vector<std::string> folders;
  if (values.count(option) == 0) return folders;
  for (const auto& text : values[option].as<Words>()) append(folders, text);
  return folders;
}

// <executable>/../share/maitred/<installed>, or, in a build tree, the source's own; empty if
// neither.
std::string shippedFolder(const char* installed, const char* inSource) {
  std::error_code error;
  auto bin = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto& candidate :
       {bin / "../share/maitred" / installed, bin / "../../.." / inSource}) {
    auto folder = fs::canonical(candidate, error);
    if (!error && fs::is_directory(folder, error)) return folder.string();
  }
  return "";
}

}  // namespace

void addPathOptions(po::options_description& options) {
  options.add_options()("plugin-path", po::value<Words>()->value_name("DIR")->composing(),
                        "look for plugins here first; may be repeated")(
      "policy-path", po::value<Words>()->value_name("DIR")->composing(),
      "look for Lua policies here before the shipped ones; may be repeated");
}

void addConfigOptions(po::options_description& options) {
  options.add_options()("config,c",
                        po::value<std::string>()->default_value(defaultConfig)->value_name("FILE"),
                        "the configuration")(
      "set", po::value<Words>()->value_name("KEY=VALUE")->composing(),
      "override one key, e.g. plugins.cook.config.store=sqlite:other.db; may be repeated");
  addPathOptions(options);
}

std::vector<std::string> pluginDirectories(const po::variables_map& values) {
  auto folders = given(values, "plugin-path");
  if (const char* text = std::getenv("MAITRED_PLUGIN_PATH")) append(folders, text);
  for (auto& folder : PluginPath::defaultDirectories()) folders.push_back(folder);
  return folders;
}

std::vector<std::string> policyDirectories(const po::variables_map& values) {
  auto folders = given(values, "policy-path");
  auto shipped = shippedFolder("lua-policies", "lua-policies");
  if (!shipped.empty()) folders.push_back(shipped);
  return folders;
}

std::string pluginTemplates() {
  return shippedFolder("plugin-templates", "sdk/templates/plugin");
}

LibraryResult findPlugin(const std::string& subject, PluginPath& path) {
  std::error_code error;
  bool file = subject.find('/') != std::string::npos ||
              (subject.ends_with(".so") && fs::exists(subject, error));
  if (file) return readLibrary(fs::weakly_canonical(subject).string());
  auto result = path.find(subject);
  if (std::holds_alternative<Refusal>(result)) {
    if (auto library = path.byAlias(subject)) return library;
  }
  return result;
}

Options configOptions(const po::variables_map& values, PluginManifests& manifests) {
  Options options;
  options.file = values["config"].as<std::string>();
  if (values.count("set") > 0) options.overrides = values["set"].as<Words>();
  options.policyPath = policyDirectories(values);
  options.manifests = &manifests;
  return options;
}

std::string oneOf(const po::variables_map& values, const char* option, const Words& allowed) {
  auto word = values[option].as<std::string>();
  for (const auto& candidate : allowed) {
    if (word == candidate) return word;
  }
  throw UsageError{std::string("--") + option + ": " + quote(word) + " is none of " +
                   quoteAll(allowed)};
}

}  // namespace maitred::host::cli
