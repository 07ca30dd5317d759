#pragma once
// Shares: what each user is entitled to, as divisors of the fairness score.

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace maitred::cook {

struct Share {
  static constexpr double UNLIMITED = std::numeric_limits<double>::max();
  double mem = UNLIMITED;  // MiB
  double cpus = UNLIMITED;
  double gpus = UNLIMITED;
  bool operator==(const Share&) const = default;
};

// One pool's shares. A resource that a user has no value for takes the value of the pseudo-user
// `default`, and where that has none it is unlimited.
class Shares {
 public:
  struct Entry {
    std::optional<double> mem, cpus, gpus;
    bool operator==(const Entry&) const = default;
  };
  static constexpr std::string_view DEFAULT_USER = "default";

  void set(std::string_view user, Entry entry);
  Share of(std::string_view user) const;

 private:
  std::map<std::string, Entry, std::less<>> entries;
};

}  // namespace maitred::cook
