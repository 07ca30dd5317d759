#pragma once
// One function a command: its name, options and what it does. main.cpp lists them.

#include "command.h"

namespace maitred::host::cli {

Command runCommand();
Command checkCommand();
Command initCommand();
Command pluginsCommand();
Command ctlCommand();
Command policyCommand();
Command configDocsCommand();
Command versionCommand();
Command workerCommand();
// Completes the words of `root`, of itself and of the plugins' commands.
Command completionCommand(Command root);
// maitred(1) of `root`, for the packages.
Command manPageCommand(Command root);

// `maitred <alias> …`: the commands that plugins bring. False if no plugin has that alias.
bool runPluginCommand(const Words& words, int& exitCode);
// The installed plugins that bring commands: alias and description.
std::vector<std::pair<std::string, std::string>> pluginSummaries();
// Names of the commands of one; empty if there is none of that alias.
Words pluginCommandNames(const std::string& alias);

// Manifest names of the installed plugins that have a command of that name.
Words pluginsWithCommand(const std::string& command);
// Runs the command of one of them, of which words[0] is the name.
int runCommandOfPlugin(const std::string& plugin, const Words& words);

// All of it: parses argv and returns the exit code.
int runCommandLine(Command root, int argc, char** argv);

}  // namespace maitred::host::cli
