#pragma once
// Snapshot: what the fairness and placement policies of one pool would be asked about now, as plain
// values that can be kept in a file and judged later, elsewhere, under another policy.
//
// It has no commands, no environments and no credentials; names of users, jobs and nodes, labels
// and attributes it has.

#include "tables.h"

#include <core/cycle.h>

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace maitred::cook {

struct SnapshotError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Snapshot {
  static constexpr const char* FORMAT = "maitred-cook-policy-inputs";
  static constexpr int VERSION = 1;

  struct User {
    std::string name;
    Share share;
    Quota quota;
    std::uint64_t served = 0;  // the order in which users were served last; 0 = never
    std::size_t waiting = 0;   // jobs of theirs, listed or not
    bool operator==(const User&) const = default;
  };
  struct WaitingJob {
    Uuid id;
    std::string user, name;
    double cpus = 0, mem = 0, gpus = 0;
    std::int64_t ports = 0, priority = 50, submittedMs = 0;
    std::optional<double> runtimeMs;
    Pairs labels;
    std::vector<int> nodes;  // that its constraints allow; meaningful if `constrained`
    bool constrained = false;
    bool operator==(const WaitingJob&) const = default;
  };
  // What runs, added up: the tasks of one user and one priority on one node.
  struct Running {
    std::string user;
    std::int64_t priority = 50;
    int node = -1;  // -1: not listed
    Usage held;
    bool operator==(const Running&) const = default;
  };
  // One of the latest placements.
  struct Seat {
    WaitingJob job;
    int node = -1;
    bool operator==(const Seat&) const = default;
  };
  struct NodeState {
    std::string name, cluster, id;
    Amount capacity, free;
    bool ready = true;  // takes jobs now
    Pairs attributes;
    bool operator==(const NodeState&) const = default;
  };

  std::string instance, pool;
  std::int64_t takenMs = 0;
  PolicyClock clock;
  bool gpuMode = false;
  std::size_t considerable = 1000, overQuotaMost = 100;
  double goodEnough = MatchOptions::GOOD_ENOUGH;
  std::optional<Quota> poolQuota;  // what all users together may hold, other pools' part taken off
  nlohmann::json policies;         // in force: by kind null, or file, path and version
  std::vector<User> users;         // who have anything waiting or running
  std::vector<WaitingJob> jobs;    // each user's first, in that user's own order
  std::vector<Running> running;
  std::vector<Seat> seats;  // oldest first
  std::vector<NodeState> nodes;
  std::size_t jobsWaiting = 0, tasksRunning = 0, nodesKnown = 0;

  bool operator==(const Snapshot&) const = default;
  nlohmann::json toJson() const;
  // Throws SnapshotError with a sentence about the field that is wrong.
  static Snapshot fromJson(const nlohmann::json& json);
};

struct SnapshotLimits {
  std::size_t jobsPerUser = 1000;
  std::size_t jobs = 2000;  // of all users: then fewer of each
  std::size_t seats = 100;
  std::size_t nodes = 2000;
};

// Of one pool. Fills in all but instance, clock and policies.
Snapshot takeSnapshot(Book& book, const NodeTable& nodes, const CycleOptions& options,
                      const SnapshotLimits& limits);

}  // namespace maitred::cook
