#pragma once
// Finds reports of progress in what a task writes. Pure. The patterns come from users, so the cost
// is bounded: RE2 takes time in proportion to the text, whatever the pattern, and the size of a
// compiled pattern is limited.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace maitred::local {

struct ProgressReport {
  std::optional<int16_t> percent;  // 0..100
  std::optional<std::string> message;
  bool operator==(const ProgressReport&) const = default;
};

class ProgressPattern {
 public:
  ProgressPattern(std::string_view pattern, size_t messageBytesMax);
  ~ProgressPattern();

  // Why it cannot be used, as a sentence; then no line matches.
  const std::string& fault() const { return trouble; }
  // What a line says. Nothing where the pattern is not found in it, or where its first group is no
  // number from 0 to 100. Fractions are rounded; the message is without blanks at its ends, valid
  // UTF-8 and cut to its length at a character's border.
  std::optional<ProgressReport> match(std::string_view line) const;

 private:
  std::unique_ptr<re2::RE2> pattern;
  size_t messageBytesMax;
  std::string trouble;
};

// One stream of output, in pieces as they come. A line ends with a newline or a carriage return;
// what it has beyond LINE_MAX bytes is not looked at.
class ProgressScanner {
 public:
  static constexpr size_t LINE_MAX_BYTES = 4096;

  // The last report that the piece completes.
  std::optional<ProgressReport> feed(std::string_view piece, const ProgressPattern& pattern);
  // The stream is over: what is left counts as a line.
  std::optional<ProgressReport> finish(const ProgressPattern& pattern);
  // Something was left out: up to the next end of a line nothing is looked at.
  void skip();
  void reset();

 private:
  std::string line;  // begun, its end has not come yet
  bool skipping = false;
};

// A blank at both ends less, bytes that are no UTF-8 replaced, at most so many bytes.
std::string cleanMessage(std::string_view text, size_t bytesMax);

}  // namespace maitred::local
