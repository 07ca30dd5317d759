#pragma once
// The policies in force: Lua files if the config names them, else what is built in. A file that
// cannot be loaded leaves the last good one in charge.

#include <core/preemption-policy.h>
#include <policy/deciders.h>

#include <maitred/lua.h>
#include <maitred/metrics.h>

#include <kj/async.h>

#include <nlohmann/json_fwd.hpp>

#include <functional>

namespace maitred::cook {

struct PolicyFiles {
  std::string fairness;  // empty: built in
  std::string placement;
  std::string preemption;
  std::string admission;
  bool operator==(const PolicyFiles&) const = default;
};

class Policies final {
 public:
  using OnReport = std::function<void(const std::string& text)>;
  Policies(lua::Search search, OnReport onReport);
  ~Policies();
  KJ_DISALLOW_COPY(Policies);

  // Reads the files on a pool thread, then swaps. Returns what is wrong with them; empty: all are
  // in force.
  kj::Promise<std::string> load(PolicyFiles files);

  // Before a pool's jobs are ordered or placed.
  void begin(PolicyRound round) { tables.begin(std::move(round)); }
  // Whether a policy looks at more than the jobs' numbers: then its decisions change with time.
  bool watchTime() const { return luaScorer.wantsJob() || luaFitness.wantsJob(); }
  // For a pool whose users are compared by gpus alone, or for another; a file decides in all pools.
  Scorer& scorer(DruMode mode);
  Fitness* fitness();              // null: bin packing
  PreemptionPolicy* preemption();  // null: Cook's rule
  // Whether a policy looks at submissions.
  bool admits() const { return admission.slot.active() != nullptr && !admission.slot.benched(); }
  // Makes the changes that it wants of the job. Why it refuses it; nothing: it does not.
  std::optional<std::string> admit(JobSpec& job);
  // The policies behind the first two; null: what is built in decides at present.
  const lua::Policy* fairnessInForce() const;
  const lua::Policy* placementInForce() const;
  // For health: why decisions are not made as the config says. Empty if they are.
  std::string trouble() const;
  // The same for failures after which policies go on deciding.
  std::string notes() const;
  std::string description() const;  // names and versions
  // For operators: what decides, what its calls use beside the limits, how often it failed and why.
  nlohmann::json report() const;
  void collect(metrics::Registry& registry);
  // The policies in force: by kind null (built in), or file, path and version.
  nlohmann::json inForce() const;

 private:
  class LuaPreemption;
  struct Place {
    const char* kind;
    lua::PolicySlot slot;
    std::string file;
    std::string problem;  // of the latest load
    std::string shown;    // the policy's name in the metrics; empty: none yet
    lua::SlotStats counted;
    Place(const char* kind, const lua::Search& search, OnReport onReport);
  };
  Place fairness, placement, preempting, admission;
  PolicyTables tables;
  LuaScorer luaScorer;
  LuaFitness luaFitness;
  std::unique_ptr<LuaPreemption> luaPreemption;

  std::array<const Place*, 4> places() const {
    return {&fairness, &placement, &preempting, &admission};
  }
  static std::string troubleOf(const Place& place);
  static void collect(metrics::Registry& registry, Place& place);
  static void dropGauges(metrics::Registry& registry, const Place& place);
  kj::Promise<void> loadInto(Place& place, std::string file);
};

}  // namespace maitred::cook
