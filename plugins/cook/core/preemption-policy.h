#pragma once
// PreemptionPolicy: which running tasks make room for a waiting job. A script stands behind it;
// without one Cook's rule decides: of the hosts on which enough can be stopped, the one where the
// least unfair task that has to go is the most unfair.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace maitred::cook {

struct TaskView {
  std::string user;
  double score = 0;  // by the fairness policy
  double cpus = 0, mem = 0, gpus = 0;
  double priority = 0;
  double runningMs = 0;
  bool preemptible = true;  // false: its job bears the label `preemptible` with the value `false`
};

struct JobView {
  std::string user;
  double score = 0;  // that it would have if it ran
  double cpus = 0, mem = 0, gpus = 0;
  double priority = 0;
  double waitingMs = 0;
};

class PreemptionPolicy {
 public:
  virtual ~PreemptionPolicy() = default;
  // Both: nothing when it failed (and has told so); the built-in then decides the whole round.
  virtual std::optional<bool> mayPreempt(const TaskView& task, const JobView& job) = 0;
  // The choice with the highest gain is taken; zero or less: none.
  virtual std::optional<double> gain(std::span<const TaskView> tasks, const JobView& job) = 0;
};

}  // namespace maitred::cook
