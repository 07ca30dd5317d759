#define BOOST_DLL_USE_STD_FS
#include "load.h"

#include "file-stamp.h"
#include "host/base/failure.h"

#include <maitred/abi.h>

#include <boost/dll/shared_library.hpp>

#include <map>
#include <mutex>
#include <string>

namespace maitred::host {

namespace {
// Handles are kept for ever: the library must outlive every frame, exception and vtable that points
// into it.
struct Loaded {
  std::mutex mutex;
  struct One {
    boost::dll::shared_library library;
    std::string stamp;
  };
  std::map<std::string, One> libraries;
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
    auto stamp = fileStamp(path);
    library.load(path, error, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    // Boost reports only "bad file"; the dynamic linker's own words name the missing symbol or
    // library.
    const char* reason = error ? dlerror() : nullptr;
    if (error) {
      fail(path.c_str(),
           ": the plugin cannot be loaded: ", reason == nullptr ? error.message().c_str() : reason);
    }
    known = all.libraries.emplace(path, Loaded::One{std::move(library), stamp}).first;
  }
  if (!known->second.library.has("maitred_plugin")) {
    fail(path.c_str(), ": the plugin does not export `maitred_plugin`; see MAITRED_PLUGIN()");
  }
  auto* entry = &known->second.library.get<maitred_plugin_entry>("maitred_plugin");
  bool whole = entry->size >= offsetof(maitred_plugin_entry, serve) + sizeof(entry->serve);
  if (!whole || entry->abi_version != MAITRED_ABI_VERSION) {
    fail(path.c_str(), ": the plugin's entry has ABI version ", entry->abi_version,
         ", this host speaks ", MAITRED_ABI_VERSION);
  }
  return entry;
}

std::string stampWhenLoaded(const std::string& path) {
  auto& all = loaded();
  std::lock_guard lock(all.mutex);
  auto known = all.libraries.find(path);
  return known == all.libraries.end() ? "" : known->second.stamp;
}

}  // namespace maitred::host
