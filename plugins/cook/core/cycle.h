#pragma once
// One scheduling cycle of one pool: the first jobs of its queue are matched with nodes and started
// in the book. Its cost follows the jobs that it looks at and what changed since the last one.

#include "matching.h"
#include "pending-queue.h"
#include "waiting-history.h"

#include <functional>
#include <optional>

namespace maitred::cook {

struct CycleOptions {
  QueueOptions queue = {};
  std::size_t considerableMost = 1000;
  HeadRule::Pace head = {};
  double goodEnough = MatchOptions::GOOD_ENOUGH;
  // The clock against which NodeTable::refused() closed nodes and Book::postpone() put off jobs,
  // ms. It must not jump, which the wall clock does; without it the cycle's own time is taken.
  std::optional<std::int64_t> steadyMs = std::nullopt;
  PlacementRules rules = {};
};

struct CycleResult {
  struct Started {
    Job* job;
    Uuid taskId;
    NodeKey node;
    std::uint64_t generation;  // of the room that it was placed by
    std::uint64_t nodeNumber;  // see Node::number()
  };
  std::vector<Started> started;
  // Jobs above the per-job limits; the owner kills them.
  std::vector<Job*> offensive;
  std::size_t considered = 0;
  bool policyFailed = false;  // the built-in order decided this cycle
  bool more = false;          // jobs may wait behind those that were considered
  // Jobs that were looked at and not started, and why: one of those of a user who may not go on.
  std::vector<std::pair<const Job*, Hold>> held;
  std::vector<std::string> rateLimited;  // users whose jobs wait for their launch rate alone
  HeadRule::Note head = HeadRule::Note::none;
};

// `newId` gives unique task ids; `fitness` may be null. What it returns is begun in the book, and
// must be durable before anything is launched. An inactive pool starts nothing.
CycleResult runCycle(Book& book, NodeTable& nodes, Scorer& scorer, Fitness* fitness,
                     const CycleOptions& options, std::int64_t nowMs,
                     const std::function<Uuid()>& newId);

}  // namespace maitred::cook
