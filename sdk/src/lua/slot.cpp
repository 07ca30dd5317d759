#include <maitred/lua/slot.h>

#include <time.h>

#include <algorithm>
#include <stdexcept>

namespace maitred::lua {

namespace {

constexpr std::int64_t strikePerFailure = 1000;  // successes that make up for one failure
constexpr std::size_t maxPlaces = 1000;          // distinct places of failure that are told apart
constexpr std::int64_t longCall = 1000;  // instructions; reading the clock costs little beside it
constexpr std::uint64_t timedEvery = 256;

std::chrono::nanoseconds cpuNow() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

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
  counters.instructionsLast = counters.instructionsHighWater = 0;
  counters.cpuLast = counters.cpuHighWater = {};
  strikes = 0;
  seen.clear();
  latest.reset();
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
  latest.reset();
}

SlotStats PolicySlot::stats() const {
  SlotStats stats = counters;
  stats.instructionLimit = options.limits.instructions;
  stats.memoryLimit = options.limits.memory;
  stats.cpuLimit = options.limits.cpu;
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

template <typename Call>
bool PolicySlot::timed(Call&& call) {
  if (counters.calls % timedEvery != 1) {
    bool good = call();
    bool isLong = policy->instructions() >= longCall;
    return settle(good, isLong ? policy->cpu() : std::chrono::nanoseconds(0));
  }
  auto begin = cpuNow();
  bool good = call();
  return settle(good, cpuNow() - begin);
}

bool PolicySlot::settle(bool good, std::chrono::nanoseconds cpu) {
  counters.instructionsLast = policy->instructions();
  counters.instructionsHighWater =
      std::max(counters.instructionsHighWater, counters.instructionsLast);
  if (cpu.count() > 0) {
    counters.cpuLast = cpu;
    counters.cpuHighWater = std::max(counters.cpuHighWater, cpu);
  }
  if (good) {
    if (strikes > 0) --strikes;
    return true;
  }
  ++counters.fallbacks;
  ++counters.failures[static_cast<std::size_t>(policy->failure().cause)];
  bool before = benched();
  strikes += strikePerFailure;
  Report failure = policy->failure();
  latest = failure;
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
  return ready(function) && timed([&] { return policy->call(function, inputs, out); });
}

bool PolicySlot::ask(Function function, std::span<const Value> inputs, Value& out) {
  return ready(function) && timed([&] { return policy->call(function, inputs, out); });
}

bool PolicySlot::ask(Function function, std::span<const double> inputs, std::span<const int> kept,
                     double& out) {
  return ready(function) && timed([&] { return policy->call(function, inputs, kept, out); });
}

}  // namespace maitred::lua
