#define BOOST_DLL_USE_STD_FS
#include "load.h"

#include <boost/dll/shared_library.hpp>
#include <kj/debug.h>
#include <maitred/abi.h>

#include <mutex>
#include <map>
#include <string>

namespace maitred::host {

namespace {
// Handles are kept for ever: the library must outlive every frame, exception and vtable that points into it.
struct Loaded {
  std::mutex mutex;
  std::map<std::string, boost::dll::shared_library> libraries;
};
Loaded& loaded() {
  static Loaded* instance = new Loaded;
  return *instance;
}
}  // namespace

const maitred_plugin_entry* loadPlugin(const std::string& path) {
  auto& all = loaded();
  std::lock_guard lock(all.mutex);
  auto known = all.libraries.find(path);
  if (known == all.libraries.end()) {
    std::error_code error;
    boost::dll::shared_library library;
    library.load(path, error, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    // Boost reports only "bad file"; the dynamic linker's own words name the missing symbol or library.
    const char* reason = error ? dlerror() : nullptr;
    KJ_REQUIRE(!error, "the plugin cannot be loaded", path, reason == nullptr ? error.message().c_str() : reason);
    known = all.libraries.emplace(path, std::move(library)).first;
  }
  KJ_REQUIRE(known->second.has("maitred_plugin"), "the plugin does not export `maitred_plugin`", path);
  auto* entry = &known->second.get<maitred_plugin_entry>("maitred_plugin");
  KJ_REQUIRE(entry->size >= offsetof(maitred_plugin_entry, serve) + sizeof(entry->serve) &&
                 entry->abi_version == MAITRED_ABI_VERSION,
             "the plugin's entry is of another ABI version", path, entry->size, entry->abi_version);
  return entry;
}

}  // namespace maitred::host
