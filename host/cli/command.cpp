#include "command.h"

#include "host/config/names.h"

#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>

#include <kj/exception.h>

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <sstream>

namespace maitred::host::cli {

const Command* childOf(const Command& command, const std::string& name) {
  for (const auto& child : command.commands) {
    if (child.name == name) return &child;
  }
  return nullptr;
}

std::string textOf(const po::variables_map& values, const char* option) {
  return values.count(option) == 0 ? "" : values[option].as<std::string>();
}

namespace {

bool isHelp(const std::string& word) {
  return word == "--help" || word == "-h" || word == "help";
}

Words longOptions(const po::options_description& options) {
  Words names;
  for (const auto& option : options.options()) names.push_back("--" + option->long_name());
  return names;
}

int complain(const std::string& path, const std::string& message) {
  std::cerr << path << ": " << message << "\ntry: " << path << " --help\n";
  return Exit::usage;
}

std::string didYouMean(const std::string& word, const Words& known) {
  auto near = nearest(word, known);
  return near ? ", did you mean " + quote(*near) + "?" : "";
}

int runLeaf(const Command& command, const Words& words, const std::string& path) {
  auto options = optionsOf(command);
  po::options_description all;
  all.add(options);
  po::positional_options_description positionals;
  for (size_t i = 0; i < command.positionals.size(); ++i) {
    bool several = all.find(command.positionals[i], false).semantic()->is_composing();
    positionals.add(command.positionals[i].c_str(), several ? -1 : 1);
  }
  po::variables_map values;
  try {
    using Style = po::command_line_style::style_t;
    auto parser = po::command_line_parser(words).options(all).positional(positionals);
    // No guessing of abbreviated names: a script must not change its meaning with a new option.
    parser.style(Style::unix_style & ~Style::allow_guessing);
    po::store(parser.run(), values);
    if (values.count("help") > 0) {
      std::cout << helpOf(command, path);
      return Exit::ok;
    }
    po::notify(values);
  } catch (const po::unknown_option& fault) {
    return complain(path, "unknown option " + quote(fault.get_option_name()) +
                              didYouMean(fault.get_option_name(), longOptions(options)));
  } catch (const po::too_many_positional_options_error&) {
    return complain(path, "too many words; usage: " + path + " " + command.positional);
  } catch (const po::required_option&) {
    return complain(path, "missing word; usage: " + path + " " + command.positional);
  } catch (const po::error& fault) {
    return complain(path, fault.what());
  }
  return command.run(values);
}

int walk(const Command& command, const Words& words, const std::string& path,
         const Unknown& unknown, const std::function<Words()>& moreNames) {
  if (command.raw) return command.raw(words);
  if (command.commands.empty()) return runLeaf(command, words, path);
  if (words.empty()) {
    std::cerr << helpOf(command, path);
    return Exit::usage;
  }
  if (isHelp(words[0])) {
    // `maitred help ctl status` is `maitred ctl status --help`.
    Words rest(words.begin() + 1, words.end());
    if (words[0] != "help" || rest.empty()) {
      std::cout << helpOf(command, path);
      return Exit::ok;
    }
    rest.push_back("--help");
    return walk(command, rest, path, unknown, moreNames);
  }
  Words rest(words.begin() + 1, words.end());
  if (const auto* child = childOf(command, words[0])) {
    return walk(*child, rest, path + " " + child->name, {}, {});
  }
  int exitCode = Exit::usage;
  if (unknown && unknown(words, exitCode)) return exitCode;
  Words known;
  for (const auto& child : command.commands) {
    if (!child.hidden) known.push_back(child.name);
  }
  if (moreNames) {
    for (auto& name : moreNames()) known.push_back(name);
  }
  bool option = words[0].starts_with("-");
  return complain(path, std::string(option ? "unknown option " : "unknown command ") +
                            quote(words[0]) + didYouMean(words[0], known));
}

// Texts of kj::Exception start with the source line for developers; people want the sentence.
std::string sentence(const kj::Exception& fault) {
  return std::string(fault.getDescription().cStr());
}

}  // namespace

po::options_description optionsOf(const Command& command) {
  po::options_description options;
  if (command.options) command.options(options);
  options.add_options()("help,h", "show this text");
  return options;
}

std::string helpOf(const Command& command, const std::string& path) {
  std::ostringstream out;
  if (!command.commands.empty()) {
    out << "usage: " << path << " COMMAND …\n\n" << command.summary << "\n\ncommands:\n";
    size_t width = 0;
    for (const auto& child : command.commands) {
      if (!child.hidden) width = std::max(width, child.name.size());
    }
    for (const auto& child : command.commands) {
      if (child.hidden) continue;
      out << "  " << std::left << std::setw(static_cast<int>(width) + 2) << child.name
          << child.summary << "\n";
    }
    out << "\n`" << path << " COMMAND --help` tells more.\n";
  } else {
    out << "usage: " << path << (command.positional.empty() ? "" : " " + command.positional)
        << " [options]\n\n"
        << command.summary << "\n\noptions:\n";
    po::options_description shown;
    auto all = optionsOf(command);
    for (const auto& option : all.options()) {
      if (!option->description().empty()) shown.add(option);
    }
    out << shown;
  }
  auto notes = command.notes ? command.notes() : std::string();
  if (!notes.empty()) out << "\n" << notes << "\n";
  return out.str();
}

int dispatch(const Command& root, const Words& words, const Unknown& unknown,
             const std::function<Words()>& moreNames) {
  try {
    return walk(root, words, root.name, unknown, moreNames);
  } catch (const UsageError& fault) {
    return complain(root.name, fault.message);
  } catch (const Failure& fault) {
    std::cerr << root.name << ": " << fault.message << "\n";
    return fault.exitCode;
  } catch (const kj::Exception& fault) {
    std::cerr << root.name << ": " << sentence(fault) << "\n";
    return Exit::failed;
  } catch (const std::exception& fault) {
    std::cerr << root.name << ": " << fault.what() << "\n";
    return Exit::failed;
  }
}

}  // namespace maitred::host::cli
