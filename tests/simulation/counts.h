#pragma once
// Counts: how often what happened. It is no proof if nothing went wrong, so each of them has a
// number that a seed comes to at least, on the average of many.

#include <array>
#include <cstdint>

namespace maitred::simulation {

struct Counts {
  std::uint64_t jobs = 0;
  std::uint64_t crashes = 0, powerCuts = 0, cuts = 0, backendCrashes = 0, absences = 0;
  std::uint64_t ungranted = 0, diskFailures = 0;
  std::uint64_t rejected = 0, kills = 0, retries = 0, revivals = 0, quotas = 0, groups = 0;
  std::uint64_t ratesExhausted = 0, placements = 0;
  std::uint64_t preemptions = 0, keptNodes = 0, restsReached = 0;
  std::uint64_t replayed = 0;

  Counts& operator+=(const Counts& more);
};

struct Counted {
  std::uint64_t Counts::* number;
  const char* what;
  double leastPerSeed;
};
inline constexpr std::array COUNTED{
    Counted{&Counts::jobs, "jobs", 20},
    Counted{&Counts::crashes, "kills of the queue", 0.5},
    Counted{&Counts::powerCuts, "power cuts of the queue", 0.5},
    Counted{&Counts::backendCrashes, "crashes of a backend", 1},
    Counted{&Counts::absences, "backends that stayed away", 0.2},
    Counted{&Counts::ungranted, "lives of a queue that was granted one backend alone", 0.05},
    Counted{&Counts::cuts, "cut wires", 1},
    Counted{&Counts::diskFailures, "faults of the disk", 1},
    Counted{&Counts::rejected, "rejected submissions", 0.01},
    Counted{&Counts::kills, "kills by users", 1},
    Counted{&Counts::retries, "retries by users", 1},
    Counted{&Counts::revivals, "retries of jobs that were over", 0.25},
    Counted{&Counts::groups, "groups", 1},
    Counted{&Counts::placements, "starts that a group's placement had a say in", 1},
    Counted{&Counts::quotas, "changed quotas", 1},
    Counted{&Counts::ratesExhausted, "launch rates used up", 0.5},
    Counted{&Counts::preemptions, "preempted instances", 1},
    Counted{&Counts::keptNodes, "starts beside a node that was kept for a job", 0.05},
    Counted{&Counts::restsReached, "rebalancers that came to rest", 0.1},
    Counted{&Counts::replayed, "cycles replayed", 100},
};

inline Counts& Counts::operator+=(const Counts& more) {
  for (const Counted& one : COUNTED) this->*one.number += more.*one.number;
  return *this;
}

}  // namespace maitred::simulation
