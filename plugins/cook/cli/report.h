#pragma once
// The report of a batch: what each user got. Pure arithmetic over finished jobs.

#include "job-view.h"

#include <string>
#include <vector>

namespace maitred::cook::cli {

struct UserReport {
  std::string user;
  size_t jobs = 0;
  size_t succeeded = 0;
  double waitMean = 0;  // seconds from submission to the first start
  double waitMedian = 0;
  double waitMost = 0;
  double runMean = 0;  // seconds
  double cpuSeconds = 0;
  // Of all cpu time that was given out while this user had jobs in the system, the part that went
  // to them: between 0 and 1. Equal shares and enough work: 1 / number of users.
  double share = 0;
};

// One entry a user, by name. Jobs that have not started yet are left out.
std::vector<UserReport> report(const std::vector<JobView>& jobs);

}  // namespace maitred::cook::cli
