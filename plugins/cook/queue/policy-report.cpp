// What the policies tell operators: health, metrics and the answer to `ctl ask INSTANCE policy`.

#include "policies.h"

#include <nlohmann/json.hpp>

namespace maitred::cook {
namespace {

using nlohmann::json;

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

// "mine.lua:3: score() returned (0/0); inputs: mem=0, cpus=1": one line.
std::string briefly(const lua::Report& failure) {
  std::string text = failure.file;
  if (failure.line > 0) text += ":" + std::to_string(failure.line);
  text += ": " + failure.message;
  if (!failure.inputs.empty()) text += "; inputs: " + failure.inputs;
  if (text.size() > 500) text = text.substr(0, 500) + "…";
  return text;
}

json failuresOf(const lua::SlotStats& stats) {
  json failures = json::object();
  for (int cause = 0; cause < lua::causeCount; ++cause) {
    auto count = stats.failures[static_cast<std::size_t>(cause)];
    if (count != 0) failures[lua::causeName(static_cast<lua::Cause>(cause))] = count;
  }
  return failures;
}

std::uint64_t sumOf(const lua::SlotStats& stats) {
  std::uint64_t sum = 0;
  for (std::uint64_t count : stats.failures) sum += count;
  return sum;
}

json useOf(const lua::SlotStats& stats) {
  return {{"instructions",
           {{"last", stats.instructionsLast},
            {"most", stats.instructionsHighWater},
            {"limit", stats.instructionLimit}}},
          {"cpu_ms",
           {{"last", milliseconds(stats.cpuLast)},
            {"most", milliseconds(stats.cpuHighWater)},
            {"limit", milliseconds(stats.cpuLimit)}}},
          {"memory_bytes",
           {{"now", stats.memoryUsed}, {"most", stats.memoryPeak}, {"limit", stats.memoryLimit}}}};
}

}  // namespace

std::string Policies::troubleOf(const Place& place) {
  std::string which = std::string(place.kind) + " policy " + place.file;
  if (!place.problem.empty()) {
    return which + " could not be loaded: " + place.problem + "; " +
           (place.slot.active() != nullptr ? "the last good version" : "the built-in default") +
           " decides";
  }
  const lua::Report* failure = place.slot.lastFailure();
  if (!place.slot.benched()) return {};
  return which + " keeps failing; the built-in default decides" +
         (failure == nullptr ? "" : " (" + briefly(*failure) + ")");
}

std::string Policies::trouble() const {
  std::string text;
  for (const Place* place : places()) {
    std::string one = troubleOf(*place);
    if (!one.empty()) text += (text.empty() ? "" : "; ") + one;
  }
  return text;
}

std::string Policies::notes() const {
  std::string text;
  for (const Place* place : places()) {
    const lua::Report* failure = place->slot.lastFailure();
    if (failure == nullptr || place->slot.benched() || !place->problem.empty()) continue;
    text += (text.empty() ? "" : "; ") + std::string(place->kind) + " policy failed " +
            std::to_string(sumOf(place->slot.stats())) + " times, last: " + briefly(*failure);
  }
  return text;
}

std::string Policies::description() const {
  std::string text;
  for (const Place* place : places()) {
    const lua::Policy* policy = place->slot.active();
    text += (text.empty() ? "" : ", ") + std::string(place->kind) + ": " +
            (policy == nullptr ? "built in" : policy->file() + " (" + policy->version() + ")");
  }
  return text;
}

json Policies::inForce() const {
  json out = json::object();
  for (const Place* place : places()) {
    const lua::Policy* policy = place->slot.active();
    if (policy == nullptr || place->slot.benched()) {
      out[place->kind] = nullptr;
    } else {
      out[place->kind] = {
          {"file", policy->file()}, {"path", policy->path()}, {"version", policy->version()}};
    }
  }
  return out;
}

json Policies::report() const {
  json out{{"active", description()}, {"trouble", trouble()}, {"policies", json::object()}};
  std::uint64_t failures = 0;
  for (const Place* place : places()) {
    lua::SlotStats stats = place->slot.stats();
    failures += sumOf(stats);
    json one{{"file", place->file},         {"built_in", place->slot.active() == nullptr},
             {"benched", stats.benched},    {"version", stats.version},
             {"calls", stats.calls},        {"failures", failuresOf(stats)},
             {"fallbacks", stats.fallbacks}};
    if (place->slot.active() != nullptr) one["use"] = useOf(stats);
    const lua::Report* failure = place->slot.lastFailure();
    if (failure != nullptr) one["last_failure"] = failure->text();
    out["policies"][place->kind] = std::move(one);
  }
  out["failures"] = failures;
  return out;
}

void Policies::collect(metrics::Registry& registry) {
  for (Place* place : {&fairness, &placement, &preempting, &admission}) {
    collect(registry, *place);
  }
}

void Policies::collect(metrics::Registry& registry, Place& place) {
  const lua::Policy* policy = std::as_const(place.slot).active();
  std::string name = policy == nullptr ? "built-in" : policy->name();
  metrics::Labels labels{{"kind", place.kind}, {"policy", name}};
  auto with = [&labels](const char* label, const char* value) {
    metrics::Labels more = labels;
    more.emplace_back(label, value);
    return more;
  };
  lua::SlotStats stats = place.slot.stats();
  // What was counted since the last time is of the policy that was in force then, or is now.
  registry.counter("maitred_cook_policy_calls_total", "Decisions asked of a policy", labels)
      .add(static_cast<double>(stats.calls - place.counted.calls));
  for (std::size_t cause = 1; cause < lua::causeCount; ++cause) {
    std::uint64_t fresh = stats.failures[cause] - place.counted.failures[cause];
    if (stats.failures[cause] == 0) continue;
    registry
        .counter("maitred_cook_policy_failures_total",
                 "Calls of a policy that failed, after which the built-in decided",
                 with("cause", lua::causeName(static_cast<lua::Cause>(cause))))
        .add(static_cast<double>(fresh));
  }
  if (!place.shown.empty() && place.shown != name) dropGauges(registry, place);
  place.shown = name;
  place.counted = stats;
  if (policy == nullptr) return;
  auto gauge = [&](const char* family, const char* help, double last, double most, double limit) {
    registry.gauge(family, help, with("of", "last")).set(last);
    registry.gauge(family, help, with("of", "most")).set(most);
    registry.gauge(family, help, with("of", "limit")).set(limit);
  };
  gauge("maitred_cook_policy_instructions", "Instructions of one call",
        static_cast<double>(stats.instructionsLast),
        static_cast<double>(stats.instructionsHighWater),
        static_cast<double>(stats.instructionLimit));
  gauge("maitred_cook_policy_cpu_seconds", "CPU time of one call", seconds(stats.cpuLast),
        seconds(stats.cpuHighWater), seconds(stats.cpuLimit));
  gauge("maitred_cook_policy_memory_bytes", "Memory that a policy holds",
        static_cast<double>(stats.memoryUsed), static_cast<double>(stats.memoryPeak),
        static_cast<double>(stats.memoryLimit));
}

// Of a policy that is in force no more.
void Policies::dropGauges(metrics::Registry& registry, const Place& place) {
  for (const char* family : {"maitred_cook_policy_instructions", "maitred_cook_policy_cpu_seconds",
                             "maitred_cook_policy_memory_bytes"}) {
    for (const char* of : {"last", "most", "limit"}) {
      registry.remove(family, {{"kind", place.kind}, {"policy", place.shown}, {"of", of}});
    }
  }
}

}  // namespace maitred::cook
