#pragma once
// `${NAME}`, `${NAME:-default}`, `$$` and `file:PATH` in values.

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace maitred::host {

using Environment = std::function<std::optional<std::string>(const std::string&)>;

struct Substituted {
  std::string text;
  std::string code, fault, hint;  // empty if all went well
  // What is not in the configuration itself: values of variables that are set, content of a file.
  std::vector<std::string> outside = {};
};

// Replaces the variables of a value. `$$` is one dollar; a dollar before anything else stays.
Substituted substituteVariables(const std::string& written, const Environment& environment);

// Content of the file that a `file:PATH` value names, without white space at its ends. `folder` is
// where a relative path starts.
Substituted readReference(const std::string& path, const std::string& folder);

}  // namespace maitred::host
