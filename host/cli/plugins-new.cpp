// `maitred plugins new`: the first files of a plugin.

#include "plugins-new.h"

#include "host/config/names.h"
#include "host/scaffold/scaffold.h"
#include "setup.h"

#include <filesystem>
#include <iostream>

namespace maitred::host::cli {

namespace {

namespace fs = std::filesystem;

std::string templates() {
  auto folder = pluginTemplates();
  if (folder.empty()) {
    throw Failure{"the templates are not installed; they belong to the SDK, in "
                  "share/maitred/plugin-templates beside the folder of this executable"};
  }
  return folder;
}

std::string kindOf(const po::variables_map& values, const Words& known) {
  auto kind = values["kind"].as<std::string>();
  if (std::find(known.begin(), known.end(), kind) != known.end()) return kind;
  throw UsageError{"--kind: " + quote(kind) + " is none of " + quoteAll(known)};
}

int newPlugin(const po::variables_map& values) {
  scaffold::Plan plan;
  plan.name = values["name"].as<std::string>();
  if (auto fault = scaffold::nameFault(plan.name)) throw UsageError{*fault};
  plan.templates = templates();
  plan.kind = kindOf(values, scaffold::kinds(plan.templates));
  plan.folder = (fs::path(values["dir"].as<std::string>()) / plan.name).lexically_normal().string();
  plan.fileId = scaffold::freshFileId();
  auto files = scaffold::write(plan);
  std::cout << "wrote, in " << plan.folder << ":";
  for (const auto& file : files) std::cout << " " << file;
  std::cout << "\nnext: cd " << plan.folder
            << " && cmake -B build && cmake --build build && ctest --test-dir build\n"
            << "README.md there says how to go on.\n";
  return Exit::ok;
}

}  // namespace

Command newPluginCommand() {
  Command command;
  command.name = "new";
  command.summary = "Writes the first files of a plugin: they build, and have a test.";
  command.positional = "NAME";
  command.positionals = {"name"};
  command.options = [](po::options_description& options) {
    auto add = options.add_options();
    add("name", po::value<std::string>()->required(), "");
    add("dir", po::value<std::string>()->default_value(".")->value_name("DIR"),
        "where the folder NAME is made");
    add("kind", po::value<std::string>()->default_value("minimal")->value_name("WORD"),
        "minimal (config, log, metric, a question of operators), http (a REST interface), "
        "backend (runs tasks), or consumer (watches a queue)");
  };
  command.run = newPlugin;
  command.values = [] {
    // A name is the author's own: nothing to offer.
    return std::map<std::string, Words>{{"", {}}, {"kind", scaffold::kinds(pluginTemplates())}};
  };
  return command;
}

}  // namespace maitred::host::cli
