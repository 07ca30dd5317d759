#include "source-lines.h"

#include <algorithm>
#include <cctype>

namespace maitred::lua {

// Walks over the words of a file that Lua has accepted, so what is odd need not be told.
class SourceReader {
 public:
  SourceReader(std::string_view text, SourceLines& out) : text(text), out(out) {}

  void run() {
    while (at < text.size()) {
      skipBlanks();
      if (at >= text.size()) return;
      out.lastLine = line;
      word();
    }
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at + ahead < text.size() ? text[at + ahead] : '\0';
  }

  void advance(std::size_t count) {
    for (; count > 0 && at < text.size(); --count) line += text[at++] == '\n';
  }

  // The size of a long bracket that opens here, as in [==[; 0 if there is none.
  std::size_t longBracket() const {
    if (peek() != '[') return 0;
    std::size_t size = 1;
    while (peek(size) == '=') ++size;
    return peek(size) == '[' ? size + 1 : 0;
  }

  void skipLong(std::size_t opening) {
    std::string closing = "]" + std::string(opening - 2, '=') + "]";
    std::size_t end = text.find(closing, at + opening);
    advance(end == text.npos ? text.size() - at : end + closing.size() - at);
  }

  void skipBlanks() {
    for (;;) {
      while (std::isspace(static_cast<unsigned char>(peek())) != 0) advance(1);
      if (peek() != '-' || peek(1) != '-') return;
      advance(2);
      if (std::size_t opening = longBracket()) {
        skipLong(opening);
      } else {
        while (at < text.size() && peek() != '\n') advance(1);
      }
    }
  }

  std::string quoted() {
    char quote = peek();
    std::size_t begin = at + 1;
    advance(1);
    while (at < text.size() && peek() != quote) advance(peek() == '\\' ? 2 : 1);
    std::string inner(text.substr(begin, at - begin));
    advance(1);
    return inner;
  }

  void word() {
    int begin = line;
    if (peek() == '"' || peek() == '\'') return assigned(quoted(), begin);
    if (std::size_t opening = longBracket()) return skipLong(opening);
    if (std::isalpha(static_cast<unsigned char>(peek())) == 0 && peek() != '_') return advance(1);
    std::size_t size = 1;
    while (std::isalnum(static_cast<unsigned char>(peek(size))) != 0 || peek(size) == '_') ++size;
    std::string name(text.substr(at, size));
    advance(size);
    if (name == "function" || name == "if" || name == "do" || name == "repeat") ++depth;
    if (name == "end" || name == "until") --depth;
    if (name == "return" && depth == 0) out.resultLine = begin;
    if (name == "function") inHead = true;
    assigned(std::move(name), begin);
  }

  // Notes the name if what follows gives it a value, or its function's parameters.
  void assigned(std::string name, int begin) {
    skipBlanks();
    bool closed = peek() == ']';
    if (closed) advance(1);
    skipBlanks();
    bool value = peek() == '=' && peek(1) != '=';
    bool head = inHead && peek() == '(';
    if (peek() == '(') inHead = false;
    if (value || head) out.places.push_back({std::move(name), begin, out.resultLine != 0});
  }

  std::string_view text;
  SourceLines& out;
  std::size_t at = 0;
  int line = 1, depth = 0;
  bool inHead = false;  // behind `function`, before its parameters
};

SourceLines::SourceLines(std::string_view text) {
  SourceReader(text, *this).run();
}

int SourceLines::field(std::string_view name) const {
  auto find = [&](bool inResult) {
    auto found = std::find_if(places.begin(), places.end(), [&](const Place& place) {
      return place.inResult == inResult && place.name == name;
    });
    return found == places.end() ? 0 : found->line;
  };
  int line = find(true);
  return line != 0 ? line : find(false);
}

}  // namespace maitred::lua
