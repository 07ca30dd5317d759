#include "name-filter.h"

#include <algorithm>
#include <cctype>

namespace maitred::cook {

NameFilter::NameFilter(std::string_view text) : pattern(text) {}

bool NameFilter::isValid(std::string_view text) {
  auto allowed = [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == '*');
  };
  return text.size() <= BYTES_MOST && std::all_of(text.begin(), text.end(), allowed);
}

// What fails behind a wildcard is tried again one byte further, but never behind an earlier
// wildcard: the first place where the text up to the next one is found is as good as any.
bool NameFilter::matches(std::string_view name) const {
  std::size_t at = 0, in = 0;                        // in the name, in the pattern
  std::size_t star = std::string::npos, behind = 0;  // the latest wildcard, what it stands for ends
  while (at < name.size()) {
    if (in < pattern.size() && pattern[in] == '*') {
      star = in++;
      behind = at;
    } else if (in < pattern.size() && pattern[in] == name[at]) {
      ++in;
      ++at;
    } else if (star != std::string::npos) {
      in = star + 1;
      at = ++behind;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in) == std::string::npos;
}

}  // namespace maitred::cook
