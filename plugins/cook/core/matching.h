#pragma once
// Which node takes a job: among those with room, the one that it leaves fullest, so that large jobs
// find whole nodes. A node that is good enough ends the search.

#include "nodes.h"

namespace maitred::cook {

struct FitnessInput {
  double usedCpus, usedMem;  // on the node, with everything placed so far
  double jobCpus, jobMem;
  double totalCpus, totalMem;
  const JobSpec* job = nullptr;  // for those who look at more than the numbers
  const Node* node = nullptr;
};

class Fitness {
 public:
  virtual ~Fitness() = default;
  // 0..1, higher is better; below 0: not on this node, now; nothing: it failed (and has told so),
  // the built-in decides.
  virtual std::optional<double> of(const FitnessInput& input) = 0;
  // A round begins: of what was placed in a former one the book knows.
  virtual void begin() {}
  // The job gets that node in this round.
  virtual void placed(const JobSpec&, const Node&) {}
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
  // Whether the latest search found nothing because nodes with room were declined.
  bool declined() const { return declined_; }

 private:
  NodeTable& nodes;
  Fitness* fitness;
  std::int64_t nowMs;
  double goodEnough;
  std::string pool;
  Amount smallest;
  bool declined_ = false;
  std::vector<Amount>
      hopeless;  // requests that found nothing: whatever asks for as much or more will not either

  bool isHopeless(const Amount& wanted) const;
  double fitnessOf(const JobSpec& spec, const Node& node, const Amount& free,
                   const Amount& wanted);
};

}  // namespace maitred::cook
