#include "deciders.h"

#include <cmath>

namespace maitred::cook {

bool LuaScorer::wantsJob() const {
  const lua::Policy* policy = std::as_const(slot).active();
  return policy != nullptr && policy->parameters(function) > NUMBERS;
}

bool LuaScorer::score(std::span<const ScoreInput> inputs, std::span<double> scores) {
  bool more = wantsJob();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ScoreInput& in = inputs[i];
    const double numbers[] = {in.mem,       in.cpus,      in.gpus,     in.shareMem,
                              in.shareCpus, in.shareGpus, in.priority, in.submittedMs};
    bool good = false;
    if (more && in.job != nullptr) {
      std::vector<lua::Value> values(std::begin(numbers), std::end(numbers));
      values.push_back(tables.waitingJob(*in.job));
      lua::Value result;
      good = slot.ask(function, values, result);
      if (good) scores[i] = result.number();
    } else {
      good = slot.ask(function, numbers, scores[i]);
    }
    if (!good) return false;
  }
  return true;
}

bool LuaFitness::wantsJob() const {
  const lua::Policy* policy = std::as_const(slot).active();
  return policy != nullptr && policy->parameters(function) > NUMBERS;
}

void LuaFitness::begin() {
  tables.begin(tables.round());
  keptNodes.clear();
  job = nullptr;
  keptJob = 0;
  if (lua::Policy* policy = slot.active()) policy->forgetKept();
}

std::optional<double> LuaFitness::of(const FitnessInput& in) {
  const double numbers[] = {in.usedCpus, in.usedMem,   in.jobCpus,
                            in.jobMem,   in.totalCpus, in.totalMem};
  double value = 0;
  bool good = false;
  if (wantsJob() && in.job != nullptr) {
    lua::Policy& policy = *slot.active();
    if (in.job != job) keptJob = policy.keep(tables.placementJob(*in.job), keptJob);
    job = in.job;
    auto [node, isNew] = keptNodes.try_emplace(in.node, 0);
    if (isNew) node->second = policy.keep(PolicyTables::placementNode(*in.node));
    const int kept[] = {keptJob, node->second};
    good = slot.ask(function, numbers, kept, value);
  } else {
    good = slot.ask(function, numbers, value);
  }
  if (!good) return std::nullopt;
  return std::isnan(value) ? -1 : value;  // it answered `false`
}

void LuaFitness::placed(const JobSpec& given, const Node& node) {
  if (!wantsJob()) return;
  tables.placed(given, node);
  job = nullptr;  // its peers are others now
}

}  // namespace maitred::cook
