#pragma once
// From a way through the config to the place where it was written.
//
// Plugins and the graph speak of the config by path ("plugins", "1", "config", "store"); people
// look for file, line and column. A SourceMap knows both for every key and value that was read.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::host {

// Keys as written in YAML, list positions as decimal numbers.
using ConfigPath = std::vector<std::string>;

// "plugins.1.config.store"
std::string joinPath(const ConfigPath& path);

// A place in a file. `line` and `column` count from 1 and in characters; line 0 means the source as
// a whole (a file that cannot be read, or an override, whose `file` is then "--set KEY").
struct Location {
  std::string file;
  uint32_t line = 0;
  uint32_t column = 0;
  uint32_t length = 1;  // characters to underline

  bool operator==(const Location&) const = default;
};

class SourceMap {
 public:
  // A key and its value; a list item has only a value. A mapping that stands for a list (see
  // $mapKey) is known by its keys and by the positions of the list alike.
  struct Entry {
    Location key;
    Location value;
  };

  void add(const ConfigPath& path, Location key, Location value);

  // Another way to what stands, or will stand, at `canonical`: by position instead of key, by name
  // instead of position. Holds for everything below as well.
  void alias(const ConfigPath& other, const ConfigPath& canonical);

  // The entry of exactly this path.
  const Entry* find(const ConfigPath& path) const;

  // The place of this path's value, or of the nearest ancestor that was written: a fault about a
  // key that is absent points at the mapping which lacks it. An empty Location where nothing is
  // known.
  Location locate(const ConfigPath& path) const;

  // The same, but the key where there is one.
  Location locateKey(const ConfigPath& path) const;

  size_t size() const { return entries.size(); }

 private:
  const Entry* nearest(ConfigPath path) const;
  ConfigPath canonical(const ConfigPath& path) const;
  std::map<ConfigPath, Entry> entries;
  std::map<ConfigPath, ConfigPath> aliases;
};

}  // namespace maitred::host
