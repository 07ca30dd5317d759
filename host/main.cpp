// maitred: the core process and its command line. Each command lives in host/cli.

#include "host/cli/commands.h"

#include <openssl/crypto.h>

int main(int argc, char** argv) {
  // The thread that uses OpenSSL first never gives back what it keeps for it: not one of a pool.
  OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, nullptr);
  using namespace maitred::host::cli;
  Command maitred;
  maitred.name = "maitred";
  maitred.summary = "Seats batch work, services and notebooks on a cluster.";
  maitred.commands = {runCommand(),        checkCommand(),   initCommand(),
                      pluginsCommand(),    ctlCommand(),     policyCommand(),
                      configDocsCommand(), versionCommand(), workerCommand()};
  return runCommandLine(std::move(maitred), argc, argv);
}
