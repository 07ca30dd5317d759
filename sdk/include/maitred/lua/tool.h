#pragma once
// The commands `maitred policy check|eval|test|new|snapshot`; the host's command line only forwards
// to them.
// In a library of its own, maitred_lua_tool, which needs Boost.Program_options.

#include <maitred/lua/limits.h>
#include <maitred/lua/search.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace maitred::lua {

struct ToolOptions {
  std::string program = "maitred policy";  // as it appears in the help text
  Search search = {};                      // --policy-path adds folders before these
  Limits limits = {};

  // What needs a running host, for programs that know one; null: not offered. Each gets the words
  // behind its name and returns the exit code.
  using Words = std::vector<std::string>;
  std::function<int(const Words&)> evalState = {};  // `eval FILE` with --live or --snapshot
  std::function<int(const Words&)> snapshot = {};
};

// argv[0] is the command's own word ("policy"), argv[1] the subcommand. Never throws for bad input.
// Returns the exit code: 0 all is well, 2 errors (which are on `err`).
int policyMain(int argc, char** argv, std::ostream& out, std::ostream& err,
               const ToolOptions& options = {});

}  // namespace maitred::lua
