#pragma once
// A folder of its own for a test, removed afterwards, and the config files in it.

#include "kitchen.h"

#include <maitred/testing/harness.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace maitred::host {

class ScratchTest : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << text;
    return (folder / name).string();
  }

  ConfigResult load(const std::string& text, std::vector<std::string> overrides = {}) {
    return loadFile(write("maitred.yaml", text), std::move(overrides));
  }

  ConfigResult loadFile(const std::string& file, std::vector<std::string> overrides = {}) {
    Options options{.file = file, .overrides = std::move(overrides), .manifests = &manifests};
    options.environment = [this](const std::string& name) -> std::optional<std::string> {
      auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::make_optional(found->second);
    };
    return loadConfig(options);
  }

  // A file with a kitchen, whose config has these members besides the dishes.
  static std::string kitchen(const std::string& members) {
    return "plugins:\n"
           "  - { name: local, library: maitred-local }\n"
           "  - name: kitchen\n"
           "    library: maitred-kitchen\n"
           "    uses: { backends: [local] }\n"
           "    listen: { rest: 127.0.0.1:1 }\n"
           "    config:\n"
           "      dishes: [soup]\n" +
           members;
  }

  static std::string report(const ConfigResult& result) {
    std::stringstream out;
    result.diagnostics.write(out, Format::text);
    return out.str();
  }

  maitred::testing::TemporaryDirectory directory;
  std::filesystem::path folder = directory.path();
  std::unique_ptr<KitchenSource> source = std::make_unique<KitchenSource>();
  KitchenSource& manifests = *source;
  std::map<std::string, std::string> variables;
};

}  // namespace maitred::host
