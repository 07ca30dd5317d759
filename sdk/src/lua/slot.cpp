#include <maitred/lua/slot.h>

#include <algorithm>
#include <stdexcept>

namespace maitred::lua {

namespace {

constexpr std::int64_t strikePerFailure = 1000;  // successes that make up for one failure
constexpr std::size_t maxPlaces = 1000;          // distinct places of failure that are told apart

// The first, the 10th, the 100th, …
bool worthReporting(std::uint64_t count) {
  while (count >= 10 && count % 10 == 0) count /= 10;
  return count == 1;
}

}  // namespace

PolicySlot::PolicySlot(Options given)
    : options{given.kind, std::move(given.search), given.limits, given.seed},
      onReport(std::move(given.onReport)),
      benchAt(strikePerFailure * std::max(1, given.benchAfter)) {
  auto kinds = kindNames();
  if (std::find(kinds.begin(), kinds.end(), options.kind) == kinds.end()) {
    throw std::invalid_argument("unknown kind of policy \"" + options.kind + "\"");
  }
}

PolicySlot::~PolicySlot() = default;
PolicySlot::PolicySlot(PolicySlot&&) noexcept = default;
PolicySlot& PolicySlot::operator=(PolicySlot&&) noexcept = default;

PolicySlot::LoadResult PolicySlot::load(const std::string& file) {
  return install(Policy::load(file, options));
}

PolicySlot::LoadResult PolicySlot::install(Loaded loaded) {
  LoadResult result;
  if (loaded && loaded.policy->kind() != options.kind) {
    throw std::invalid_argument("a policy of kind \"" + loaded.policy->kind() +
                                "\" for a slot of kind \"" + options.kind + "\"");
  }
  if (!loaded) {
    ++counters.loadFailures;
    result.problems = std::move(loaded.problems);
    for (auto& problem : result.problems) {
      problem.decidedInstead = policy != nullptr ? "version " + policy->version() + " (last good)"
                                                 : "the built-in default";
      if (onReport) onReport(problem);
    }
    return result;
  }
  result.active = true;
  result.unchanged = policy != nullptr && policy->version() == loaded.policy->version() &&
                     policy->path() == loaded.policy->path();
  if (result.unchanged) return result;
  policy = std::move(loaded.policy);
  ++counters.loads;
  counters.instructionsHighWater = 0;
  strikes = 0;
  seen.clear();
  return result;
}

std::string PolicySlot::LoadResult::text() const {
  std::string text;
  for (const auto& problem : problems) text += (text.empty() ? "" : "\n") + problem.text();
  return text;
}

void PolicySlot::clear() {
  policy.reset();
  strikes = 0;
  seen.clear();
}

SlotStats PolicySlot::stats() const {
  SlotStats stats = counters;
  stats.instructionLimit = options.limits.instructions;
  stats.memoryLimit = options.limits.memory;
  stats.benched = benched();
  if (policy != nullptr) {
    stats.memoryUsed = policy->memory();
    stats.memoryPeak = policy->memoryPeak();
    stats.version = policy->version();
  }
  return stats;
}

void PolicySlot::seed(std::uint64_t seed) {
  if (policy != nullptr) policy->seed(seed);
}

bool PolicySlot::ready(Function function) {
  if (policy != nullptr && !benched() && policy->has(function)) {
    ++counters.calls;
    return true;
  }
  ++counters.fallbacks;
  return false;
}

bool PolicySlot::settle(bool good) {
  counters.instructionsHighWater = std::max(counters.instructionsHighWater, policy->instructions());
  if (good) {
    if (strikes > 0) --strikes;
    return true;
  }
  ++counters.fallbacks;
  ++counters.failures[static_cast<std::size_t>(policy->failure().cause)];
  bool before = benched();
  strikes += strikePerFailure;
  Report failure = policy->failure();
  if (benched() && !before) {
    failure.hint += (failure.hint.empty() ? "" : "\n  ") +
                    std::string("it failed too often: benched until it is loaded anew");
    // The one report that must not be held back.
    failure.decidedInstead = "the built-in default";
    if (onReport) onReport(failure);
    return false;
  }
  report(std::move(failure));
  return false;
}

void PolicySlot::report(Report failure) {
  std::string place = std::string(causeName(failure.cause)) + " " + failure.function + " " +
                      failure.file + ":" + std::to_string(failure.line);
  if (seen.size() >= maxPlaces) seen.clear();
  std::uint64_t count = ++seen[place];
  if (!onReport || !worthReporting(count)) return;
  failure.repeated = count - 1;
  failure.decidedInstead = "the built-in default";
  onReport(failure);
}

bool PolicySlot::ask(Function function, std::span<const double> inputs, double& out) {
  return ready(function) && settle(policy->call(function, inputs, out));
}

bool PolicySlot::ask(Function function, std::span<const Value> inputs, Value& out) {
  return ready(function) && settle(policy->call(function, inputs, out));
}

}  // namespace maitred::lua
