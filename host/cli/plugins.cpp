// `maitred plugins`: list and inspect; new and conform have files of their own.

#include "commands.h"
#include "plugins-conform.h"
#include "host/plugins/describe.h"
#include "plugins-new.h"
#include "setup.h"

#include <iostream>

namespace maitred::host::cli {

namespace {

int list(const po::variables_map& values) {
  PluginPath path(pluginDirectories(values));
  describeAll(std::cout, path.all(), values.count("json") > 0);
  return Exit::ok;
}

int inspect(const po::variables_map& values) {
  PluginPath path(pluginDirectories(values));
  auto result = findPlugin(values["plugin"].as<std::string>(), path);
  if (auto* refusal = std::get_if<Refusal>(&result)) throw Failure{refusal->sentence()};
  describe(std::cout, *std::get<LibraryPtr>(result), values.count("json") > 0);
  return Exit::ok;
}

void addOptions(po::options_description& options) {
  options.add_options()("json", "print JSON");
  addPathOptions(options);
}

}  // namespace

Command pluginsCommand() {
  Command all;
  all.name = "list";
  all.summary = "Lists the installed plugins, and the files that are refused, with the reason.";
  all.options = addOptions;
  all.run = list;

  Command one;
  one.name = "inspect";
  one.summary = "Prints what a plugin says about itself; none of its code is run.";
  one.positional = "NAME|FILE.so";
  one.positionals = {"plugin"};
  one.options = [](po::options_description& options) {
    options.add_options()("plugin", po::value<std::string>()->required(), "");
    addOptions(options);
  };
  one.run = inspect;

  Command command;
  command.name = "plugins";
  command.summary = "Looks at plugins, makes new ones, and tests them.";
  command.commands = {all, one, newPluginCommand(), conformCommand(), conformOneCommand()};
  return command;
}

}  // namespace maitred::host::cli
