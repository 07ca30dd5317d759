// What can be said of the file before any of its life: note, load.
#include "../trial.h"

#include "host/config/names.h"
#include "host/config/schema-view.h"
#include "host/plugins/load.h"

#include <maitred/abi.h>

#include <cstddef>

namespace maitred::host::conform {

namespace {

// Whether the plugin's entry is new enough to have the field.
template <typename T>
bool has(const maitred_plugin_entry& entry, T maitred_plugin_entry::*field) {
  auto offset = reinterpret_cast<const char*>(&(entry.*field)) -
                reinterpret_cast<const char*>(&entry);
  return entry.size >= offset + sizeof(T);
}

std::string structName(const PluginSchema& schema, uint64_t id) {
  if (id == 0) return "none";
  for (auto node : schema.embedded().getNodes()) {
    if (node.getId() == id) {
      return quote(node.getDisplayName().slice(node.getDisplayNamePrefixLength()).cStr());
    }
  }
  return std::string("one that the note does not have, id 0x") + kj::str(kj::hex(id)).cStr();
}

}  // namespace

// The Subject has read the note already, and would have failed with its refusal.
std::string checkNote(Trial& trial) {
  auto embedded = trial.subject.library().embedded();
  auto manifest = embedded.getManifest();
  trial.step("reading its schema");
  size_t keys = 0;
  if (embedded.getConfigType() != 0) {
    PluginSchema schema(embedded);
    for (const auto& field : schema.view(schema.configType()).fields) {
      ++keys;
      if (field.writable && field.doc.empty()) {
        trial.fail("the config key " + quote(field.key) +
                   " has no comment in the schema, so that `maitred check --explain` and the "
                   "documentation have nothing to say");
      }
    }
  }
  if (manifest.getVersion().size() == 0) trial.fail("the manifest names no version");
  if (manifest.getDescription().size() == 0) trial.fail("the manifest has no description");
  return std::string(manifest.getName().cStr()) + " " + manifest.getVersion().cStr() + ", " +
         std::to_string(keys) + " config keys";
}

std::string checkLoad(Trial& trial) {
  const auto& library = trial.subject.library();
  trial.step("looking at its symbols");
  auto symbols = exportedSymbols(library.path());
  std::erase(symbols, "maitred_plugin");
  if (!symbols.empty()) {
    symbols.resize(std::min<size_t>(symbols.size(), 5));
    trial.fail("it exports more than `maitred_plugin`: " + quoteAll(symbols) +
               "; link it with maitred_add_plugin()");
  }
  trial.step("loading it");
  const auto& entry = *loadPlugin(library.path());
  if (!has(entry, &maitred_plugin_entry::open) || entry.serve == nullptr ||
      entry.open == nullptr) {
    trial.fail("its entry lacks serve() or open()");
  }
  bool commands = library.manifest().getCommands().size() > 0;
  bool function = has(entry, &maitred_plugin_entry::command) && entry.command != nullptr;
  if (commands && !function)
    trial.fail("its manifest names commands, but its class has no commandLine()");
  if (!has(entry, &maitred_plugin_entry::config_type)) {
    return "an entry of an earlier SDK, which does not say its config struct";
  }
  auto noted = library.embedded().getConfigType();
  // A plugin without a config may still be compiled for a struct: it sees the defaults.
  if (noted != 0 && noted != entry.config_type) {
    PluginSchema schema(library.embedded());
    trial.fail("its note says that its config struct is " + structName(schema, noted) +
               ", its class was compiled for " + structName(schema, entry.config_type) +
               "; CONFIG of maitred_add_plugin() and PluginOf<…> must name the same");
  }
  return "ABI version " + std::to_string(entry.abi_version) + ", one symbol";
}

}  // namespace maitred::host::conform
