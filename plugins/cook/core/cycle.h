#pragma once
// One scheduling cycle: the first jobs of the order are matched with nodes and started in the book.

#include "book.h"
#include "matching.h"

#include <functional>
#include <optional>

namespace maitred::cook {

struct CycleOptions {
  std::string pool;
  std::size_t considerableMost = 1000;
  double goodEnough = Matcher::GOOD_ENOUGH;
  // The clock against which NodeTable::refused() closed nodes, ms. It must not jump, which the wall
  // clock does; without it the cycle's own time is taken.
  std::optional<std::int64_t> steadyMs = std::nullopt;
};

struct CycleResult {
  struct Started {
    Job* job;
    Uuid taskId;
    NodeKey node;
    std::uint64_t generation;  // of the room that it was placed by
  };
  std::vector<Started> started;
  std::size_t considered = 0;
  bool policyFailed = false;  // the built-in order decided this cycle
  bool more = false;          // jobs wait behind those that were considered
};

// `newId` gives unique task ids; `fitness` may be null. What it returns is begun in the book, and
// must be durable before anything is launched.
CycleResult runCycle(Book& book, NodeTable& nodes, Scorer& scorer, Fitness* fitness,
                     const CycleOptions& options, std::int64_t nowMs,
                     const std::function<Uuid()>& newId);

// The first waiting jobs in the order in which they would be served.
std::vector<Job*> considerable(Book& book, Scorer& scorer, const CycleOptions& options,
                               CycleResult& result);

}  // namespace maitred::cook
