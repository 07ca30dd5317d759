#pragma once
// Which node takes a job: among those with room, the one that it leaves fullest, so that large jobs
// find whole nodes. A node that is good enough ends the search.

#include "nodes.h"

namespace maitred::cook {

struct FitnessInput {
  double usedCpus, usedMem;  // on the node, with everything placed so far
  double jobCpus, jobMem;
  double totalCpus, totalMem;
};

class Fitness {
 public:
  virtual ~Fitness() = default;
  // 0..1, higher is better; nothing: it failed (and has told so), the built-in decides.
  virtual std::optional<double> of(const FitnessInput& input) = 0;
};

// (cpus + memory) / 2, each as the used part of the node once the job is there.
double binPacking(const FitnessInput& input);

// One pass over jobs in their order. The owner puts what was found into the NodeTable before it
// asks again. While a pass lasts, room may only shrink.
class Matcher {
 public:
  static constexpr double GOOD_ENOUGH = 0.8;

  // `fitness` null = bin packing.
  Matcher(NodeTable& nodes, Fitness* fitness, std::int64_t nowMs, double goodEnough = GOOD_ENOUGH,
          std::string pool = "")
      : nodes(nodes),
        fitness(fitness),
        nowMs(nowMs),
        goodEnough(goodEnough),
        pool(std::move(pool)),
        smallest(nodes.smallest(this->pool)) {}

  // Null: no node can take it now.
  Node* find(const JobSpec& spec);

 private:
  NodeTable& nodes;
  Fitness* fitness;
  std::int64_t nowMs;
  double goodEnough;
  std::string pool;
  Amount smallest;
  std::vector<Amount>
      hopeless;  // requests that found nothing: whatever asks for as much or more will not either

  bool isHopeless(const Amount& wanted) const;
  double fitnessOf(const Node& node, const Amount& free, const Amount& wanted);
};

}  // namespace maitred::cook
