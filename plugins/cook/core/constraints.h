#pragma once
// Constraints: on which nodes a job may run at all. Resources aside, all must be met.

#include "book.h"
#include "group-placement.h"

#include <set>

namespace maitred::cook {

// What holds for all pools.
struct PlacementRules {
  // A job is not started again where an attempt of it has ended. Where no other node could ever
  // take it, it is nevertheless, unless this is set: then it waits for a new one.
  bool novelHostAlways = false;
  // Nodes that live for so long (0: for ever) from the unix second in their attribute
  // host-start-time on: a job is not started where it would not end in time, taken that it runs
  // for its expected runtime times the multiplier (0: whatever is expected is ignored).
  std::int64_t hostLifetimeMs = 0;
  double expectedRuntimeMultiplier = 0;
  // A node may have lived for so long before it can be used; no job is taken to need the rest.
  std::int64_t startGraceMs = 600'000;
  // Of backends, by their instance's name: a job that checkpoints stays within its location.
  std::map<std::string, std::string> locations;
  // Backends where nothing is started at present, whatever room they have.
  std::set<std::string> resting = {};
  bool operator==(const PlacementRules&) const = default;
};

// The variable of a job's environment that names the model of the gpus which it wants.
inline constexpr const char* GPU_MODEL = "COOK_GPU_MODEL";
std::string gpuModelOf(const JobSpec& spec);  // empty: any, or the pool's

// The attribute rules of a job in a pool: its own, and those of the pool's that it does not
// replace. It replaces one by a rule for the same attribute, or for any other attribute that tells
// machines apart, if the pool's is for one of those.
std::vector<AttributeRule> userRules(const JobSpec& spec, const Pool* pool);

// Those of one job. What it refers to must stay as it is meanwhile.
class Constraints {
 public:
  enum class Purpose : std::uint8_t {
    match,    // a place where it starts now
    makeRoom  // a place where it can start when tasks have been stopped there
  };
  struct World {
    const Book& book;
    const NodeTable& nodes;
    const Pool* pool;  // null: none that is configured
    const PlacementRules& rules;
    std::int64_t nowMs;  // unix time
    Purpose purpose = Purpose::match;
  };
  // `group`: of the job's group if it places its instances; else null.
  Constraints(const Job& job, const World& world, const GroupPlacement* group);

  // The first obstacle on the node. Whether the job has run there is looked at last.
  std::optional<Obstacle> against(const Node& node) const;
  // Calls each(obstacle) for all of them.
  template <typename Each>
  void eachAgainst(const Node& node, Each&& each) const {
    for (std::size_t i = 0; i < count; ++i) {
      if (!(this->*active[i].passes)(node)) each(obstacleOf(active[i]));
    }
  }
  // The same without looking at what comes and goes: other tasks and reservations.
  bool couldEverRunOn(const Node& node) const;
  // Whether an obstacle for this job is one for any other job that wants at least as much.
  bool isCommon() const { return common; }
  const JobSpec& spec() const { return job.spec; }
  // From now on the job may run where it has run before.
  void forgiveNovelHost();

 private:
  using Passes = bool (Constraints::*)(const Node&) const;
  struct Check {
    Obstacle obstacle;
    Passes passes;
    bool lasting = true;  // does not depend on what else is there
  };
  const Job& job;
  World world;
  const GroupPlacement* group;
  std::vector<AttributeRule> merged;                  // if the pool adds to the job's own
  const std::vector<AttributeRule>* rules = nullptr;  // all that are due
  std::string gpuModel;
  std::int64_t runtimeMs = 0;  // that the node must last
  const std::string* location = nullptr;
  const NodeKey* reserved = nullptr;
  bool common = true;
  std::array<Check, 10> active{};
  std::size_t count = 0;

  void activate(const Check& check, bool commonToo = false);
  void activateOwn();
  void activateGpus();
  std::int64_t neededRuntimeMs() const;
  const std::string* neededLocation() const;
  Obstacle obstacleOf(const Check& check) const;

  bool isUserDefined(const Node& node) const;
  bool hasTheGpus(const Node& node) const;
  bool isAlone(const Node& node) const;
  bool hasNoGpus(const Node& node) const;
  bool hasTheDisk(const Node& node) const;
  bool lastsLongEnough(const Node& node) const;
  bool isInLocation(const Node& node) const;
  bool isNotKept(const Node& node) const;
  bool suitsTheGroup(const Node& node) const;
  bool isNovel(const Node& node) const;
};

}  // namespace maitred::cook
