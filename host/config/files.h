#pragma once
// Reading text files of limited size, for configs and `file:` references.

#include <cstddef>
#include <optional>
#include <string>

namespace maitred::host {

struct FileText {
  std::optional<std::string> text;
  std::string fault;  // why there is none: "does not exist", "is larger than 64 KiB"
};

// Only regular files: a pipe or device could block or never end.
FileText readTextFile(const std::string& path, size_t limit);

// `path` made absolute against `folder`, `.` and `..` resolved by their names alone.
std::string absolutePath(const std::string& path, const std::string& folder);

std::string folderOf(const std::string& path);
std::string currentFolder();

// Where a host keeps its state if its configuration does not say: `state` beside that file; for a
// file below /etc, which holds no state, /var/lib/maitred. `configFile` is absolute.
std::string defaultStateFolder(const std::string& configFile);
bool isRegularFile(const std::string& path);

}  // namespace maitred::host
