#include "plain-words.h"

#include <algorithm>

namespace maitred::local {

namespace {

bool isPlain(char c) {
  bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9') ||
         std::string_view("/._-+=:,@%").find(c) != std::string_view::npos;
}

}  // namespace

std::optional<std::vector<std::string>> plainWords(std::string_view command) {
  std::vector<std::string> words;
  for (size_t at = 0; at < command.size();) {
    if (command[at] == ' ' || command[at] == '\t') {
      ++at;
      continue;
    }
    auto end = std::find_if_not(command.begin() + at, command.end(), isPlain);
    size_t length = size_t(end - command.begin()) - at;
    if (length == 0) return std::nullopt;
    words.emplace_back(command.substr(at, length));
    at += length;
  }
  // With `=` in it the first one would be a variable of the command that follows.
  bool good = !words.empty() && words[0].find('/') != std::string::npos &&
              words[0].find('=') == std::string::npos;
  if (!good) return std::nullopt;
  return words;
}

}  // namespace maitred::local
