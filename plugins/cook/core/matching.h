#pragma once
// Which node takes a job: among those with room, the one that it leaves fullest, so that large jobs
// find whole nodes. A node that is good enough ends the search.

#include "constraints.h"

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

struct MatchOptions {
  static constexpr double GOOD_ENOUGH = 0.8;
  std::string pool = {};  // a resolved name
  std::int64_t nowMs = 0;     // unix time
  std::int64_t steadyMs = 0;  // against which nodes are closed; see NodeTable::refused()
  double goodEnough = GOOD_ENOUGH;
  PlacementRules rules = {};
};

// One pass over jobs in their order. The owner puts what was found into the NodeTable before it
// asks again, and into the Book once the pass is over. While a pass lasts, room may only shrink.
class Matcher {
 public:
  // `fitness` null = bin packing.
  Matcher(const Book& book, NodeTable& nodes, Fitness* fitness, const MatchOptions& options);

  // Null: no node can take it now, or not the only one that is asked about.
  Node* find(const Job& job, const NodeKey* only = nullptr);
  // Whether the latest search found nothing because nodes with room were declined.
  bool declined() const { return declined_; }
  // Whether a node could take it if nothing else were there.
  bool couldEver(const Job& job);
  // What speaks against each host of the pool; nothing if one could take it now.
  std::optional<RefusalSummary> explain(const Job& job);
  // Null from the first time that it failed on.
  Fitness* fitnessInUse() const { return fitness; }

 private:
  struct Best {
    Node* node = nullptr;
    double fitness = -1;
    bool declined = false;           // by the policy, on some node
    bool refusedAsNotNovel = false;  // a node that nothing else speaks against
  };
  const Book& book;
  NodeTable& nodes;
  Fitness* fitness;
  const MatchOptions& options;
  const Pool* pool;
  Amount smallest;
  bool declined_ = false;
  std::vector<Amount>
      hopeless;  // requests that found nothing: whatever asks for as much or more will not either
  std::map<Uuid, GroupPlacement> groups;  // those that place their instances, as of now

  bool isClosed(const Node& node) const;
  Constraints constraintsOf(const Job& job, GroupPlacement* group) const;
  GroupPlacement* groupOf(const Job& job);
  bool isHopeless(const Amount& wanted) const;
  Best search(const Amount& wanted, const Constraints& constraints, const NodeKey* only);
  bool isNovelSomewhere(const Amount& wanted, const Constraints& constraints);
  double fitnessOf(const JobSpec& spec, const Node& node, const Amount& free,
                   const Amount& wanted);
};

}  // namespace maitred::cook
