#pragma once
// Pattern: a regular expression of the operator's, in RE2's syntax. It is compiled once and takes
// time in proportion to the text, whoever has sent that and however long it is.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace maitred::cook {

class Pattern {
 public:
  // Why the text is no expression; nothing: it is one.
  static std::optional<std::string> faultIn(const std::string& text);

  // Of a text that is no expression: a pattern that is found in nothing.
  Pattern(std::string text = "");  // NOLINT: an expression is written as its text
  Pattern(const char* text) : Pattern(std::string(text)) {}

  const std::string& text() const { return text_; }
  bool isFoundIn(std::string_view subject) const;
  bool matches(std::string_view subject) const;  // as a whole
  bool operator==(const Pattern& other) const { return text_ == other.text_; }

 private:
  std::string text_;
  std::shared_ptr<const re2::RE2> compiled;  // shared by copies
};

}  // namespace maitred::cook
