#include "config.h"

#include "files.h"
#include "loader.h"
#include "names.h"
#include "reader.h"
#include "source-texts.h"
#include "wiring-check.h"

#include <cstdlib>
#include <map>

namespace maitred::host {

namespace {

class Load {
 public:
  explicit Load(const Options& options) : options(options), environment(options.environment) {
    if (!environment) {
      environment = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::make_optional<std::string>(value);
      };
    }
  }

  ConfigResult run() {
    auto tree = loadFiles(options.file, environment, result.diagnostics);
    if (!tree) return std::move(result);
    root = std::move(*tree);
    applyOverrides(root, options.overrides, result.diagnostics);
    result.config = std::make_unique<LoadedConfig>();
    result.config->filePath = absolutePath(options.file, currentFolder());
    readHost();
    readPlugins();
    checkWiring(*result.config, result.diagnostics);
    checkStores();
    return std::move(result);
  }

 private:
  void readHost() {
    LoadedConfig& config = *result.config;
    nameInstances();
    ReadContext context{result.diagnostics, config.map, environment, hostSchema(), names, "", {}};
    context.untyped = [this](const ConfigPath& path, const yaml::Node& node) {
      configs[path] = &node;
    };
    auto file = config.message.initRoot<capnp::DynamicStruct>(hostSchema().configType());
    Reader(context).readRoot(root, file, {});
    config.confidential = std::move(context.confidential);
    auto host = config.message.getRoot<settings::File>().getHost();
    if (host.getState().size() == 0 || config.map.find({"host", "state"}) == nullptr) {
      host.setState(defaultStateFolder(config.filePath));
    }
    if (host.getAdmin().getSocket().size() == 0) {
      host.getAdmin().setSocket(kj::str(host.getState(), "/admin.sock"));
    }
  }

  void nameInstances() {
    const yaml::Node* list = root.find("plugins");
    if (list == nullptr) return;
    for (size_t i = 0; i < list->items.size(); ++i) {
      const yaml::Node* name = list->items[i].find("name");
      names.push_back(name != nullptr && name->isScalar() ? name->text : "");
      if (!names.back().empty()) {
        result.config->map.alias({"plugins", names.back()}, {"plugins", std::to_string(i)});
      }
    }
  }

  static std::vector<std::string> strings(capnp::List<capnp::Text>::Reader list) {
    std::vector<std::string> texts;
    for (auto text : list) texts.emplace_back(text.cStr());
    return texts;
  }

  void readPlugins() {
    LoadedConfig& config = *result.config;
    auto file = config.message.getRoot<settings::File>().asReader();
    if (options.manifests != nullptr)
      options.manifests->searchIn(strings(file.getHost().getPluginPath()));
    policyFolders = strings(file.getHost().getPolicyPath());
    policyFolders.insert(policyFolders.end(), options.policyPath.begin(), options.policyPath.end());
    for (size_t i = 0; i < file.getPlugins().size(); ++i) {
      config.plugins.push_back(instanceOf(file, i));
      Instance& instance = config.plugins.back();
      instance.schema = schemaOf(instance);
      readConfig(instance);
    }
  }

  Instance instanceOf(settings::File::Reader file, size_t index) {
    auto plugin = file.getPlugins()[index];
    auto host = file.getHost();
    Instance instance;
    instance.index = index;
    instance.name = plugin.getName().cStr();
    instance.library = plugin.getLibrary().cStr();
    if (instance.library.find('/') != std::string::npos) {
      Location where = result.config->map.locate({"plugins", std::to_string(index), "library"});
      instance.library =
          absolutePath(instance.library, result.diagnostics.texts().folder(where.file));
    }
    auto isolation = plugin.getIsolation();
    if (isolation == settings::Isolation::UNSPECIFIED) isolation = host.getIsolation();
    instance.inlined = isolation == settings::Isolation::INLINE;
    for (auto use : plugin.getUses()) {
      instance.uses.push_back({use.getRequirement().cStr(), strings(use.getInstances())});
    }
    for (auto listen : plugin.getListen()) {
      instance.listeners.push_back({listen.getName().cStr(), listen.getAddress().cStr(), false});
    }
    instance.stateDirectory = std::string(host.getState().cStr()) + "/" + instance.name;
    auto either = [](auto own, auto common) { return own != 0 ? own : common; };
    instance.memoryLimit = either(plugin.getMemory(), host.getWorker().getMemory());
    instance.inFlightMax =
        either(plugin.getEdge().getInFlightMax(), host.getEdge().getInFlightMax());
    instance.deadlineMs = either(plugin.getEdge().getDeadline(), host.getEdge().getDeadline());
    return instance;
  }

  std::shared_ptr<PluginSchema> schemaOf(const Instance& instance) {
    if (options.manifests == nullptr || instance.library.empty()) return nullptr;
    auto known = schemas.find(instance.library);
    if (known == schemas.end())
      known = schemas.emplace(instance.library, findSchema(instance.library)).first;
    const Found& found = known->second;
    if (found.schema != nullptr) return found.schema;
    result.diagnostics.error(
        found.code,
        result.config->map.locate({"plugins", std::to_string(instance.index), "library"}),
        "the plugin " + quote(instance.library) + " cannot be used: " + found.fault, found.hint);
    return nullptr;
  }

  struct Found {
    std::shared_ptr<PluginSchema> schema;
    std::string code, fault, hint;
  };

  Found findSchema(const std::string& library) {
    Found found;
    kj::String looked;
    KJ_IF_MAYBE (embedded, options.manifests->find(library.c_str(), looked)) {
      KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&]() {
                     found.schema = std::make_shared<PluginSchema>(*embedded);
                   })) {
        found.code = "bad-manifest";
        found.fault =
            std::string("its schema is inconsistent: ") + exception->getDescription().cStr();
        found.hint = "build it again with this version of the SDK";
      }
    } else {
      found.code = "library-missing";
      found.fault = looked.cStr();
      found.hint = "`maitred plugins list` shows what there is; host.plugin_path adds folders";
    }
    return found;
  }

  // The `config` of an instance by the plugin's own schema.
  void readConfig(Instance& instance) {
    ConfigPath path = {"plugins", std::to_string(instance.index), "config"};
    auto written = configs.find(path);
    const yaml::Node* node = written == configs.end() ? nullptr : written->second;
    instance.message = std::make_shared<capnp::MallocMessageBuilder>();
    if (instance.schema == nullptr) {
      if (node != nullptr) maskValues(result.diagnostics, *node);  // who knows what is secret in it
      return;
    }
    if (!instance.schema->hasConfig()) {
      if (node == nullptr || (node->members.empty() && !node->isScalar())) return;
      maskValues(result.diagnostics, *node);
      result.diagnostics.error("no-config", result.config->map.locateKey(path),
                               quote(instance.library) + " takes no config", "leave `config` out");
      return;
    }
    yaml::Node absent{yaml::Kind::mapping, result.config->locate(instance), 0, 0, "", {}, {}};
    if (node == nullptr) node = &absent;
    ReadContext context{
        result.diagnostics,      result.config->map, environment, *instance.schema, names,
        instance.stateDirectory, policyFolders};
    auto fault = kj::runCatchingExceptions([&]() {
      auto target = instance.message->initRoot<capnp::DynamicStruct>(instance.schema->configType());
      Reader(context).readRoot(*node, target, path);
    });
    KJ_IF_MAYBE (exception, fault) {
      result.diagnostics.error("bad-manifest", result.config->locate(instance),
                               "the schema of " + quote(instance.library) +
                                   " is inconsistent: " + exception->getDescription().cStr(),
                               "build it again with this version of the SDK");
    }
    for (PathEntry& entry : context.paths) {
      entry.path.erase(entry.path.begin(), entry.path.begin() + 3);
      instance.paths.push_back(std::move(entry));
    }
    stores.insert(stores.end(), context.stores.begin(), context.stores.end());
    auto& confidential = result.config->confidential;
    confidential.insert(confidential.end(), context.confidential.begin(),
                        context.confidential.end());
  }

  void checkStores() {
    std::map<std::string, Location> seen;
    for (const StoreFile& store : stores) {
      auto [first, added] = seen.emplace(store.absolute, store.where);
      if (added || first->second == store.where) continue;
      result.diagnostics.add({Severity::error,
                              "store-shared",
                              store.where,
                              "the store file " + quotePath(store.absolute) + " is used twice",
                              "each instance needs a file of its own",
                              {{first->second, "the first use"}}});
    }
  }

  const Options& options;
  Environment environment;
  ConfigResult result;
  yaml::Node root;
  std::vector<std::string> names;
  std::map<ConfigPath, const yaml::Node*> configs;
  std::vector<std::string> policyFolders;
  std::map<std::string, Found> schemas;
  std::vector<StoreFile> stores;
};

}  // namespace

ConfigResult loadConfig(const Options& options) {
  return Load(options).run();
}

}  // namespace maitred::host
