#pragma once
// A queue's core with nodes, users, pools and policies, to which things happen by a seed, and whose
// cycles are recorded.

#include <case/framing.h>
#include <case/recorder.h>
#include <policy/deciders.h>

#include <core/token-bucket.h>

#include <random>

namespace maitred::cook {

class CaseHistory {
 public:
  struct Options {
    bool rotations = true;     // new files in the middle, whose snapshots take several cycles
    bool launchRates = true;   // some seeds enforce them
    bool policies = true;      // some seeds decide by Lua, which fails at times
    std::size_t jobsMost = 150;
  };
  explicit CaseHistory(std::uint64_t seed) : CaseHistory(seed, Options()) {}
  CaseHistory(std::uint64_t seed, Options options);

  void step();
  // The case files, as their bytes would be.
  std::vector<std::string> files() const { return files_; }

  // What happened, so that a test can tell whether it tested anything.
  struct Counts {
    std::uint64_t cycles = 0, starts = 0, policyFailures = 0, rateLimited = 0, heldBack = 0,
                  refusals = 0, postponed = 0, offensive = 0, lowLimit = 0, files = 0, stopped = 0,
                  reserved = 0;
    std::uint64_t grouped = 0, again = 0;  // starts in a group, and not the first
    Counts& operator+=(const Counts& more);
  };
  const Counts& counts() const { return counted; }

  Book book;
  NodeTable nodes;
  std::unique_ptr<Recorder> recorder;
  std::int64_t now = 1'000'000, steady = 5000;
  CycleResult cycle(const std::string& pool);
  Job* submit(const std::string& user, const std::string& pool);

 private:
  struct Alive {
    Job* job;
    NodeKey node;
  };
  std::mt19937_64 random;
  Options options;
  bool rates = false;
  std::vector<std::string> pools;
  std::map<Uuid, Alive> alive;
  std::vector<Uuid> groups;
  PlacementRules rules;
  std::map<std::pair<std::string, std::string>, TokenBucket> buckets;
  std::uint64_t generation = 1, ids = 0;
  std::size_t submitted = 0;
  lua::PolicySlot fairness{{.kind = "fairness"}}, placement{{.kind = "placement"}};
  PolicyTables tables;
  LuaScorer scorer{fairness, tables};
  LuaFitness fitness{placement, tables};
  std::vector<std::string> files_;
  Counts counted;

  bool chance(int percent) { return static_cast<int>(random() % 100) < percent; }
  std::string pick(const std::vector<std::string>& from) { return from[random() % from.size()]; }
  Uuid newId() { return {random(), ++ids}; }
  std::string user() { return std::string("user") + static_cast<char>('a' + random() % 6); }
  void choosePools();
  void giveRules(Pool& pool);
  void makeDemands(JobSpec& spec);
  void joinGroup(JobSpec& spec);
  void stopSome();
  void reserve();
  void choosePolicies();
  void changeTables();
  void addNode(int number);
  void tell(const NodeKey& key);
  void disturbNodes();
  void launched(const CycleResult::Started& one);
  void endSome();
  void disturbJobs();
  void take(Recorder::Message record);
};

}  // namespace maitred::cook
