#pragma once
// Replay: decides again what a snapshot holds, by the queue's own ordering and matching, under any
// scorer and fitness. Nothing outside is touched.

#include "snapshot.h"

namespace maitred::cook {

struct OrderedJob {
  const Snapshot::WaitingJob* job;
  double score;
};

struct PolicyOrder {
  std::vector<OrderedJob> jobs;
  bool failed = false;    // the scorer did
  bool complete = false;  // false: behind these come jobs that are not listed
};

struct NodeChoice {
  const Snapshot::WaitingJob* job;
  int node;        // an index into the snapshot's nodes; -1: none
  double fitness;  // of that node
};

struct PolicyChoices {
  std::vector<NodeChoice> jobs;
  bool failed = false;  // the fitness or the scorer did, at least once
};

class Replay {
 public:
  // `reseat`: the latest placements are taken back, to be decided again.
  Replay(const Snapshot& snapshot, bool reseat);

  // For the tables of policies that look at more than numbers.
  PolicyRound round();

  // The first jobs as far as quotas let them start, at most so many.
  PolicyOrder order(Scorer& scorer, std::size_t most);
  // Where the first jobs would be started in one cycle. Once only: the jobs run then. `fitness`
  // null: bin packing.
  PolicyChoices place(Scorer& scorer, Fitness* fitness);
  // Where the snapshot's latest placements would go, one after the other. Once only.
  PolicyChoices placeAgain(Fitness* fitness);

 private:
  const Snapshot& snapshot;
  Book book;
  NodeTable nodes;
  std::map<NodeKey, int> places;
  std::map<Uuid, const Snapshot::WaitingJob*> jobs;
  std::map<std::string, std::size_t> listed;  // jobs by user
  std::uint64_t made = 0;

  QueueOptions options() const;
  Uuid newId() { return Uuid::fromRandom(0, ++made); }
  void addPool();
  void addUsers();
  void addNodes(bool reseat);
  void addWaiting();
  void addRunning(bool reseat);
  JobSpec specOf(const Snapshot::WaitingJob& job) const;
  int placeOf(const Node& node) const { return places.at(node.facts.key); }
};

}  // namespace maitred::cook
