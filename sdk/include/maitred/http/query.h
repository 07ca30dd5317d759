#pragma once
// Percent-decoding of paths and queries, strict: a bad escape, a NUL, or bytes that are not UTF-8
// are refused.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace maitred::http {

// The parameters of a query or a form, in their order; a key may occur many times.
class Query {
 public:
  using Item = std::pair<std::string, std::string>;

  Query() = default;
  // Parses `a=1&b=x+y&a=2` ('+' is a space). Throws HttpError 400 which names the parameter.
  static Query parse(std::string_view text);

  // The first value of the key; nothing if the key is absent. `a` and `a=` both give "".
  std::optional<std::string_view> get(std::string_view key) const;
  // All values of the key, in order.
  std::vector<std::string_view> all(std::string_view key) const;
  bool has(std::string_view key) const { return get(key).has_value(); }

  const std::vector<Item>& items() const { return list; }
  bool empty() const { return list.empty(); }

 private:
  std::vector<Item> list;
};

// Decodes %XX, and '+' if asked. Nothing if an escape is malformed, or the result holds a NUL or is
// not UTF-8.
std::optional<std::string> percentDecode(std::string_view text, bool plusIsSpace);
// Encodes all but unreserved characters (letters, digits, `-._~`): for a path segment, a key or a
// value.
std::string percentEncode(std::string_view text);

}  // namespace maitred::http
