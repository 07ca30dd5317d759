#pragma once
// The commands `maitred policy check|eval|test|new`; the host's command line only forwards to them.
// In a library of its own, maitred_lua_tool, which needs Boost.Program_options.

#include <maitred/lua/limits.h>
#include <maitred/lua/search.h>

#include <ostream>
#include <string>

namespace maitred::lua {

struct ToolOptions {
  std::string program = "maitred policy";  // as it appears in the help text
  Search search = {};                      // --policy-path adds folders before these
  Limits limits = {};
};

// argv[0] is the command's own word ("policy"), argv[1] the subcommand. Never throws for bad input.
// Returns the exit code: 0 all is well, 2 errors (which are on `err`).
int policyMain(int argc, char** argv, std::ostream& out, std::ostream& err,
               const ToolOptions& options = {});

}  // namespace maitred::lua
