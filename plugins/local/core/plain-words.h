#pragma once
// Shell commands that need no shell. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::local {

// The words of a command that every POSIX shell would merely split at blanks and execute:
// "/usr/bin/python3 train.py --steps=5". The first word holds a slash, so it is neither a builtin
// nor a function nor a reserved word, and is looked for nowhere; and no character means anything to
// a shell. Nothing for all others. Saves the start of a shell, which takes as long as that of most
// programs.
std::optional<std::vector<std::string>> plainWords(std::string_view command);

}  // namespace maitred::local
