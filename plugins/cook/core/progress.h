#pragma once
// Progress: what instances tell about how far they are, gathered until it is written down. Reports
// may overtake one another and come in far more often than they are worth a transaction: of each
// instance only the latest one waits.

#include "uuid.h"

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace maitred::cook {

// One report. What is absent leaves as it is what was written down before.
struct ProgressReport {
  std::int64_t sequence = 0;  // a later report of an instance has a higher one
  std::optional<int> percent;
  std::optional<std::string> message;
  bool operator==(const ProgressReport&) const = default;
};

struct ProgressLimits {
  std::int64_t intervalMs = 2500;  // between two writes
  std::size_t batch = 100;         // instances in one transaction
  std::size_t pending = 4000;      // instances that wait for the next write
  std::size_t sequences = 1000;    // instances whose latest sequence is remembered
  bool operator==(const ProgressLimits&) const = default;
};

// At most so many bytes of a message are kept; a character is not cut in two.
inline constexpr std::size_t PROGRESS_MESSAGE_BYTES = 512;
std::string cutMessage(std::string_view message);

// Not for several threads.
class ProgressReports {
 public:
  explicit ProgressReports(ProgressLimits limits = {}) : limits(limits) {}
  void configure(const ProgressLimits& value);

  enum class Taken : std::uint8_t {
    accepted,
    stale,  // one with this sequence or a higher one was accepted before
    full,   // too many instances wait to be written down
  };
  // Accepted: it stands in place of whatever waits of that instance, as a whole. Its message is cut
  // to its length. Sequences are remembered for ten intervals after their last use, and for only so
  // many instances: after that any sequence counts. Times are of a clock that does not jump.
  Taken offer(const Uuid& instance, ProgressReport report, std::int64_t nowMs);

  struct Due {
    Uuid instance;
    ProgressReport report;
  };
  // Those that have waited longest, at most as many as one transaction has.
  std::vector<Due> take();
  bool empty() const { return waiting.empty(); }
  std::size_t size() const { return waiting.size(); }

 private:
  struct Seen {
    std::int64_t sequence, usedMs;
    std::list<Uuid>::iterator place;
  };
  ProgressLimits limits;
  std::list<Uuid> order;  // of arrival
  std::unordered_map<Uuid, std::pair<ProgressReport, std::list<Uuid>::iterator>> waiting;
  std::list<Uuid> recent;  // whose sequence was used last is first
  std::unordered_map<Uuid, Seen> seen;

  std::optional<std::int64_t> latest(const Uuid& instance, std::int64_t nowMs) const;
  void remember(const Uuid& instance, std::int64_t sequence, std::int64_t nowMs);
  void trim();
};

}  // namespace maitred::cook
