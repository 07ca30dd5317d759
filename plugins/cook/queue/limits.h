#pragma once
// The most that one job may ask for, and the check that every submission passes, by whatever way it
// came.

#include <core/types.h>

namespace maitred::cook {

struct JobLimits {
  double cpus = 4;
  double memMib = 12 * 1024;
  std::int64_t retries = 20;
  std::int64_t ports = 5;
  std::size_t commandBytes = 0;  // 0 = no limit of its own
  std::size_t jobsPerRequest = 10'000;
  std::vector<std::string> dockerParameters;  // that may be given; empty: any
};

// What is wrong with a job, in the words that Cook's clients know; nothing if it is accepted.
std::optional<std::string> faultIn(const JobSpec& spec, const JobLimits& limits);

// A user's name: 2 to 64 of [a-z0-9_-], a letter first, and no dash or underscore last.
bool validUser(std::string_view name);
bool validJobName(std::string_view name);

}  // namespace maitred::cook
