#include <maitred/plugin.h>

#include <probe.capnp.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace probe {

class Probe final : public maitred::PluginOf<ProbeConfig> {
 public:
  explicit Probe(maitred::Context&) {}

  static void check(ProbeConfig::Reader config, maitred::Problems& problems) {
    if (config.getDepth() == 7) problems.error({"depth"}, "seven is bad luck", "take eight");
  }
  kj::Promise<void> start(ProbeConfig::Reader, maitred::Grants&) override { return kj::READY_NOW; }

  static int commandLine(maitred::CommandLine line) {
    if (strcmp(line.argv[0], "explode") == 0) abort();
    for (int i = 0; i < line.argc; ++i) printf("%s%s", i == 0 ? "" : "|", line.argv[i]);
    printf("\n");
    fflush(stdout);
    return line.argc - 1;
  }
};

}  // namespace probe

MAITRED_PLUGIN(probe::Probe)
