// The smallest program around the runtime: what `maitred run` and `maitred worker` do, without the
// rest of the command line. `test-host CONFIG` runs a host.
#include "host/runtime/run.h"
#include "host/runtime/worker.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "worker") == 0)
    return maitred::host::workerMain(argc - 1, argv + 1);
  if (argc != 2) {
    fprintf(stderr, "usage: %s CONFIG\n", argv[0]);
    return 64;
  }
  maitred::host::PluginManifests plugins;
  maitred::host::RunOptions options;
  options.load.file = argv[1];
  options.plugins = &plugins;
  options.version = "test";
  return maitred::host::runHost(std::move(options));
}
