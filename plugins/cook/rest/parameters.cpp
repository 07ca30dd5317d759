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

NameFilter nameFilter(std::string_view filter) {
  if (filter.size() > NameFilter::BYTES_MOST) {
    throw Refused(400, "unsupported name filter " + std::string(filter.substr(0, 100)) +
                           "…, can only have 128 characters");
  }
  if (!NameFilter::isValid(filter)) {
    throw Refused(400, "unsupported name filter " + std::string(filter) +
                           ", can only contain alphanumeric characters, '.', '-', '_', and '*' as "
                           "a wildcard");
  }
  return NameFilter(filter);
}

}  // namespace maitred::cook
