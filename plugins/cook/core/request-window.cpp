#include "request-window.h"

#include <algorithm>

namespace maitred::cook {

RequestWindow::Verdict RequestWindow::count(const std::string& who, std::int64_t limit,
                                            std::int64_t nowMs) {
  if (limit == 0) return {};
  if (nowMs / WINDOW_MS != minute) {
    counts.clear();
    others = 0;
    minute = nowMs / WINDOW_MS;
  }
  auto at = counts.find(who);
  if (at == counts.end() && counts.size() < KNOWN_MOST) at = counts.emplace(who, 0).first;
  std::int64_t& asked = at == counts.end() ? others : at->second;
  std::int64_t resetMs = (minute + 1) * WINDOW_MS - nowMs;
  if (asked >= limit) return {false, 0, resetMs};
  ++asked;
  return {true, limit - asked, resetMs};
}

}  // namespace maitred::cook
