// A pattern of a user's and what a task writes, in pieces of any size: whatever is reported lies
// within its bounds, and does not depend on how the output was cut. The first byte is the size of a
// piece, the first line after it the pattern.

#include <core/progress-scanner.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>

namespace {

using namespace maitred::local;

constexpr size_t messageMost = 64;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const ProgressReport& report) {
  if (report.percent) require(*report.percent >= 0 && *report.percent <= 100);
  if (!report.message) return;
  require(report.message->size() <= messageMost);
  nlohmann::json(*report.message).dump();  // throws where it is no UTF-8
}

std::optional<ProgressReport> lastIn(std::string_view output, size_t piece,
                                     const ProgressPattern& pattern) {
  ProgressScanner scanner;
  std::optional<ProgressReport> last;
  auto note = [&](std::optional<ProgressReport> report) {
    if (!report) return;
    check(*report);
    last = std::move(report);
  };
  for (size_t at = 0; at < output.size(); at += piece) {
    note(scanner.feed(output.substr(at, piece), pattern));
  }
  note(scanner.finish(pattern));
  return last;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  size_t end = std::min(rest.find('\n'), rest.size());
  ProgressPattern pattern(rest.substr(0, end), messageMost);
  auto output = rest.substr(std::min(end + 1, rest.size()));
  auto whole = lastIn(output, std::max<size_t>(output.size(), 1), pattern);
  require(whole == lastIn(output, 1 + data[0], pattern));
  require(whole == lastIn(output, 1, pattern));
  return 0;
}
