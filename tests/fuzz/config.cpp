// Any bytes as maitred.yaml: the reader reports or reads them, prints what it read, and reads that
// again.
//
// The plugins are the imaginary ones of the reader's unit tests, whose config has every kind of
// field.

#include "host/config/tools.h"
#include "kitchen.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace {

using namespace maitred::host;

std::string workFile() {
  const char* base = std::getenv("TMPDIR");
  static const std::string path = std::string(base == nullptr ? "/tmp" : base) +
                                  "/maitred-fuzz-config-" + std::to_string(::getpid()) + ".yaml";
  static const int removal = std::atexit([] { ::unlink(path.c_str()); });
  (void)removal;
  return path;
}

ConfigResult load(const std::string& text, ManifestSource& manifests) {
  std::ofstream(workFile(), std::ios::binary) << text;
  Options options{.file = workFile(), .manifests = &manifests};
  // The outside world is the same for every input.
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    return name == "A" ? std::make_optional<std::string>("1") : std::nullopt;
  };
  ConfigResult result = loadConfig(options);
  std::stringstream out;
  result.diagnostics.write(out, Format::text);
  result.diagnostics.write(out, Format::json);
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // `file:` and `include` could name any file of the machine.
  std::string text(reinterpret_cast<const char*>(data), size);
  if (text.find("file:") != std::string::npos || text.find("include") != std::string::npos)
    return 0;
  static KitchenSource manifests;
  ConfigResult first = load(text, manifests);
  if (first.config == nullptr) return 0;
  std::stringstream printed;
  printEffective(printed, *first.config);
  if (!first.diagnostics.ok()) return 0;
  ConfigResult second = load(printed.str(), manifests);
  if (second.config == nullptr) std::abort();
  for (const InstanceChange& change : diffConfigs(*first.config, *second.config).instances) {
    if (change.change == Change::removed || change.change == Change::added) std::abort();
  }
  return 0;
}
