#include "progress-scanner.h"

#include <maitred/utf8.h>
#include <re2/re2.h>

#include <cmath>
#include <cstdlib>

namespace maitred::local {

namespace {

// Of the compiled pattern and of what is kept for matching: a pattern that needs more is refused.
constexpr int64_t PATTERN_MEMORY = 512 * 1024;

RE2::Options optionsForPatterns() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(PATTERN_MEMORY);
  return options;
}

std::optional<int16_t> percentOf(std::string_view text) {
  if (text.empty() || text.size() > 32) return std::nullopt;
  std::string copy(text);
  char* end;
  double value = strtod(copy.c_str(), &end);
  // Not NaN either.
  if (*end != 0 || !(value >= 0 && value <= 100)) return std::nullopt;
  return int16_t(std::lround(value));
}

}  // namespace

std::string cleanMessage(std::string_view text, size_t bytesMax) {
  constexpr std::string_view BLANKS = " \t\v\f";
  auto begin = text.find_first_not_of(BLANKS);
  if (begin == std::string_view::npos) return "";
  text = text.substr(begin, text.find_last_not_of(BLANKS) + 1 - begin);
  std::string out;
  while (!text.empty()) {
    size_t length = utf8Length(text);
    if (out.size() + std::max<size_t>(length, 1) > bytesMax) break;
    bool good = length > 0 && text[0] != 0;
    good ? out.append(text.substr(0, length)) : out.append(1, '?');
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

ProgressPattern::ProgressPattern(std::string_view text, size_t messageBytesMax)
    : pattern(std::make_unique<RE2>(re2::StringPiece(text.data(), text.size()),
                                    optionsForPatterns())),
      messageBytesMax(messageBytesMax) {
  if (!pattern->ok()) {
    trouble = "the pattern for progress is not understood: " +
              cleanMessage(pattern->error(), 200) + " (its syntax is RE2's)";
  } else if (pattern->NumberOfCapturingGroups() < 1) {
    trouble = "the pattern for progress has no group: the first one holds the percentage";
  }
}

ProgressPattern::~ProgressPattern() = default;

std::optional<ProgressReport> ProgressPattern::match(std::string_view line) const {
  if (!trouble.empty() || line.empty()) return std::nullopt;
  re2::StringPiece groups[3];
  int count = std::min(pattern->NumberOfCapturingGroups() + 1, 3);
  re2::StringPiece text(line.data(), line.size());
  if (!pattern->Match(text, 0, text.size(), RE2::UNANCHORED, groups, count)) return std::nullopt;
  ProgressReport report;
  report.percent = percentOf({groups[1].data(), groups[1].size()});
  if (!report.percent) return std::nullopt;
  if (count == 3 && groups[2].data() != nullptr) {
    report.message = cleanMessage({groups[2].data(), groups[2].size()}, messageBytesMax);
    if (report.message->empty()) report.message.reset();
  }
  return report;
}

std::optional<ProgressReport> ProgressScanner::feed(std::string_view piece,
                                                    const ProgressPattern& pattern) {
  std::optional<ProgressReport> last;
  while (!piece.empty()) {
    size_t end = piece.find_first_of("\r\n");
    auto part = piece.substr(0, end);
    if (!skipping && line.size() < LINE_MAX_BYTES) {
      line.append(part.substr(0, LINE_MAX_BYTES - line.size()));
    }
    if (end == std::string_view::npos) break;
    if (auto report = pattern.match(line)) last = std::move(report);
    reset();
    piece.remove_prefix(end + 1);
  }
  return last;
}

std::optional<ProgressReport> ProgressScanner::finish(const ProgressPattern& pattern) {
  auto report = pattern.match(line);
  reset();
  return report;
}

void ProgressScanner::skip() {
  line.clear();
  skipping = true;
}

void ProgressScanner::reset() {
  line.clear();
  skipping = false;
}

}  // namespace maitred::local
