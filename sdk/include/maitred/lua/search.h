#pragma once
// Where policy files are looked for.

#include <string>
#include <vector>

namespace maitred::lua {

struct Search {
  std::vector<std::string> path;  // host.policy_path: folders, in order
  std::string baseDir;            // the config file's folder; "" = the working directory

  struct Found {
    std::string path;   // absolute, symbolic links resolved; "" if not found
    std::string error;  // says where it looked
    explicit operator bool() const { return !path.empty(); }
  };

  // A policy's file. An absolute name is taken as it is; a relative one is looked for in each
  // folder of `path`, then in `baseDir`.
  Found policy(const std::string& name) const;
};

// What require("a.b") may read inside a policy: `a/b.lua` below one of the roots. A name that
// leaves its root, also by a symbolic link, is refused.
Search::Found findModule(const std::vector<std::string>& roots, const std::string& name);

// The text of a regular file of at most `limit` bytes. False: `error` says why not.
bool readText(const std::string& path, std::size_t limit, std::string& text, std::string& error);

}  // namespace maitred::lua
