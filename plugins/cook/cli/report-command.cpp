// maitred cook report: jobs, wait, run and share of each user, over the given jobs.
#include "command.h"
#include "report.h"
#include "text-table.h"

#include <cstdio>
#include <iostream>

namespace maitred::cook::cli {
namespace {

json asJson(const UserReport& one) {
  return {
      {"user", one.user},
      {"jobs", one.jobs},
      {"succeeded", one.succeeded},
      {"wait_seconds", {{"mean", one.waitMean}, {"median", one.waitMedian}, {"max", one.waitMost}}},
      {"run_seconds_mean", one.runMean},
      {"cpu_seconds", one.cpuSeconds},
      {"share", one.share}};
}

}  // namespace

int report(CommandLine line) {
  Options options(
      "report", "UUID…",
      "Prints for each user of the given jobs: how many, how long they waited and ran, and the "
      "share of the cpu time given out while that user had jobs in the system.");
  if (!options.parse(line)) return 0;
  auto uuids = uuidsFrom(options);
  auto api = options.connect();
  std::vector<JobView> jobs;
  for (auto& job : api.jobs(uuids, false)) jobs.emplace_back(job);
  auto reports = report(jobs);
  if (options.json()) {
    json out = json::array();
    for (auto& one : reports) out.push_back(asJson(one));
    std::cout << out.dump(2) << "\n";
    return 0;
  }
  TextTable table(
      {"USER", "JOBS", "SUCCEEDED", "WAIT MEAN", "WAIT MEDIAN", "WAIT MAX", "RUN MEAN", "SHARE"});
  for (auto& one : reports) {
    char share[16];
    std::snprintf(share, sizeof(share), "%.0f %%", one.share * 100);
    table.add({one.user, std::to_string(one.jobs), std::to_string(one.succeeded),
               durationText(one.waitMean), durationText(one.waitMedian), durationText(one.waitMost),
               durationText(one.runMean), share});
  }
  std::cout << table.text();
  return 0;
}

}  // namespace maitred::cook::cli
