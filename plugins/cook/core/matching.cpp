#include "matching.h"

#include <algorithm>

namespace maitred::cook {
namespace {

// Differences of fitness below it come from the order of the operations alone.
constexpr double ROUNDING = 1e-9;

}  // namespace
double binPacking(const FitnessInput& in) {
  return ((in.usedCpus + in.jobCpus) / in.totalCpus + (in.usedMem + in.jobMem) / in.totalMem) / 2;
}

bool Matcher::isHopeless(const Amount& wanted) const {
  return std::any_of(hopeless.begin(), hopeless.end(),
                     [&](const Amount& known) { return known.fitsIn(wanted); });
}

double Matcher::fitnessOf(const JobSpec& spec, const Node& node, const Amount& free,
                          const Amount& wanted) {
  constexpr double MIB = 1024 * 1024;
  const Amount& total = node.facts.capacity;
  FitnessInput input{(total.cpuMillis - free.cpuMillis) / 1000.0,
                     (total.memBytes - free.memBytes) / MIB,
                     wanted.cpuMillis / 1000.0,
                     wanted.memBytes / MIB,
                     total.cpuMillis / 1000.0,
                     total.memBytes / MIB,
                     &spec,
                     &node};
  if (fitness != nullptr) {
    if (auto value = fitness->of(input)) return *value;
    fitness = nullptr;  // for the rest of this pass, so that its scores stay comparable
  }
  return binPacking(input);
}

Node* Matcher::find(const JobSpec& spec) {
  Amount wanted = Amount::of(spec);
  declined_ = false;
  if (isHopeless(wanted)) return nullptr;
  // No node can become fuller by this job than by so much.
  double gainMost = 2;
  if (smallest.cpuMillis > 0 && smallest.memBytes > 0) {
    gainMost = (static_cast<double>(wanted.cpuMillis) / smallest.cpuMillis +
                static_cast<double>(wanted.memBytes) / smallest.memBytes) /
               2;
  }
  Node* best = nullptr;
  double bestFitness = -1;
  nodes.eachOpen(pool, wanted, [&](Node& node, const Amount& free) {
    if (fitness == nullptr && best != nullptr &&
        NodeTable::fullness(node) + gainMost <= bestFitness + ROUNDING) {
      return false;
    }
    if (node.closedUntilMs > nowMs || !node.suits(spec)) return true;
    double value = fitnessOf(spec, node, free, wanted);
    if (value < 0) declined_ = true;
    if (value >= 0 && value > bestFitness) {
      best = &node;
      bestFitness = value;
    }
    return bestFitness <= goodEnough;
  });
  declined_ = declined_ && best == nullptr;
  // What was declined to this job may be given to the next one.
  if (best == nullptr && !declined_ && spec.constraints.empty()) hopeless.push_back(wanted);
  return best;
}

}  // namespace maitred::cook
