#include "commands.h"
#include "host/config/names.h"
#include "host/plugins/load.h"
#include "setup.h"

#include <maitred/abi.h>

#include <algorithm>
#include <cstddef>
#include <iomanip>
#include <iostream>
#include <sstream>

namespace maitred::host::cli {

namespace {

PluginPath installed() {
  return PluginPath(pluginDirectories({}));
}

std::string helpOf(const Library& library) {
  auto manifest = library.manifest();
  std::ostringstream out;
  out << "usage: maitred " << library.alias() << " COMMAND …\n\n"
      << manifest.getDescription().cStr() << "\n\ncommands:\n";
  size_t width = 0;
  for (auto command : manifest.getCommands()) width = std::max(width, command.getName().size());
  for (auto command : manifest.getCommands()) {
    out << "  " << std::left << std::setw(static_cast<int>(width) + 2) << command.getName().cStr()
        << command.getDescription().cStr() << "\n";
  }
  out << "\n`maitred " << library.alias() << " COMMAND --help` tells more.\n";
  return out.str();
}

int enter(const Library& library, const Words& words) {
  const auto* entry = loadPlugin(library.path());
  bool has = entry->size >= offsetof(maitred_plugin_entry, command) + sizeof(entry->command);
  if (!has || entry->command == nullptr) {
    throw Failure{library.path() + " names commands in its manifest, but has no function for them"};
  }
  Words copies = words;
  std::vector<char*> arguments;
  for (auto& word : copies) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  return entry->command(static_cast<int>(words.size()), arguments.data());
}

Words namesOf(const Library& library) {
  Words names;
  for (auto command : library.manifest().getCommands()) names.push_back(command.getName().cStr());
  return names;
}

}  // namespace

bool runPluginCommand(const Words& words, int& exitCode) {
  auto plugins = installed();
  auto library = plugins.byAlias(words[0]);
  if (library == nullptr) return false;
  auto names = namesOf(*library);
  std::string path = "maitred " + words[0];
  if (names.empty())
    throw Failure{"the plugin " + quote(words[0]) + " brings no commands", Exit::usage};
  if (words.size() < 2) {
    std::cerr << helpOf(*library);
    exitCode = Exit::usage;
    return true;
  }
  if (words[1] == "--help" || words[1] == "-h" || words[1] == "help") {
    std::cout << helpOf(*library);
    exitCode = Exit::ok;
    return true;
  }
  if (std::find(names.begin(), names.end(), words[1]) == names.end()) {
    auto near = nearest(words[1], names);
    std::cerr << path << ": unknown command " << quote(words[1])
              << (near ? ", did you mean " + quote(*near) + "?" : "") << "\ntry: " << path
              << " --help\n";
    exitCode = Exit::usage;
    return true;
  }
  exitCode = enter(*library, Words(words.begin() + 1, words.end()));
  return true;
}

std::vector<std::pair<std::string, std::string>> pluginSummaries() {
  std::vector<std::pair<std::string, std::string>> summaries;
  auto plugins = installed();
  for (const auto& result : plugins.all()) {
    auto* library = std::get_if<LibraryPtr>(&result);
    if (library != nullptr && (*library)->manifest().getCommands().size() > 0) {
      summaries.emplace_back((*library)->alias(), (*library)->manifest().getDescription().cStr());
    }
  }
  return summaries;
}

Words pluginCommandNames(const std::string& alias) {
  auto plugins = installed();
  auto library = plugins.byAlias(alias);
  return library == nullptr ? Words() : namesOf(*library);
}

Words pluginsWithCommand(const std::string& command) {
  Words found;
  auto plugins = installed();
  for (const auto& result : plugins.all()) {
    auto* library = std::get_if<LibraryPtr>(&result);
    if (library == nullptr) continue;
    auto names = namesOf(**library);
    if (std::find(names.begin(), names.end(), command) != names.end()) {
      found.push_back((*library)->manifest().getName().cStr());
    }
  }
  return found;
}

int runCommandOfPlugin(const std::string& plugin, const Words& words) {
  auto plugins = installed();
  auto result = plugins.find(plugin);
  if (auto* refusal = std::get_if<Refusal>(&result)) throw Failure{refusal->sentence()};
  const Library& library = *std::get<LibraryPtr>(result);
  auto names = namesOf(library);
  if (std::find(names.begin(), names.end(), words.at(0)) == names.end())
    throw Failure{"the plugin " + quote(plugin) + " has no command " + quote(words[0])};
  return enter(library, words);
}

}  // namespace maitred::host::cli
