#include "policies.h"

#include <maitred/offload.h>

namespace maitred::cook {

Policies::Place::Place(const char* kind, const lua::Search& search, OnReport onReport)
    : kind(kind),
      slot({.kind = kind, .search = search, .onReport = [onReport](const lua::Report& report) {
              onReport(report.text());
            }}) {}

Policies::Policies(lua::Search search, OnReport onReport)
    : fairness("fairness", search, onReport),
      placement("placement", search, onReport),
      luaScorer(fairness.slot, tables),
      luaFitness(placement.slot, tables) {}

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
  return luaScorer;
}

Fitness* Policies::fitness() {
  if (placement.slot.active() == nullptr || placement.slot.benched()) return nullptr;
  return &luaFitness;
}

}  // namespace maitred::cook
