#include "nearest.h"

#include <algorithm>
#include <array>

namespace maitred::lua {

namespace {
constexpr std::size_t longest = 40;
}

std::size_t editDistance(std::string_view a, std::string_view b) {
  if (a.size() > longest || b.size() > longest) return longest;
  std::array<std::array<unsigned char, longest + 1>, 3> rows;  // three rows, for swapped neighbours
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = static_cast<unsigned char>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    row[0] = static_cast<unsigned char>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      int best = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      best = std::min({best, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best = std::min(best, rows[(i + 1) % 3][j - 2] + 1);
      }
      row[j] = static_cast<unsigned char>(best);
    }
  }
  return rows[a.size() % 3][b.size()];
}

bool resembles(std::string_view a, std::string_view b) {
  return editDistance(a, b) <= std::max<std::size_t>(1, std::max(a.size(), b.size()) / 3);
}

std::string didYouMean(std::string_view name, const std::vector<std::string>& known) {
  const std::string* nearest = nullptr;
  std::size_t distance = longest;
  for (const auto& candidate : known) {
    std::size_t d = editDistance(name, candidate);
    if (d < distance && resembles(name, candidate)) {
      distance = d;
      nearest = &candidate;
    }
  }
  return nearest == nullptr ? "" : " (did you mean \"" + *nearest + "\"?)";
}

}  // namespace maitred::lua
