// Access to a loaded config; see config.h.

#include "config.h"
#include "files.h"
#include "schema-view.h"

namespace maitred::host {

LoadedConfig::LoadedConfig() = default;
LoadedConfig::~LoadedConfig() noexcept(false) = default;

std::string LoadedConfig::folder() const {
  return folderOf(filePath);
}

settings::Host::Reader LoadedConfig::host() const {
  // A builder's const view does not exist in this version of the library; reading changes nothing.
  return const_cast<LoadedConfig*>(this)->message.getRoot<settings::File>().asReader().getHost();
}

const Instance* LoadedConfig::instance(std::string_view name) const {
  for (const Instance& plugin : plugins) {
    if (plugin.name == name) return &plugin;
  }
  return nullptr;
}

namespace {

ConfigPath pathOf(const Instance& instance, std::initializer_list<std::string> rest) {
  ConfigPath path = {"plugins", std::to_string(instance.index)};
  path.insert(path.end(), rest);
  return path;
}

}  // namespace

Location LoadedConfig::locate(const Instance& instance, const ConfigPath& below) const {
  ConfigPath path = pathOf(instance, {"config"});
  path.insert(path.end(), below.begin(), below.end());
  return below.empty() ? map.locateKey(path) : map.locate(path);
}

Location LoadedConfig::locate(const Instance& instance) const {
  return map.locate(pathOf(instance, {"name"}));
}

Location LoadedConfig::locateUse(const Instance& instance, std::string_view requirement,
                                 std::string_view provider) const {
  for (size_t i = 0; i < instance.uses.size(); ++i) {
    const Use& use = instance.uses[i];
    if (use.requirement != requirement) continue;
    for (size_t j = 0; j < use.instances.size(); ++j) {
      if (use.instances[j] == provider) {
        return map.locate(
            pathOf(instance, {"uses", std::to_string(i), "instances", std::to_string(j)}));
      }
    }
  }
  return locate(instance);
}

kj::Maybe<manifest::Embedded::Reader> Instance::embedded() const {
  if (schema == nullptr) return nullptr;
  return schema->embedded();
}

kj::Maybe<manifest::Manifest::Reader> Instance::manifest() const {
  if (schema == nullptr) return nullptr;
  return schema->embedded().getManifest();
}

capnp::AnyPointer::Reader Instance::config() const {
  return message->getRoot<capnp::AnyPointer>().asReader();
}

kj::Maybe<capnp::DynamicStruct::Reader> Instance::typedConfig() const {
  if (schema == nullptr || !schema->hasConfig()) return nullptr;
  return message->getRoot<capnp::DynamicStruct>(schema->configType()).asReader();
}

void addProblems(Diagnostics& diagnostics, const LoadedConfig& config, const Instance& instance,
                 capnp::List<plugin::Problem>::Reader problems) {
  for (auto problem : problems) {
    ConfigPath path;
    for (auto part : problem.getPath()) path.emplace_back(part.cStr());
    bool warning = problem.getSeverity() == plugin::Severity::WARNING;
    diagnostics.add({warning ? Severity::warning : Severity::error,
                     "plugin-check",
                     config.locate(instance, path),
                     "plugin \"" + instance.name + "\"" +
                         (path.empty() ? "" : ", " + joinPath(path)) + ": " +
                         problem.getMessage().cStr(),
                     problem.getHint().cStr(),
                     {}});
  }
}

}  // namespace maitred::host
