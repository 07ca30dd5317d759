#pragma once
// How often each of many has asked in the present minute. Minutes follow each other and do not
// slide, as in Cook: whoever has asked enough waits for the next one.

#include <cstdint>
#include <map>
#include <string>

namespace maitred::cook {

class RequestWindow {
 public:
  static constexpr std::int64_t WINDOW_MS = 60'000;
  // So many are told apart; those who come later in that minute are counted as one.
  static constexpr std::size_t KNOWN_MOST = 100'000;

  struct Verdict {
    bool allowed = true;
    std::int64_t remaining = 0;  // in this minute, after this request
    std::int64_t resetMs = 0;    // until the next one
  };
  // Counts a request. `limit` 0: there is none. Times are of a clock that does not jump.
  Verdict count(const std::string& who, std::int64_t limit, std::int64_t nowMs);

 private:
  std::int64_t minute = -1;
  std::map<std::string, std::int64_t> counts;
  std::int64_t others = 0;
};

}  // namespace maitred::cook
