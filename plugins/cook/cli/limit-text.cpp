#include "limit-text.h"

#include "text-table.h"

#include <algorithm>
#include <limits>

namespace maitred::cook::cli {
namespace {

constexpr double COUNT_UNLIMITED = 2147483647;

}  // namespace

std::string limitText(const nlohmann::json& amounts, const char* key) {
  auto found = amounts.find(key);
  if (found == amounts.end() || !found->is_number()) return "-";
  double value = found->get<double>();
  bool count = std::string_view(key) == "count" && value >= COUNT_UNLIMITED;
  if (count || value >= std::numeric_limits<double>::max()) return "no limit";
  return numberText(value);
}

std::string headerOf(const std::string& key) {
  if (key == "mem") return "MEM MiB";
  std::string text = key;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  return text;
}

}  // namespace maitred::cook::cli
