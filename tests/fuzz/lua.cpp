// Any text as a policy: loading it must end soon, within its memory, and with a policy or a reason.

#include <maitred/lua.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace maitred::lua;
  Policy::Options options;
  options.limits.instructions = 20'000;
  options.limits.loadInstructions = 50'000;
  options.limits.memory = 1u << 20;
  options.limits.cpu = std::chrono::milliseconds(0);
  Loaded loaded =
      Policy::loadText("fuzz.lua", {reinterpret_cast<const char*>(data), size}, options);
  if (bool(loaded) != loaded.problems.empty()) std::abort();
  for (const auto& problem : loaded.problems) {
    if (problem.cause == Cause::none || problem.message.empty()) std::abort();
  }
  if (!loaded) return 0;
  if (loaded.policy->memoryPeak() > options.limits.memory + (128u << 10)) std::abort();
  if (loaded.policy->kind() != "fairness") return 0;
  std::vector<double> inputs(8, 3);
  double out = 0;
  if (!loaded.policy->call(functionOf("fairness", "score"), inputs, out) &&
      loaded.policy->failure().cause == Cause::none) {
    std::abort();
  }
  return 0;
}
