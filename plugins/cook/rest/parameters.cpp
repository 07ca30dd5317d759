#include "parameters.h"

#include <charconv>

namespace maitred::cook {

bool flagOf(const http::Request& request, const char* key) {
  return request.query.get(key).value_or("") == "true";
}

std::optional<std::int64_t> numberOf(const http::Request& request, const char* key) {
  auto text = request.query.get(key);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (fault != std::errc() || end != text->data() + text->size()) {
    throw Refused(400, std::string(key) + " is not a number: " + std::string(text->substr(0, 100)));
  }
  return number;
}

std::int64_t timeOf(const http::Request& request, const char* key) {
  std::string_view text = request.query.get(key).value_or("");
  auto time = readTime(text);
  if (!time) {
    throw Refused(400, std::string(key) + " is neither ISO-8601 nor unix milliseconds: " +
                           std::string(text.substr(0, 100)));
  }
  return *time;
}

std::size_t limitIn(const http::Request& request, std::int64_t otherwise, std::size_t most) {
  auto text = request.query.get("limit");
  std::int64_t limit = otherwise;
  if (text) {
    auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), limit);
    if (fault != std::errc() || end != text->data() + text->size() || limit <= 0) {
      throw Refused(400, "limit must be a positive number");
    }
  }
  return std::min(static_cast<std::size_t>(limit), most);
}

std::regex nameFilter(std::string_view filter) {
  static const std::regex ALLOWED("[.a-zA-Z0-9_*-]*");
  std::string text(filter);
  if (text.size() > 128 || !std::regex_match(text, ALLOWED)) {
    throw Refused(400,
                  "unsupported name filter " + text +
                      ", can only contain alphanumeric characters, '.', '-', '_', and '*' as a "
                      "wildcard");
  }
  std::string pattern;
  for (char c : text) {
    if (c == '*' && pattern.ends_with(".*")) continue;  // ** means the same, at another price
    pattern += c == '.' ? "[.]" : c == '*' ? ".*" : std::string(1, c);
  }
  return std::regex(pattern);
}

}  // namespace maitred::cook
