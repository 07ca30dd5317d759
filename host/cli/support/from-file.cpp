#include "collect.h"
#include "host/config/tools.h"
#include "host/plugins/describe.h"
#include "machine.h"

#include <sstream>

namespace maitred::host::cli {

namespace {

constexpr size_t logBytes = 256 << 10;

std::string pluginsFound(PluginManifests& manifests) {
  std::ostringstream out;
  describeAll(out, manifests.plugins().all(), true);
  return out.str();
}

std::string faultsOf(const ConfigResult& loaded) {
  std::ostringstream out;
  loaded.diagnostics.write(out, Format::text);
  return out.str().empty() ? "no faults\n" : out.str();
}

std::string effective(const LoadedConfig& config) {
  std::ostringstream out;
  printEffective(out, config);
  return out.str();
}

}  // namespace

void collectFromFile(Bundle& bundle, const ConfigResult& loaded, PluginManifests& manifests,
                     bool complete) {
  bundle.add("versions.json", describeVersions());
  bundle.add("plugins.json", pluginsFound(manifests));
  bundle.add("check.txt", faultsOf(loaded));
  if (loaded.config == nullptr) {
    bundle.add("machine.txt", describeMachine("/"));
    bundle.missing("state.txt", "the configuration cannot be read");
    return;
  }
  std::string state = loaded.config->host().getState().cStr();
  bundle.add("machine.txt", describeMachine(state));
  bundle.add("state.txt", [&]() { return listFolder(state); });
  if (complete) {
    if (loaded.diagnostics.ok()) {
      bundle.add("config.yaml", effective(*loaded.config));
    } else {
      bundle.missing("config.yaml", "the configuration has faults, see check.txt");
    }
  }
  std::string log = loaded.config->host().getLog().getFile().cStr();
  if (log.empty()) return;
  if (complete && !loaded.diagnostics.ok()) {
    bundle.missing("log/file.log",
                   "the configuration has faults, so that not all secrets are known that would "
                   "have to be taken out of it");
    return;
  }
  try {
    bundle.add("log/file.log", endOf(log, logBytes), Bundle::Keep::end);
  } catch (const Failure& fault) {
    bundle.missing("log/file.log", fault.message);
  }
}

}  // namespace maitred::host::cli
