// `maitred completion bash|zsh`: the shell's part is a few lines which ask the executable itself,
// so that completion knows every option and the commands of the plugins that are installed.

#include "commands.h"

#include <boost/program_options/cmdline.hpp>

#include <iostream>
#include <optional>

namespace maitred::host::cli {

namespace {

constexpr const char* bashScript =
    R"(# maitred completion for bash: source it, or put it into /etc/bash_completion.d
_maitred() {
  local cur="${COMP_WORDS[COMP_CWORD]}" line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ":files" ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur")
    else
      COMPREPLY+=("$line")
    fi
  done < <("${COMP_WORDS[0]}" completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _maitred maitred
)";

constexpr const char* zshScript = R"(#compdef maitred
# maitred completion for zsh: source it after compinit, or put it as _maitred into $fpath
_maitred() {
  local line
  local -a found
  for line in "${(@f)$("${words[1]}" completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == ":files" ]]; then
      _files
    elif [[ -n $line ]]; then
      found+=("$line")
    fi
  done
  (( ${#found} )) && compadd -a found
}
compdef _maitred maitred
)";

// The option that `word` is, if it takes a value.
std::optional<std::string> valueOption(const po::options_description& options,
                                       const std::string& word) {
  for (const auto& option : options.options()) {
    bool is = word == "--" + option->long_name() ||
              (word.size() == 2 && word == option->canonical_display_name(
                                               po::command_line_style::allow_dash_for_short));
    if (is && option->semantic()->max_tokens() > 0) return option->long_name();
  }
  return std::nullopt;
}

void namesOf(const Command& command, Words& found) {
  for (const auto& child : command.commands) {
    if (!child.hidden) found.push_back(child.name);
  }
}

// What may stand after `before` in a command without subcommands.
void completeLeaf(const Command& command, const Words& before, const std::string& current,
                  Words& found) {
  auto options = optionsOf(command);
  auto values = command.values ? command.values() : std::map<std::string, Words>();
  auto known = [&](const std::string& option) {
    auto list = values.find(option);
    if (list == values.end()) {
      found.push_back(":files");
    } else {
      found.insert(found.end(), list->second.begin(), list->second.end());
    }
  };
  if (!before.empty()) {
    if (auto option = valueOption(options, before.back())) return known(*option);
  }
  if (current.starts_with("-")) {
    for (const auto& option : options.options()) {
      if (!option->description().empty()) found.push_back("--" + option->long_name());
    }
    return;
  }
  if (!command.positionals.empty()) known("");
}

// `words` are those behind the program's name, the last one unfinished.
Words complete(const Command& root, Words words) {
  std::string current = words.empty() ? "" : words.back();
  if (!words.empty()) words.pop_back();
  Words found;
  const Command* command = &root;
  size_t used = 0;
  while (used < words.size() && !command->commands.empty()) {
    const auto* child = childOf(*command, words[used]);
    if (child == nullptr) break;
    command = child;
    ++used;
  }
  if (command->raw) {
    if (command->values) {
      auto values = command->values();
      found = used == words.size() ? values[""] : Words{":files"};
    } else {
      found.push_back(":files");
    }
  } else if (!command->commands.empty()) {
    if (used == words.size()) {
      namesOf(*command, found);
      if (command == &root) {
        for (auto& [alias, summary] : pluginSummaries()) found.push_back(alias);
      }
      found.push_back("--help");
    } else if (command == &root && words.size() == 1) {
      found = pluginCommandNames(words[0]);
    } else if (command == &root) {
      found.push_back(":files");  // options of plugins' commands are the plugins' own
    }
  } else {
    completeLeaf(*command, Words(words.begin() + static_cast<ptrdiff_t>(used), words.end()),
                 current, found);
  }
  Words fitting;
  for (auto& word : found) {
    bool option = word.starts_with("-") && !current.starts_with("-");
    if (word == ":files" || (!option && word.starts_with(current))) fitting.push_back(word);
  }
  return fitting;
}

}  // namespace

Command completionCommand(Command root) {
  Command command;
  command.name = "completion";
  command.summary = "Prints the script with which a shell completes maitred's commands.";

  auto script = [](const char* shell, const char* text, const char* use) {
    Command child;
    child.name = shell;
    child.summary = std::string("The script for ") + shell + ".";
    child.notes = [use] { return std::string(use); };
    child.run = [text](const po::variables_map&) {
      std::cout << text;
      return Exit::ok;
    };
    return child;
  };
  command.commands.push_back(
      script("bash", bashScript, "for this shell: source <(maitred completion bash)"));
  command.commands.push_back(
      script("zsh", zshScript, "for this shell: source <(maitred completion zsh)"));

  root.commands.push_back(command);
  Command words;
  words.name = "words";
  words.hidden = true;
  words.raw = [root = std::move(root)](const Words& given) {
    Words typed = given;
    if (!typed.empty() && typed[0] == "--") typed.erase(typed.begin());
    for (const auto& word : complete(root, std::move(typed))) std::cout << word << "\n";
    return Exit::ok;
  };
  command.commands.push_back(std::move(words));
  return command;
}

}  // namespace maitred::host::cli
