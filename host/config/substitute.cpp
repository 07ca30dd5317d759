#include "substitute.h"

#include "files.h"
#include "names.h"

#include <algorithm>
#include <maitred/utf8.h>

namespace maitred::host {

namespace {

constexpr size_t longestValue = 64 << 10;

bool isName(std::string_view name) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9');
  });
}

Substituted fault(std::string code, std::string message, std::string hint) {
  return {"", std::move(code), std::move(message), std::move(hint), {}};
}

}  // namespace

Substituted substituteVariables(const std::string& written, const Environment& environment) {
  Substituted result;
  for (size_t i = 0; i < written.size(); ++i) {
    char next = i + 1 < written.size() ? written[i + 1] : '\0';
    if (written[i] != '$' || (next != '$' && next != '{')) {
      result.text += written[i];
      continue;
    }
    if (next == '$') {
      result.text += '$';
      ++i;
      continue;
    }
    size_t end = written.find('}', i);
    if (end == std::string::npos) {
      return fault("variable-syntax", "\"${\" is not closed",
                   "write ${NAME} or ${NAME:-default}; $$ is one dollar");
    }
    std::string inside = written.substr(i + 2, end - i - 2);
    if (inside.empty()) {  // stands for nothing
      i = end;
      continue;
    }
    size_t dash = inside.find(":-");
    std::string name = inside.substr(0, dash);
    if (!isName(name)) {
      return fault("variable-syntax", quote(name) + " is no name of a variable",
                   "write ${NAME} or ${NAME:-default}; $$ is one dollar");
    }
    auto value = environment(name);
    // As in a shell, `:-` also replaces an empty value.
    if (dash != std::string::npos && (!value || value->empty())) {
      value = inside.substr(dash + 2);
    } else if (value) {
      result.outside.push_back(*value);
    } else {
      return fault("variable-missing", "the environment variable " + name + " is not set",
                   "set it, or give a default: ${" + name + ":-…}");
    }
    result.text += *value;
    if (result.text.size() > longestValue)
      return fault("value-too-long", "the value is longer than 64 KiB", "");
    i = end;
  }
  if (invalidUtf8(result.text) != std::string::npos ||
      result.text.find('\0') != std::string::npos) {
    return fault("value-not-text", "a variable's value is not valid UTF-8 text", "");
  }
  return result;
}

Substituted readReference(const std::string& path, const std::string& folder) {
  if (path.empty()) return fault("file-reference", "\"file:\" names no file", "write file:PATH");
  std::string absolute = absolutePath(path, folder);
  FileText file = readTextFile(absolute, longestValue);
  if (!file.text)
    return fault("file-reference", "the file " + quotePath(absolute) + " " + file.fault, "");
  if (invalidUtf8(*file.text) != std::string::npos || file.text->find('\0') != std::string::npos) {
    return fault("file-reference", "the file " + quotePath(absolute) + " is not valid UTF-8 text",
                 "");
  }
  const char* space = " \t\r\n";
  size_t first = file.text->find_first_not_of(space);
  if (first == std::string::npos) return {};
  auto text = file.text->substr(first, file.text->find_last_not_of(space) - first + 1);
  return {text, "", "", "", {text}};
}

}  // namespace maitred::host
