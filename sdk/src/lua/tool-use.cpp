#include "tool-use.h"

#include "kinds.h"

#include <maitred/lua/use.h>

#include <time.h>

namespace maitred::lua {

namespace {

Policy::Options withStep(Policy::Options options, int step) {
  options.limits.step = step;
  return options;
}

std::chrono::nanoseconds cpuNow() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

}  // namespace

Measured::Measured(const std::string& file, const Policy::Options& options)
    : limits(options.limits), exact(Policy::load(file, withStep(options, 1))) {
  if (exact) timed = Policy::load(file, options);
}

bool Measured::call(Function function, std::span<const Value> inputs, Value& out) {
  bool good = exact.policy->call(function, inputs, out);
  if (!timed) return good;
  Value unused;
  auto begin = cpuNow();
  timed.policy->call(function, inputs, unused);
  cpu = cpuNow() - begin;
  return good;
}

std::string Measured::loadUse() const {
  return useOfCount(policy().loadInstructions(), limits.loadInstructions, "instructions") +
         "; it holds " +
         useOfCount(static_cast<std::int64_t>(policy().memory() >> 10),
                    static_cast<std::int64_t>(limits.memory >> 10), "KiB");
}

std::string Measured::callUse() const {
  return CallUse{policy().instructions(), limits.instructions, cpu,
                 limits.cpu,              policy().memoryPeak(), limits.memory}
      .text();
}

std::vector<Value> sampleInputs(const Policy& policy, Function function) {
  const Kind* kind = findKind(policy.kind());
  const auto& parameters =
      kind->functions[static_cast<std::size_t>(function.index)].type->parameters;
  std::vector<Value> inputs;
  for (int at = 0; at < policy.parameters(function); ++at)
    inputs.push_back(allTypes().sample(parameters[static_cast<std::size_t>(at)]));
  return inputs;
}

}  // namespace maitred::lua
