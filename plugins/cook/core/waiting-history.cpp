#include "waiting-history.h"

namespace maitred::cook {
namespace {

constexpr std::size_t TIDIED_ABOVE = 10'000;

}  // namespace

const char* text(Hold hold) {
  switch (hold) {
    case Hold::room:
      return "its turn had come, and no node had room for it";
    case Hold::policy:
      return "its turn had come, and the placement policy put it off";
    case Hold::quota:
      return "it would have been above its owner's quota";
    case Hold::launchRate:
      return "its owner had no launches left";
    default:
      return "it waited for its turn";
  }
}

bool WaitingHistory::note(const Uuid& job, Hold hold, std::int64_t nowMs) {
  std::vector<Entry>& entries = jobs[job];
  if (!entries.empty() && entries.back().hold == hold) return false;
  if (entries.size() == ENTRIES_MOST) entries.erase(entries.begin() + 1);
  entries.push_back({nowMs, hold});
  return true;
}

std::vector<WaitingHistory::Entry> WaitingHistory::of(const Uuid& job) const {
  auto found = jobs.find(job);
  return found == jobs.end() ? std::vector<Entry>() : found->second;
}

void WaitingHistory::tidy(std::size_t knownCount, const std::function<bool(const Uuid&)>& known) {
  if (jobs.size() <= 2 * knownCount + TIDIED_ABOVE) return;
  std::erase_if(jobs, [&](const auto& one) { return !known(one.first); });
}

}  // namespace maitred::cook
