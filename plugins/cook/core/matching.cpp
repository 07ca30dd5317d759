#include "matching.h"

#include <algorithm>

namespace maitred::cook {
namespace {

bool fits(const Amount& wanted, const Amount& free) {
  return wanted.cpuMillis <= free.cpuMillis && wanted.memBytes <= free.memBytes &&
         wanted.ports <= free.ports;
}

}  // namespace

double binPacking(const FitnessInput& in) {
  return ((in.usedCpus + in.jobCpus) / in.totalCpus + (in.usedMem + in.jobMem) / in.totalMem) / 2;
}

bool Matcher::isHopeless(const Amount& wanted) const {
  return std::any_of(hopeless.begin(), hopeless.end(),
                     [&](const Amount& known) { return fits(known, wanted); });
}

double Matcher::fitnessOf(const Node& node, const Amount& free, const Amount& wanted) {
  constexpr double MIB = 1024 * 1024;
  const Amount& total = node.facts.capacity;
  FitnessInput input{(total.cpuMillis - free.cpuMillis) / 1000.0,
                     (total.memBytes - free.memBytes) / MIB,
                     wanted.cpuMillis / 1000.0,
                     wanted.memBytes / MIB,
                     total.cpuMillis / 1000.0,
                     total.memBytes / MIB};
  if (fitness != nullptr) {
    if (auto value = fitness->of(input)) return *value;
    fitness = nullptr;  // for the rest of this pass, so that its scores stay comparable
  }
  return binPacking(input);
}

Node* Matcher::find(const JobSpec& spec) {
  Amount wanted = Amount::of(spec);
  if (isHopeless(wanted)) return nullptr;
  const Amount& smallest = nodes.smallest();
  // No node can become fuller by this job than by so much.
  double gainMost = 2;
  if (smallest.cpuMillis > 0 && smallest.memBytes > 0) {
    gainMost = (static_cast<double>(wanted.cpuMillis) / smallest.cpuMillis +
                static_cast<double>(wanted.memBytes) / smallest.memBytes) /
               2;
  }
  Node* best = nullptr;
  double bestFitness = -1;
  nodes.eachOpen([&](Node& node) {
    if (fitness == nullptr && best != nullptr &&
        NodeTable::fullness(node) + gainMost <= bestFitness) {
      return false;
    }
    Amount free = node.free();
    if (!fits(wanted, free) || node.closedUntilMs > nowMs) return true;
    bool suits = std::all_of(spec.constraints.begin(), spec.constraints.end(),
                             [&](const AttributeRule& rule) { return node.has(rule); });
    if (!suits) return true;
    double value = fitnessOf(node, free, wanted);
    if (value > bestFitness) {
      best = &node;
      bestFitness = value;
    }
    return bestFitness <= goodEnough;
  });
  if (best == nullptr && spec.constraints.empty()) hopeless.push_back(wanted);
  return best;
}

}  // namespace maitred::cook
