#pragma once
// InstanceStats: how long instances ran and what they held meanwhile, by reason of their end and by
// user.

#include "types.h"

#include <array>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace maitred::cook {

class InstanceStats {
 public:
  // One that runs has run until now.
  void add(const Job& job, const Instance& instance, std::int64_t nowMs);

  struct Distribution {
    static constexpr int PERCENTILES[] = {50, 75, 95, 99, 100};
    std::array<double, std::size(PERCENTILES)> at{};  // the smallest value that so many do not pass
    double total = 0;
  };
  struct Summary {
    std::size_t count = 0;  // 0: the rest means nothing
    Distribution cpuSeconds, memSeconds, runSeconds;
  };
  using ByReason = std::map<std::string, Summary>;  // by text; empty: none
  struct Result {
    Summary overall;
    ByReason byReason;
    std::map<std::string, ByReason> byUser;
    // Who has used most, the first ten, with how much.
    std::vector<std::pair<std::string, double>> cpuLeaders, memLeaders;
  };
  // Sorts all of it.
  Result result() const;
  std::size_t size() const { return count; }

 private:
  struct Values {
    std::vector<double> cpu, mem, run;
    void append(const Values& other);
  };
  std::map<std::string, std::map<std::string, Values>> users;  // by user, then reason
  std::size_t count = 0;

  static Distribution distribution(std::vector<double> values);
  static Summary summary(Values values);
};

}  // namespace maitred::cook
