#include "report.h"

#include <algorithm>
#include <map>

namespace maitred::cook::cli {
namespace {

// The part of [begin, end) that lies in [from, to).
double overlapSeconds(const JobView& job, int64_t from, int64_t to) {
  int64_t begin = std::max(job.startMs, from);
  int64_t end = std::min(job.endMs, to);
  return end > begin ? (end - begin) / 1000.0 : 0;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

UserReport reportOf(const std::string& user, const std::vector<const JobView*>& own,
                    const std::vector<JobView>& all) {
  UserReport out;
  out.user = user;
  out.jobs = own.size();
  std::vector<double> waits;
  int64_t from = own[0]->submitMs;
  int64_t to = own[0]->endMs;
  for (const JobView* job : own) {
    out.succeeded += job->succeeded;
    out.runMean += job->runSeconds / own.size();
    out.cpuSeconds += job->cpuSeconds;
    waits.push_back(std::max<int64_t>(0, job->startMs - job->submitMs) / 1000.0);
    out.waitMean += waits.back() / own.size();
    out.waitMost = std::max(out.waitMost, waits.back());
    from = std::min(from, job->submitMs);
    to = std::max(to, job->endMs);
  }
  out.waitMedian = median(std::move(waits));
  double mine = 0;
  double everybodys = 0;
  for (const JobView& job : all) {
    double cpuSeconds = overlapSeconds(job, from, to) * job.cpus;
    everybodys += cpuSeconds;
    if (job.user == user) mine += cpuSeconds;
  }
  out.share = everybodys > 0 ? mine / everybodys : 0;
  return out;
}

}  // namespace

std::vector<UserReport> report(const std::vector<JobView>& jobs) {
  std::map<std::string, std::vector<const JobView*>> byUser;
  for (auto& job : jobs) {
    if (job.startMs != 0) byUser[job.user].push_back(&job);
  }
  std::vector<UserReport> out;
  for (auto& [user, own] : byUser) out.push_back(reportOf(user, own, jobs));
  return out;
}

}  // namespace maitred::cook::cli
