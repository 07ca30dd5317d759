#pragma once
// What Lua policies may see beyond bare numbers: the types WaitingJob, PlacementJob and
// PlacementNode of lua-policies/types, made from what the queue knows.

#include <core/book.h>
#include <core/nodes.h>

#include <maitred/lua/value.h>

#include <map>
#include <optional>
#include <string>

namespace maitred::cook {

// The time as policies see it. It stands still within a tick, so that all scores which are compared
// were worked out at one time.
struct PolicyClock {
  static constexpr std::int64_t TICK_MS = 10'000;
  std::int64_t nowMs = 0;  // since 1970, a whole number of ticks
  double hour = 0;         // 0 to 24, local time
  int weekday = 1;         // 1 is Monday

  static PolicyClock at(std::int64_t nowMs);
  bool operator==(const PolicyClock&) const = default;
};

// The state in which one pool's jobs are ordered and placed. What it refers to must stay as it is
// until the next one.
struct PolicyRound {
  Book* book = nullptr;
  const NodeTable* nodes = nullptr;
  std::string pool;
  PolicyClock clock;
};

class PolicyTables {
 public:
  void begin(PolicyRound round);  // forgets what was placed
  const PolicyRound& round() const { return round_; }

  lua::Value waitingJob(const JobSpec& job);
  lua::Value placementJob(const JobSpec& job);
  static lua::Value placementNode(const Node& node);
  // A task of the job runs there too from now on.
  void placed(const JobSpec& job, const Node& node);

 private:
  struct Peers {  // one user's tasks
    std::map<std::string, std::int64_t> byNode;
    std::map<std::string, std::map<std::string, std::int64_t>> byAttribute;
    void add(const Node& node);
  };
  PolicyRound round_;
  std::optional<std::pair<double, double>> capacity;  // cpus and MiB of the pool
  std::map<std::string, Peers> peers;                 // by user

  lua::Table waiting(const JobSpec& job);
  Peers& peersOf(const std::string& user);
};

// What a job is expected to take, ms: what its user expects, or else the most that it may.
std::optional<double> expectedRuntimeMs(const JobSpec& job);

}  // namespace maitred::cook
