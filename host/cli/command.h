#pragma once
// The shape of the command line: a tree of commands, each of which declares its options once, for
// parsing, help and completion alike.

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace maitred::host::cli {

namespace po = boost::program_options;
using Words = std::vector<std::string>;

// What the process ends with. `check` has the four of host/config as well.
struct Exit {
  static constexpr int ok = 0;
  static constexpr int failed = 1;        // it was tried and did not work
  static constexpr int usage = 64;        // the command line itself is wrong
  static constexpr int unavailable = 69;  // the host cannot be reached
  static constexpr int timeout = 75;      // it did not answer in time
};

struct Command {
  std::string name;
  std::string summary;     // one line of the parent's help
  std::string positional;  // as shown in the usage line: "[FILE]"
  // Options whose values positional words fill, in order; a composing one takes all the rest.
  std::vector<std::string> positionals;
  // Adds the command's options; --help is added to all. One without a description is left out of
  // the help: a positional word, which the usage line explains.
  std::function<void(po::options_description&)> options;
  std::function<std::string()> notes;  // after the options in the help text; made only when shown
  std::function<int(const po::variables_map&)> run;

  std::vector<Command> commands;  // subcommands; then `run` is not used
  // Takes every word behind its name itself, --help included: the tools of other components.
  std::function<int(const Words&)> raw;
  // Known values of an option or, with the key "", of the first positional word: for completion.
  std::function<std::map<std::string, Words>()> values;
  bool hidden = false;  // not in help and completion
};

// Runs `words` (without the program's own name) against the tree and returns the exit code. Help
// goes to standard output; errors go to standard error with the nearest known word. `unknown` is
// asked for a first word that no command has; it returns false if it does not know it either.
using Unknown = std::function<bool(const Words& words, int& exitCode)>;
int dispatch(const Command& root, const Words& words, const Unknown& unknown,
             const std::function<Words()>& moreNames);

// Help text of one command; `path` is "maitred ctl status".
std::string helpOf(const Command& command, const std::string& path);

// The subcommand of that name, or null.
const Command* childOf(const Command& command, const std::string& name);

// What was given for an option; empty if nothing was.
std::string textOf(const po::variables_map& values, const char* option);

// The options of a command, with --help.
po::options_description optionsOf(const Command& command);

// Thrown by a command for a wrong word on the command line: exit code Exit::usage.
struct UsageError {
  std::string message;
};
// Thrown by a command to end with a message and a code.
struct Failure {
  std::string message;
  int exitCode = Exit::failed;
};

}  // namespace maitred::host::cli
