#pragma once
// The texts of the files that were read: lines for excerpts, with what is secret in them masked.

#include "source-map.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace maitred::host {

class SourceTexts {
 public:
  // `name` as shown to people; `folder`: absolute, where relative paths in this file start.
  void add(const std::string& name, std::string text, std::string folder);

  bool knows(const std::string& name) const { return files.count(name) != 0; }
  // Position in the order of reading; sources that are no file (overrides) come last.
  size_t order(const std::string& name) const;
  // Folder of a source; that of the first file for one that is no file.
  const std::string& folder(const std::string& name) const;

  // Line `number` (from 1) without its end; null if there is none.
  std::optional<std::string> line(const std::string& name, uint32_t number) const;
  // The same with secrets masked, for showing; `column` is moved to where its character stands
  // then.
  std::optional<std::string> shownLine(const std::string& name, uint32_t number,
                                       uint32_t& column) const;

  // Hides what lies from `from` up to (endLine, endColumn), which are exclusive; endLine 0: to the
  // end.
  void mask(const Location& from, uint32_t endLine, uint32_t endColumn);

 private:
  struct Mask {
    uint32_t line, column, endLine, endColumn;
  };
  struct File {
    size_t order;
    std::vector<std::string> lines;
    std::string folder;
    std::vector<Mask> masks;
  };
  std::map<std::string, File> files;
  std::string firstFolder;
};

}  // namespace maitred::host
