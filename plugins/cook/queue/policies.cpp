#include "policies.h"

#include "admission.h"

#include <maitred/offload.h>

namespace maitred::cook {
namespace {

// What is not empty.
std::string joined(std::initializer_list<std::string> texts, const char* between) {
  std::string all;
  for (const std::string& text : texts) {
    if (!text.empty()) all += (all.empty() ? "" : between) + text;
  }
  return all;
}

}  // namespace

class Policies::LuaPreemption final : public PreemptionPolicy {
 public:
  explicit LuaPreemption(lua::PolicySlot& slot)
      : slot(slot), mayPreempt_(slot.function("may_preempt")), gain_(slot.function("gain")) {}

  std::optional<bool> mayPreempt(const TaskView& task, const JobView& job) override {
    const lua::Value arguments[] = {valueOf(task), valueOf(job)};
    lua::Value answer;
    if (!slot.ask(mayPreempt_, arguments, answer)) return std::nullopt;
    return answer.truthy();
  }
  std::optional<double> gain(std::span<const TaskView> tasks, const JobView& job) override {
    lua::Table list;
    for (const TaskView& task : tasks) list.list.push_back(valueOf(task));
    const lua::Value arguments[] = {std::move(list), valueOf(job)};
    lua::Value answer;
    if (!slot.ask(gain_, arguments, answer)) return std::nullopt;
    return answer.number();
  }

 private:
  lua::PolicySlot& slot;
  lua::Function mayPreempt_, gain_;

  static lua::Value valueOf(const TaskView& task) {
    lua::Table table;
    table.set("user", task.user).set("score", task.score).set("cpus", task.cpus);
    table.set("mem", task.mem).set("gpus", task.gpus).set("priority", task.priority);
    table.set("running_ms", task.runningMs).set("preemptible", task.preemptible);
    return table;
  }
  static lua::Value valueOf(const JobView& job) {
    lua::Table table;
    table.set("user", job.user).set("score", job.score).set("cpus", job.cpus);
    table.set("mem", job.mem).set("gpus", job.gpus).set("priority", job.priority);
    table.set("waiting_ms", job.waitingMs);
    return table;
  }
};

Policies::Place::Place(const char* kind, const lua::Search& search, OnReport onReport)
    : kind(kind),
      slot({.kind = kind, .search = search, .onReport = [onReport](const lua::Report& report) {
              onReport(report.text());
            }}) {}

Policies::Policies(lua::Search search, OnReport onReport)
    : fairness("fairness", search, onReport),
      placement("placement", search, onReport),
      preempting("preemption", search, onReport),
      admission("admission", search, onReport),
      luaScorer(fairness.slot, tables),
      luaFitness(placement.slot, tables),
      luaPreemption(std::make_unique<LuaPreemption>(preempting.slot)) {}

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
  auto loads = kj::heapArrayBuilder<kj::Promise<void>>(4);
  loads.add(loadInto(fairness, std::move(files.fairness)));
  loads.add(loadInto(placement, std::move(files.placement)));
  loads.add(loadInto(preempting, std::move(files.preemption)));
  loads.add(loadInto(admission, std::move(files.admission)));
  return kj::joinPromises(loads.finish()).then([this] {
    return joined(
        {fairness.problem, placement.problem, preempting.problem, admission.problem}, "\n");
  });
}

Scorer& Policies::scorer(DruMode mode) {
  if (fairnessInForce() == nullptr) return builtInScorer(mode == DruMode::gpu);
  return luaScorer;
}

Fitness* Policies::fitness() {
  return placementInForce() == nullptr ? nullptr : &luaFitness;
}

const lua::Policy* Policies::fairnessInForce() const {
  return fairness.slot.benched() ? nullptr : fairness.slot.active();
}

const lua::Policy* Policies::placementInForce() const {
  return placement.slot.benched() ? nullptr : placement.slot.active();
}

std::optional<std::string> Policies::admit(JobSpec& job) {
  return cook::admit(admission.slot, admission.slot.function("admit"), job);
}

PreemptionPolicy* Policies::preemption() {
  if (preempting.slot.active() == nullptr || preempting.slot.benched()) return nullptr;
  return luaPreemption.get();
}

}  // namespace maitred::cook
