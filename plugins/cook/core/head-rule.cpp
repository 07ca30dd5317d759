#include "head-rule.h"

#include <algorithm>
#include <tuple>

namespace maitred::cook {

void HeadRule::setMost(std::size_t value) {
  value = std::max<std::size_t>(1, value);
  if (value == most) return;
  most = value;
  reset();
}

void HeadRule::restore(const State& state) {
  std::tie(most, limit_, atFloor, matchedBefore, begun, sinceMs) =
      std::tie(state.most, state.limit, state.atFloor, state.matchedBefore, state.begun,
               state.sinceMs);
}

void HeadRule::reset() {
  limit_ = most;
  atFloor = 0;
}

HeadRule::Note HeadRule::tick() {
  if (limit_ > 1) {
    limit_ = std::max<std::size_t>(1, static_cast<std::size_t>(pace.scaleback * limit_));
    return Note::none;
  }
  ++atFloor;
  if (atFloor >= pace.resetAt) {
    reset();
    return Note::gaveUp;
  }
  return atFloor == pace.warnAt ? Note::stuck : Note::none;
}

HeadRule::Note HeadRule::after(bool matched, bool headMatched, std::int64_t nowMs,
                               std::int64_t paceMs) {
  if (headMatched) {
    reset();
    matchedBefore = false;
    sinceMs = nowMs;
    begun = true;
    return Note::none;
  }
  if (!begun) sinceMs = nowMs - paceMs;
  begun = true;
  matchedBefore = matchedBefore || matched;
  if (nowMs - sinceMs < paceMs) return Note::none;
  sinceMs = nowMs;
  if (matchedBefore) {
    matchedBefore = false;
    return tick();
  }
  reset();
  return Note::none;
}

}  // namespace maitred::cook
