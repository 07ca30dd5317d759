#include "policies.h"

#include <maitred/offload.h>

namespace maitred::cook {
namespace {

std::string troubleOf(const char* what, const lua::PolicySlot& slot, const std::string& file,
                      const std::string& problem) {
  if (!problem.empty()) {
    return std::string(what) + " policy " + file + " could not be loaded: " + problem + "; " +
           (slot.active() != nullptr ? "the last good version" : "the built-in default") +
           " decides";
  }
  if (slot.benched()) {
    return std::string(what) + " policy " + file + " keeps failing; the built-in default decides";
  }
  return {};
}

}  // namespace

class Policies::LuaScorer final : public Scorer {
 public:
  explicit LuaScorer(lua::PolicySlot& slot) : slot(slot), function(slot.function("score")) {}
  bool score(std::span<const ScoreInput> inputs, std::span<double> scores) override {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const ScoreInput& in = inputs[i];
      const double arguments[] = {in.mem,       in.cpus,      in.gpus,     in.shareMem,
                                  in.shareCpus, in.shareGpus, in.priority, in.submittedMs};
      if (!slot.ask(function, arguments, scores[i])) return false;
    }
    return true;
  }

 private:
  lua::PolicySlot& slot;
  lua::Function function;
};

class Policies::LuaFitness final : public Fitness {
 public:
  explicit LuaFitness(lua::PolicySlot& slot) : slot(slot), function(slot.function("fitness")) {}
  std::optional<double> of(const FitnessInput& in) override {
    const double arguments[] = {in.usedCpus, in.usedMem,   in.jobCpus,
                                in.jobMem,   in.totalCpus, in.totalMem};
    double value = 0;
    if (!slot.ask(function, arguments, value)) return std::nullopt;
    return value;
  }

 private:
  lua::PolicySlot& slot;
  lua::Function function;
};

Policies::Place::Place(const char* kind, const lua::Search& search, OnReport onReport)
    : slot({.kind = kind, .search = search, .onReport = [onReport](const lua::Report& report) {
              onReport(report.text());
            }}) {}

Policies::Policies(lua::Search search, OnReport onReport)
    : fairness("fairness", search, onReport),
      placement("placement", search, onReport),
      luaScorer(std::make_unique<LuaScorer>(fairness.slot)),
      luaFitness(std::make_unique<LuaFitness>(placement.slot)) {}

Policies::~Policies() = default;

kj::Promise<void> Policies::loadInto(Place& place, std::string file) {
  place.file = file;
  if (file.empty()) {
    place.slot.clear();
    place.problem.clear();
    return kj::READY_NOW;
  }
  return offload([file, options = place.slot.policyOptions()] {
           return lua::Policy::load(file, options);
         })
      .then([&place](lua::Loaded loaded) {
        auto result = place.slot.install(std::move(loaded));
        place.problem = result.active || result.unchanged ? "" : result.text();
        if (result.unchanged) place.slot.retry();  // asked for by hand: another chance
      });
}

kj::Promise<std::string> Policies::load(PolicyFiles files) {
  auto loads = kj::heapArrayBuilder<kj::Promise<void>>(2);
  loads.add(loadInto(fairness, std::move(files.fairness)));
  loads.add(loadInto(placement, std::move(files.placement)));
  return kj::joinPromises(loads.finish()).then([this] {
    std::string problems = fairness.problem;
    if (!placement.problem.empty()) problems += (problems.empty() ? "" : "\n") + placement.problem;
    return problems;
  });
}

Scorer& Policies::scorer(DruMode mode) {
  if (fairness.slot.active() == nullptr || fairness.slot.benched()) {
    return builtInScorer(mode == DruMode::gpu);
  }
  return *luaScorer;
}

Fitness* Policies::fitness() {
  if (placement.slot.active() == nullptr || placement.slot.benched()) return nullptr;
  return luaFitness.get();
}

std::string Policies::trouble() const {
  std::string text = troubleOf("fairness", fairness.slot, fairness.file, fairness.problem);
  std::string more = troubleOf("placement", placement.slot, placement.file, placement.problem);
  return text.empty() || more.empty() ? text + more : text + "; " + more;
}

std::uint64_t Policies::failures() const {
  std::uint64_t sum = 0;
  for (const Place* place : {&fairness, &placement}) {
    for (std::uint64_t count : place->slot.stats().failures) sum += count;
  }
  return sum;
}

std::string Policies::description() const {
  auto one = [](const Place& place) {
    const lua::Policy* policy = place.slot.active();
    return policy == nullptr ? std::string("built in")
                             : policy->file() + " (" + policy->version() + ")";
  };
  return "fairness: " + one(fairness) + ", placement: " + one(placement);
}

}  // namespace maitred::cook
