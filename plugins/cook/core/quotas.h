#pragma once
// Quotas: what a user, or all users of a pool together, may have running at most. A lower quota
// never ends what runs already.

#include "types.h"
#include "user-table.h"

#include <limits>

namespace maitred::cook {

// A ceiling for one user in one pool, and how fast the user may launch there.
struct Quota {
  static constexpr double UNLIMITED = std::numeric_limits<double>::max();
  static constexpr std::int64_t UNLIMITED_COUNT = 2147483647;
  static constexpr double DEFAULT_RATE_SAVED = 10000097;
  static constexpr double DEFAULT_RATE_PER_MINUTE = 600013;

  double mem = UNLIMITED;  // MiB
  double cpus = UNLIMITED;
  double gpus = UNLIMITED;
  std::int64_t count = UNLIMITED_COUNT;                  // of jobs
  double launchRateSaved = DEFAULT_RATE_SAVED;           // launches that can be saved up
  double launchRatePerMinute = DEFAULT_RATE_PER_MINUTE;  // launches that are earned
  bool operator==(const Quota&) const = default;

  // Whether so much may run: nothing of it above the quota.
  bool allows(const Usage& usage) const {
    return usage.mem <= mem && usage.cpus <= cpus && usage.gpus <= gpus && usage.count <= count;
  }
  // Whether it limits no resource and no number of jobs.
  bool isUnlimited() const {
    return mem == UNLIMITED && cpus == UNLIMITED && gpus == UNLIMITED && count >= UNLIMITED_COUNT;
  }
};

struct QuotaEntry {
  std::optional<double> mem, cpus, gpus;  // each 0 or above
  std::optional<std::int64_t> count;
  std::optional<double> launchRateSaved, launchRatePerMinute;
  auto fields() { return std::tie(mem, cpus, gpus, count, launchRateSaved, launchRatePerMinute); }
  bool operator==(const QuotaEntry&) const = default;
};

// One pool's quotas. A resource that a user has no value for takes the value of the pseudo-user
// `default`, and where that has none it is unlimited.
class Quotas : public UserTable<QuotaEntry> {
 public:
  using Entry = QuotaEntry;
  Quota of(std::string_view user) const;
};

}  // namespace maitred::cook
