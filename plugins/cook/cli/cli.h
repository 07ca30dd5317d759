#pragma once
// `maitred cook <command>`: the queue for people without a client of their own. It speaks Cook's
// REST interface like any other client, so it works against every host that it can reach.

#include <maitred/plugin.h>

namespace maitred::cook::cli {

// argv[0] is the command, one of those in the manifest. Returns the exit code: 0 done; 1 the answer
// is no (a job failed, an id is unknown, the server refused); 2 wrong use of the command line; 3
// the server cannot be reached; 4 the time given with --timeout is up.
int run(CommandLine line);

}  // namespace maitred::cook::cli
