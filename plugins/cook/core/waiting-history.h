#pragma once
// What held a job back, and since when: kept while the job is known, so that one can ask
// afterwards. A job that is in no entry waited for its turn. Only what a cycle looks at anyway is
// noted.

#include "uuid.h"

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

namespace maitred::cook {

enum class Hold : std::uint8_t {
  turn,        // others go first
  room,        // its turn had come, and no node took it
  policy,      // its turn had come, and the placement policy put it off
  quota,       // it would have been above its owner's quota
  launchRate,  // its owner had no launches left
};
// "no node had room for it", …
const char* text(Hold hold);

class WaitingHistory {
 public:
  struct Entry {
    std::int64_t sinceMs;  // unix time
    Hold hold;
    bool operator==(const Entry&) const = default;
  };
  // Of one job; of more the first and the latest are kept.
  static constexpr std::size_t ENTRIES_MOST = 32;

  // True: it is not what was noted last.
  bool note(const Uuid& job, Hold hold, std::int64_t nowMs);
  // Oldest first.
  std::vector<Entry> of(const Uuid& job) const;
  std::size_t size() const { return jobs.size(); }
  // Forgets jobs that are not known any more, once there may be as many of those as of the others:
  // cheap enough to be called at every turn.
  void tidy(std::size_t knownCount, const std::function<bool(const Uuid&)>& known);

 private:
  std::unordered_map<Uuid, std::vector<Entry>> jobs;
};

}  // namespace maitred::cook
