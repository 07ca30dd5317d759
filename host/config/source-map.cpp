#include "source-map.h"

namespace maitred::host {

std::string joinPath(const ConfigPath& path) {
  std::string text;
  for (const std::string& part : path) {
    if (!text.empty()) text += '.';
    text += part;
  }
  return text;
}

void SourceMap::add(const ConfigPath& path, Location key, Location value) {
  entries[path] = {std::move(key), std::move(value)};
}

void SourceMap::alias(const ConfigPath& other, const ConfigPath& canonical) {
  aliases[other] = canonical;
}

ConfigPath SourceMap::canonical(const ConfigPath& path) const {
  ConfigPath result;
  for (const std::string& part : path) {
    result.push_back(part);
    auto found = aliases.find(result);
    if (found != aliases.end()) result = found->second;
  }
  return result;
}

const SourceMap::Entry* SourceMap::find(const ConfigPath& path) const {
  auto found = entries.find(canonical(path));
  return found == entries.end() ? nullptr : &found->second;
}

const SourceMap::Entry* SourceMap::nearest(ConfigPath path) const {
  while (true) {
    if (const Entry* entry = find(path)) return entry;
    if (path.empty()) return nullptr;
    path.pop_back();
  }
}

Location SourceMap::locate(const ConfigPath& path) const {
  const Entry* entry = nearest(path);
  return entry == nullptr ? Location() : entry->value;
}

Location SourceMap::locateKey(const ConfigPath& path) const {
  const Entry* entry = nearest(path);
  if (entry == nullptr) return {};
  return entry->key.file.empty() ? entry->value : entry->key;
}

}  // namespace maitred::host
