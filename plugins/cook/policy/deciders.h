#pragma once
// Lua policies in the places where the core asks: Scorer and Fitness. A policy that names only the
// numbers is called with numbers; one that names more gets tables as well.

#include "tables.h"

#include <core/matching.h>
#include <core/scorer.h>

#include <maitred/lua/slot.h>

#include <unordered_map>

namespace maitred::cook {

class LuaScorer final : public Scorer {
 public:
  LuaScorer(lua::PolicySlot& slot, PolicyTables& tables)
      : slot(slot), tables(tables), function(slot.function("score")) {}

  bool score(std::span<const ScoreInput> inputs, std::span<double> scores) override;
  // Whether the policy in force looks at more than the numbers, such as the time.
  bool wantsJob() const;

 private:
  static constexpr int NUMBERS = 8;
  lua::PolicySlot& slot;
  PolicyTables& tables;
  lua::Function function;
};

class LuaFitness final : public Fitness {
 public:
  LuaFitness(lua::PolicySlot& slot, PolicyTables& tables)
      : slot(slot), tables(tables), function(slot.function("fitness")) {}

  void begin() override;
  std::optional<double> of(const FitnessInput& in) override;
  void placed(const JobSpec& job, const Node& node) override;
  bool wantsJob() const;

 private:
  static constexpr int NUMBERS = 6;
  lua::PolicySlot& slot;
  PolicyTables& tables;
  lua::Function function;
  // What the policy keeps, so that a search over many nodes hands each table over once.
  std::unordered_map<const Node*, int> keptNodes;
  const JobSpec* job = nullptr;
  int keptJob = 0;
};

}  // namespace maitred::cook
