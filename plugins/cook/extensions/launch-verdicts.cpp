#include "launch-verdicts.h"

namespace maitred::cook {

bool LaunchVerdicts::isAgedOut(const Seen& one, std::int64_t nowMs) const {
  return one.deferrals > ageing.deferrals && nowMs - one.firstMs > ageing.firstSeenMs &&
         nowMs - one.lastMs < ageing.lastSeenMs;
}

LaunchVerdicts::State LaunchVerdicts::of(const Uuid& job, std::int64_t nowMs) const {
  auto at = seen.find(job);
  if (at == seen.end()) return State::unknown;
  const Seen& one = at->second;
  if (one.asked) return State::asked;
  if (nowMs < one.untilMs) return one.accepted ? State::accepted : State::deferred;
  return isAgedOut(one, nowMs) ? State::accepted : State::unknown;
}

void LaunchVerdicts::ask(const Uuid& job, std::int64_t nowMs) {
  auto [at, isNew] = seen.try_emplace(job);
  if (isNew) at->second.firstMs = nowMs;
  at->second.lastMs = nowMs;
  at->second.asked = true;
}

void LaunchVerdicts::take(const Uuid& job, Answer answer, std::int64_t nowMs) {
  auto at = seen.find(job);
  if (at == seen.end() || !at->second.asked) return;
  Seen& one = at->second;
  one.asked = false;
  one.accepted = answer.accepted;
  one.lastMs = nowMs;
  one.untilMs = answer.untilMs;
  one.by = std::move(answer.by);
  one.message = std::move(answer.message);
  if (!answer.accepted) ++one.deferrals;
}

std::uint32_t LaunchVerdicts::deferrals(const Uuid& job) const {
  auto at = seen.find(job);
  return at == seen.end() ? 0 : at->second.deferrals;
}

std::optional<std::int64_t> LaunchVerdicts::deferredUntil(const Uuid& job) const {
  auto at = seen.find(job);
  if (at == seen.end() || at->second.accepted || at->second.deferrals == 0) return std::nullopt;
  return at->second.untilMs;
}

// While it is asked about again, the last word is that of the time before.
std::optional<LaunchVerdicts::Deferral> LaunchVerdicts::deferral(const Uuid& job) const {
  if (!deferredUntil(job)) return std::nullopt;
  const Seen& one = seen.at(job);
  return Deferral{one.by, one.message};
}

void LaunchVerdicts::sweep(std::size_t most, const std::function<bool(const Uuid&)>& waits,
                           std::int64_t nowMs) {
  auto at = seen.upper_bound(cursor);
  for (std::size_t looked = 0; looked < most; ++looked) {
    if (at == seen.end()) {
      cursor = {};
      return;
    }
    cursor = at->first;
    const Seen& one = at->second;
    bool over = !one.asked && one.accepted && one.untilMs <= nowMs && one.deferrals == 0;
    at = over || !waits(at->first) ? seen.erase(at) : std::next(at);
  }
}

}  // namespace maitred::cook
