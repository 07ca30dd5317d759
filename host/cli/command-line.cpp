#include "commands.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace maitred::host::cli {

namespace {

std::string pluginNotes() {
  auto plugins = pluginSummaries();
  if (plugins.empty()) return "";
  size_t width = 0;
  for (const auto& [alias, summary] : plugins) width = std::max(width, alias.size());
  std::ostringstream out;
  out << "commands of plugins:";
  for (const auto& [alias, summary] : plugins) {
    out << "\n  " << std::left << std::setw(static_cast<int>(width) + 2) << alias << summary;
  }
  return out.str();
}

Words pluginNames() {
  Words names;
  for (auto& [alias, summary] : pluginSummaries()) names.push_back(alias);
  return names;
}

}  // namespace

int runCommandLine(Command root, int argc, char** argv) {
  Words words(argv + std::min(argc, 1), argv + argc);
  if (!words.empty() && words[0] == "--version") words[0] = "version";
  root.notes = pluginNotes;
  root.commands.push_back(completionCommand(root));
  root.commands.push_back(manPageCommand(root));
  return dispatch(root, words, runPluginCommand, pluginNames);
}

}  // namespace maitred::host::cli
