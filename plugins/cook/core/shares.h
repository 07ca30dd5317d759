#pragma once
// Shares: what each user is entitled to, as divisors of the fairness score.

#include "user-table.h"

#include <limits>

namespace maitred::cook {

struct Share {
  static constexpr double UNLIMITED = std::numeric_limits<double>::max();
  double mem = UNLIMITED;  // MiB
  double cpus = UNLIMITED;
  double gpus = UNLIMITED;
  bool operator==(const Share&) const = default;
};

struct ShareEntry {
  std::optional<double> mem, cpus, gpus;  // each above 0
  auto fields() { return std::tie(mem, cpus, gpus); }
  bool operator==(const ShareEntry&) const = default;
};

// One pool's shares. A resource that a user has no value for takes the value of the pseudo-user
// `default`, and where that has none it is unlimited.
class Shares : public UserTable<ShareEntry> {
 public:
  using Entry = ShareEntry;
  Share of(std::string_view user) const;
};

}  // namespace maitred::cook
