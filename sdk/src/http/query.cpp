#include <maitred/http/error.h>
#include <maitred/http/query.h>
#include <maitred/utf8.h>

#include <algorithm>

namespace maitred::http {

namespace {

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

[[noreturn]] void refuse(std::string_view what, std::string_view item) {
  // The item is raw, thus visible ASCII; cut so that the answer stays small.
  throw HttpError(400, "query: " + std::string(what) + " in '" + std::string(item.substr(0, 80)) +
                           "': expected percent-encoded UTF-8 without NUL");
}

}  // namespace

std::optional<std::string> percentDecode(std::string_view text, bool plusIsSpace) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      int high = hexDigit(text[i + 1]), low = hexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plusIsSpace) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    result.push_back(c);
  }
  if (invalidUtf8(result) != std::string::npos) return std::nullopt;
  return result;
}

std::string percentEncode(std::string_view text) {
  static const char digits[] = "0123456789ABCDEF";
  std::string result;
  result.reserve(text.size());
  for (unsigned char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      result.push_back(static_cast<char>(c));
    } else {
      result.append({'%', digits[c >> 4], digits[c & 15]});
    }
  }
  return result;
}

Query Query::parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    size_t end = std::min(text.find('&'), text.size());
    std::string_view item = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (item.empty()) continue;   // `a=1&&b=2`
    size_t equals = std::min(item.find('='), item.size());
    auto key = percentDecode(item.substr(0, equals), true);
    if (!key) refuse("malformed key", item);
    auto value = percentDecode(item.substr(std::min(equals + 1, item.size())), true);
    if (!value) refuse("malformed value", item);
    query.list.emplace_back(std::move(*key), std::move(*value));
  }
  return query;
}

std::optional<std::string_view> Query::get(std::string_view key) const {
  for (auto& [name, value] : list) {
    if (name == key) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Query::all(std::string_view key) const {
  std::vector<std::string_view> result;
  for (auto& [name, value] : list) {
    if (name == key) result.push_back(value);
  }
  return result;
}

}  // namespace maitred::http
