#pragma once
// The policies in force: Lua files if the config names them, else what is built in. A file that
// cannot be loaded leaves the last good one in charge.

#include <core/matching.h>
#include <core/pools.h>
#include <core/scorer.h>

#include <maitred/lua.h>

#include <kj/async.h>

#include <functional>

namespace maitred::cook {

struct PolicyFiles {
  std::string fairness;  // empty: built in
  std::string placement;
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

  // For a pool whose users are compared by gpus alone, or for another; a file decides in all pools.
  Scorer& scorer(DruMode mode);
  Fitness* fitness();  // null: bin packing
  // For health: why decisions are not made as the config says. Empty if they are.
  std::string trouble() const;
  std::uint64_t failures() const;   // decisions that the built-in had to make
  std::string description() const;  // names and versions

 private:
  class LuaScorer;
  class LuaFitness;
  struct Place {
    lua::PolicySlot slot;
    std::string file;
    std::string problem;  // of the latest load
    Place(const char* kind, const lua::Search& search, OnReport onReport);
  };
  Place fairness, placement;
  std::unique_ptr<LuaScorer> luaScorer;
  std::unique_ptr<LuaFitness> luaFitness;

  kj::Promise<void> loadInto(Place& place, std::string file);
};

}  // namespace maitred::cook
