#include "instance-stats.h"

#include "reasons.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace maitred::cook {
namespace {

constexpr std::size_t LEADERS = 10;

std::vector<std::pair<std::string, double>> leadersOf(const std::map<std::string, double>& totals) {
  std::vector<std::pair<std::string, double>> list(totals.begin(), totals.end());
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (list.size() > LEADERS) list.resize(LEADERS);
  return list;
}

}  // namespace

void InstanceStats::Values::append(const Values& other) {
  cpu.insert(cpu.end(), other.cpu.begin(), other.cpu.end());
  mem.insert(mem.end(), other.mem.begin(), other.mem.end());
  run.insert(run.end(), other.run.begin(), other.run.end());
}

void InstanceStats::add(const Job& job, const Instance& instance, std::int64_t nowMs) {
  std::int64_t end = instance.endMs == 0 ? nowMs : instance.endMs;
  double seconds = static_cast<double>(std::max<std::int64_t>(0, end - instance.startMs)) / 1000;
  const Reason* reason = instance.reason == 0 ? nullptr : findReason(instance.reason);
  Values& values = users[job.spec.user][reason == nullptr ? "" : reason->text];
  values.run.push_back(seconds);
  values.cpu.push_back(seconds * job.spec.cpus);
  values.mem.push_back(seconds * job.spec.mem);
  ++count;
}

InstanceStats::Distribution InstanceStats::distribution(std::vector<double> values) {
  Distribution made;
  std::sort(values.begin(), values.end());
  made.total = std::accumulate(values.begin(), values.end(), 0.0);
  for (std::size_t i = 0; i < made.at.size(); ++i) {
    // In whole numbers: 95 of 100 is the 95th and not, by a rounding, the one behind it.
    std::size_t rank = (values.size() * Distribution::PERCENTILES[i] + 99) / 100;
    made.at[i] = values[rank - 1];
  }
  return made;
}

InstanceStats::Summary InstanceStats::summary(Values values) {
  if (values.run.empty()) return {};
  return {values.run.size(), distribution(std::move(values.cpu)),
          distribution(std::move(values.mem)), distribution(std::move(values.run))};
}

InstanceStats::Result InstanceStats::result() const {
  Result result;
  Values all;
  std::map<std::string, Values> reasons;
  std::map<std::string, double> cpu, mem;
  for (const auto& [user, byReason] : users) {
    for (const auto& [reason, values] : byReason) {
      Summary& own = result.byUser[user][reason] = summary(values);
      cpu[user] += own.cpuSeconds.total;
      mem[user] += own.memSeconds.total;
      reasons[reason].append(values);
      all.append(values);
    }
  }
  for (auto& [reason, values] : reasons) result.byReason[reason] = summary(std::move(values));
  result.overall = summary(std::move(all));
  result.cpuLeaders = leadersOf(cpu);
  result.memLeaders = leadersOf(mem);
  return result;
}

}  // namespace maitred::cook
