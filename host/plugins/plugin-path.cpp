#include "plugin-path.h"

#include "file-stamp.h"
#include "host/config/names.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace maitred::host {

namespace fs = std::filesystem;

namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

bool isBelow(const fs::path& path, const fs::path& folder) {
  auto [end, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

}  // namespace

PluginPath::PluginPath(std::vector<std::string> directories, HostFacts facts)
    : facts(std::move(facts)) {
  for (const auto& directory : directories) {
    std::error_code error;
    auto real = fs::canonical(directory, error);
    if (error || !fs::is_directory(real, error)) continue;
    if (std::find(folders.begin(), folders.end(), real.string()) == folders.end()) {
      folders.push_back(real.string());
    }
  }
}

std::vector<std::string> PluginPath::defaultDirectories() {
  std::error_code error;
  auto self = fs::read_symlink("/proc/self/exe", error);
  std::vector<std::string> result;
  if (!error) {
    auto prefix = self.parent_path().parent_path();
    result.push_back((prefix / "lib" / "maitred").string());
    // Where `cmake --install` puts them on this distribution, e.g. lib/x86_64-linux-gnu.
    result.push_back((prefix / MAITRED_INSTALL_LIBDIR / "maitred").string());
  }
  result.push_back("/usr/lib/maitred");
  return result;
}

LibraryResult PluginPath::find(const std::string& library) {
  if (library.find('/') != std::string::npos) return read(library);
  std::string file = library.ends_with(".so") ? library : library + ".so";
  for (const auto& folder : folders) {
    std::error_code error;
    auto path = fs::path(folder) / file;
    if (fs::exists(fs::symlink_status(path, error))) return read(path.string());
  }
  return unknown(library);
}

LibraryResult PluginPath::unknown(const std::string& library) const {
  Refusal refusal{RefusalKind::notFound, library, "no such plugin", "", ""};
  refusal.needed =
      folders.empty() ? "none of the plugin directories exists" : "looked in " + joined(folders);
  std::vector<std::string> names;
  for (const auto& [name, path] : candidates()) names.push_back(name);
  if (auto near = nearest(library, names)) {
    refusal.mend = "did you mean \"" + *near + "\"?";
  } else {
    refusal.mend = "install it there, or add its directory to host.plugin_path or --plugin-path";
  }
  return refusal;
}

LibraryResult PluginPath::read(const std::string& path) {
  std::error_code error;
  auto real = fs::canonical(path, error);
  if (error) {
    auto kind = error == std::errc::no_such_file_or_directory ? RefusalKind::notFound
                                                              : RefusalKind::unreadable;
    return Refusal{kind, path, "cannot be opened: " + error.message(), "",
                   "check the path and its permissions"};
  }
  bool inside = std::any_of(folders.begin(), folders.end(),
                            [&](const std::string& folder) { return isBelow(real, folder); });
  if (!inside) {
    std::string which =
        fs::path(path).lexically_normal() == real ? "it lies" : "it leads to " + real.string();
    return Refusal{RefusalKind::outside, path, which + ", outside of the plugin directories",
                   folders.empty() ? "none of the plugin directories exists"
                                   : "plugins are taken from " + joined(folders) + " only",
                   "move it there, or add its directory to host.plugin_path or --plugin-path"};
  }
  auto stamp = fileStamp(real);
  if (stamp.empty()) {
    return Refusal{RefusalKind::unreadable, real,
                   std::string("cannot examine it: ") + strerror(errno), "", ""};
  }
  auto cached = cache.find(real);
  if (cached != cache.end() && cached->second.stamp == stamp) return cached->second.result;
  auto result = readLibrary(real.string(), facts);
  cache.insert_or_assign(real.string(), Cached{stamp, result});
  return result;
}

std::map<std::string, std::string> PluginPath::candidates() const {
  std::map<std::string, std::string> found;
  for (const auto& folder : folders) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      if (entry->path().extension() == ".so") {
        found.emplace(entry->path().stem().string(), entry->path().string());
      }
    }
  }
  return found;
}

std::vector<LibraryResult> PluginPath::all() {
  std::vector<LibraryResult> results;
  for (const auto& [name, path] : candidates()) results.push_back(read(path));
  return results;
}

LibraryPtr PluginPath::byAlias(const std::string& word) {
  // By file name first: a plugin's file is called as its manifest is, so that one file is read, not
  // all.
  for (const auto& name : {"maitred-" + word, word}) {
    auto files = candidates();
    auto file = files.find(name);
    if (file == files.end()) continue;
    auto result = read(file->second);
    if (auto* library = std::get_if<LibraryPtr>(&result)) {
      if ((*library)->alias() == word) return *library;
    }
  }
  for (auto& result : all()) {
    if (auto* library = std::get_if<LibraryPtr>(&result)) {
      if ((*library)->alias() == word) return *library;
    }
  }
  return nullptr;
}

}  // namespace maitred::host
