#pragma once
// Redactor: takes the secrets of configurations out of any text that leaves the host, such as a
// log. Pure.
//
// Left out are values of $secret fields, and texts that a variable or a `file:` reference brought
// in from outside of the configuration (but for paths), as they are and as they look inside JSON,
// YAML and URLs; of longer ones each line by itself, too.

#include "config.h"

#include <set>
#include <string>
#include <string_view>

namespace maitred::host {

class Redactor {
 public:
  // A shorter text would be found in half of all words; where it stands in the configuration itself
  // it is masked whatever its length.
  static constexpr size_t shortest = 4;

  // Also what an earlier configuration had stays known: a log is older than a reload.
  void add(const LoadedConfig& config);

  // `text` with `***` in the place of each of them.
  std::string operator()(std::string_view text) const;

 private:
  void addForms(const std::string& text);

  struct LongerFirst {
    bool operator()(const std::string& a, const std::string& b) const {
      return a.size() != b.size() ? a.size() > b.size() : a < b;
    }
  };
  std::set<std::string, LongerFirst> forms;
};

}  // namespace maitred::host
