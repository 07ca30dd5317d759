#pragma once
// PluginPath: the directories in which plugins are looked for, in order of preference.

#include "library.h"

#include <map>
#include <string>
#include <vector>

namespace maitred::host {

class PluginPath {
 public:
  // Directories that do not exist are passed over. Relative ones are taken against the working
  // directory.
  explicit PluginPath(std::vector<std::string> directories, HostFacts facts = HostFacts::ours());

  // <folder of the executable>/../lib/maitred, the same below the library folder that this build
  // installs into, then /usr/lib/maitred.
  static std::vector<std::string> defaultDirectories();

  // `library` is a name ("maitred-local" for maitred-local.so), looked for in each directory in
  // turn, or a path (it contains a '/'; relative to the working directory). Either way its real
  // path must lie below one of the directories. Results are cached by real path, inode, size and
  // time of change, so that a rebuilt plugin is read afresh. An unknown name's refusal names the
  // nearest one.
  LibraryResult find(const std::string& library);

  // Every `*.so` of every directory, sorted by file name, a name of an earlier directory hiding the
  // same in a later one. Files that are no plugin at all (RefusalKind::noNote) are listed as
  // refusals too.
  std::vector<LibraryResult> all();

  // The plugin whose alias is `word` (see Library::alias); null if none.
  LibraryPtr byAlias(const std::string& word);

  const std::vector<std::string>& directories() const { return folders; }

 private:
  struct Cached {
    std::string stamp;
    LibraryResult result;
  };
  LibraryResult read(const std::string& path);
  LibraryResult unknown(const std::string& library) const;
  // File name (without .so) -> path of each candidate, earlier directories first.
  std::map<std::string, std::string> candidates() const;

  std::vector<std::string> folders;
  HostFacts facts;
  std::map<std::string, Cached> cache;
};

}  // namespace maitred::host
