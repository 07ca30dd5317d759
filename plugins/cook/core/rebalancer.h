#pragma once
// The rebalancer: makes room for waiting jobs of users who have little, by stopping tasks of users
// who have much. It only decides; the jobs are started by a later cycle, when the room is there.
//
// Jobs are taken in the order of the queue. For each one the tasks that may go are those of any
// user (of its owner alone, if the owner's quota allows no more than what the owner runs and has
// waiting in front of it) whose score is at least the safe
// one and above the job's by more than a least difference. On a host they go in descending order of
// their scores, no more than are needed; of the hosts the one is taken where the last that goes has
// the highest score, with room that is free anyway above all; of equal ones the last by name.

#include "pending-queue.h"
#include "preemption-policy.h"
#include "preemption-state.h"

namespace maitred::cook {

struct RebalanceOptions {
  QueueOptions queue = {};
  std::size_t preemptionMost = 0;  // jobs that are looked at, and for which room is made
  double scoreGainLeast = 0;       // min-dru-diff
  double safeScore = 1;            // safe-dru-threshold: who is below loses nothing
  PlacementRules rules = {};
};

struct Victim {
  Job* job;
  Uuid taskId;
};

// Room for one job on one node.
struct Decision {
  static constexpr double FREE_ANYWAY = std::numeric_limits<double>::max();
  Job* job;
  NodeKey node;
  std::string hostname;
  double score;  // of the last task that goes; FREE_ANYWAY: none
  Amount room;   // with what is free anyway
  std::vector<Victim> victims;  // that run; the most unfair first
  // Of tasks that go, those included that other decisions of the round have only placed.
  std::size_t tasks = 0;
  // It counts on tasks that were stopped before, or for other jobs of the round, and are not gone,
  // or on more than what comes free with the one task that goes: others could take that first.
  bool promised = false;
  // A later decision of the round counts on its room.
  bool displaced = false;
};

struct RebalanceResult {
  std::vector<Decision> decisions;
  bool policyFailed = false;  // the built-in rules decided this round
};

// `policy` null: Cook's rule. The book and the table stay as they are.
RebalanceResult rebalance(Book& book, const NodeTable& nodes, Scorer& scorer,
                          PreemptionPolicy* policy, const RebalanceOptions& options,
                          std::int64_t nowMs);

// The nodes to keep for jobs whose room comes free bit by bit.
Reservations::List reservationsFor(const std::vector<Decision>& decisions);

}  // namespace maitred::cook
