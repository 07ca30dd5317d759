#include "manifest-rules.h"

#include <capnp/schema-loader.h>
#include <kj/debug.h>

#include <set>

namespace maitred::host {

namespace {

constexpr uint64_t maxMessageWords = 2 * 1024 * 1024;  // 16 MiB of manifest and schema
constexpr uint maxEntries = 1000;

bool isKey(kj::StringPtr name) {
  if (name.size() == 0 || name.size() > 63 || !(name[0] >= 'a' && name[0] <= 'z')) return false;
  for (char c : name) {
    bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!fits) return false;
  }
  return true;
}

std::string quoted(kj::StringPtr text) {
  // Names from a hostile file reach terminals: what is not printable is shown as '?'.
  std::string shown = "\"";
  for (char c : text.slice(0, kj::min(text.size(), 80))) {
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return shown + "\"";
}

template <typename List>
std::optional<std::string> namesFault(List list, const char* what) {
  if (list.size() > maxEntries) return std::string("it has over 1000 entries in `") + what + "`";
  std::set<std::string> seen;
  for (auto entry : list) {
    kj::StringPtr name = entry.getName();
    if (!isKey(name)) {
      return std::string("`") + what + "` has the name " + quoted(name) +
             ", which is not of the form [a-z][a-z0-9_-]{0,62}";
    }
    if (!seen.insert(name.cStr()).second) {
      return std::string("`") + what + "` names " + quoted(name) + " twice";
    }
  }
  return std::nullopt;
}

std::optional<std::string> configFault(manifest::Embedded::Reader embedded) {
  uint64_t type = embedded.getConfigType();
  if (type == 0) return std::nullopt;
  capnp::SchemaLoader loader;
  for (auto node : embedded.getNodes()) loader.load(node);
  KJ_IF_MAYBE (schema, loader.tryGet(type)) {
    if (schema->getProto().isStruct()) return std::nullopt;
    return "its config type is no struct";
  }
  return "the schema of its config struct is missing";
}

std::optional<std::string> listsFault(manifest::Manifest::Reader manifest) {
  if (auto fault = namesFault(manifest.getRequires(), "requires")) return fault;
  if (auto fault = namesFault(manifest.getCommands(), "commands")) return fault;
  if (auto fault = namesFault(manifest.getListeners(), "listeners")) return fault;
  std::set<uint64_t> provided;
  if (manifest.getProvides().size() > maxEntries) return "it has over 1000 entries in `provides`";
  for (auto interface : manifest.getProvides()) {
    if (interface.getTypeId() == 0) return "`provides` has an interface without a type id";
    if (!provided.insert(interface.getTypeId()).second) {
      return "`provides` names " + quoted(interface.getName()) + " twice";
    }
  }
  for (auto requirement : manifest.getRequires()) {
    if (requirement.getInterface().getTypeId() == 0) {
      return "the requirement " + quoted(requirement.getName()) +
             " has an interface without a type id";
    }
  }
  return std::nullopt;
}

}  // namespace

bool isPluginName(kj::StringPtr name) {
  return isKey(name) && name.findFirst('_') == nullptr;
}

std::optional<std::string> manifestFault(manifest::Embedded::Reader embedded) {
  std::optional<std::string> fault;
  KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&]() {
                 if (embedded.totalSize().wordCount > maxMessageWords) {
                   fault = "it is larger than 16 MiB";
                   return;
                 }
                 auto manifest = embedded.getManifest();
                 if (!isPluginName(manifest.getName())) {
                   fault = "the name " + quoted(manifest.getName()) +
                           " is not of the form [a-z][a-z0-9-]{0,62}";
                   return;
                 }
                 fault = listsFault(manifest);
                 if (!fault) fault = configFault(embedded);
               })) {
    return std::string(exception->getDescription().cStr());
  }
  return fault;
}

std::optional<std::string> foreignContract(manifest::Embedded::Reader embedded,
                                           const HostFacts& facts) {
  std::optional<std::string> fault;
  auto examine = [&](kj::StringPtr name, uint64_t typeId) {
    for (const auto& contract : facts.contracts) {
      if (fault || name != contract.name.c_str() || typeId == contract.typeId) continue;
      fault = kj::str("it knows the contract ", contract.name, " as ", kj::hex(typeId),
                      ", this host as ", kj::hex(contract.typeId))
                  .cStr();
    }
  };
  KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&]() {
                 examine("maitred.plugin.Plugin", embedded.getPluginInterface());
                 for (auto interface : embedded.getManifest().getProvides()) {
                   examine(interface.getName(), interface.getTypeId());
                 }
                 for (auto requirement : embedded.getManifest().getRequires()) {
                   examine(requirement.getInterface().getName(),
                           requirement.getInterface().getTypeId());
                 }
               })) {
    return std::string(exception->getDescription().cStr());
  }
  return fault;
}

}  // namespace maitred::host
