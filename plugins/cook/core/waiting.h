#pragma once
// Why a job waits, worked out at the moment when somebody asks. It costs as much as the user has
// jobs in front of it, up to a limit, and as the pool has hosts.

#include "constraints.h"
#include "obstacles.h"

#include <functional>

namespace maitred::cook {

// More of a resource than is allowed.
struct Excess {
  const char* resource;
  double limit, usage;
  bool operator==(const Excess& other) const {
    return std::string_view(resource) == other.resource && limit == other.limit &&
           usage == other.usage;
  }
};

// What the user would have with so much, where it is more than the quota or the share.
std::vector<Excess> excessOf(const Usage& usage, const Quota& quota);
std::vector<Excess> excessOf(const Usage& usage, const Share& share);

struct WhyWaiting {
  bool exhausted = false;         // no attempt is left
  std::vector<Excess> quota;      // with this job
  std::vector<Excess> share;
  std::size_t rateLimited = 0;    // waiting jobs of a user who may not launch now; 0: they may
  // The user's jobs in the pool that come before it, running ones included.
  std::size_t ahead = 0;
  bool aheadOrMore = false;       // there are so many that the count was given up
  std::vector<Uuid> firstAhead;   // the first of them
  bool poolIdle = false;          // the pool starts nothing
  bool ending = false;            // its last attempt was stopped and is not gone yet
  std::optional<std::int64_t> postponedMs;  // a launch was refused: not before that time
  std::optional<RefusalSummary> refusals;   // of the hosts; nothing: one could take it, or nobody
                                            // has looked
  bool seenByCycle = false;       // a scheduling cycle has found that no host takes it
  // Whether something else than the hosts holds it back.
  bool heldBack() const {
    return exhausted || !quota.empty() || rateLimited != 0 || poolIdle || ending || postponedMs;
  }
};

struct WaitingWorld {
  static constexpr std::size_t COUNTED_MOST = 100;  // waiting jobs ahead
  static constexpr std::size_t SHOWN_MOST = 10;
  Book& book;
  NodeTable& nodes;
  const PlacementRules& rules;
  // How many launches a user may make at present; null: as many as they like.
  std::function<std::int64_t(const std::string& user)> launchTokens;
  std::int64_t nowMs, steadyMs;  // see CycleOptions
};

// Of a job that waits. Without `askHosts` what a cycle has found tells of the hosts.
WhyWaiting whyWaiting(const Job& job, const WaitingWorld& world, bool askHosts);

}  // namespace maitred::cook
