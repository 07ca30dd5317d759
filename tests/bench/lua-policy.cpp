// What a decision in Lua costs. For comparison: a bare call into Lua takes about 33 ns, with the
// hook that counts instructions 45 ns.

#include <maitred/lua.h>

#include <benchmark/benchmark.h>

#include <lua.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace maitred::lua {
namespace {

constexpr const char* head =
    "local max = math.max\nreturn { kind = 'fairness', version = 1,\nscore = function(mem, cpus, "
    "gpus, share_mem, share_cpus, share_gpus, priority, submitted_ms) ";

PolicySlot slotWith(const std::string& body) {
  PolicySlot slot({.kind = "fairness"});
  auto result = slot.install(Policy::loadText("bench.lua", head + body + " end }", {}));
  if (!result) throw std::runtime_error(result.text());
  return slot;
}

void score(benchmark::State& state, const std::string& body) {
  PolicySlot slot = slotWith(body);
  Function function = slot.function("score");
  std::vector<double> inputs{2048, 2, 0, 4096, 4, 1, 50, 1.7e12};
  for (auto _ : state) benchmark::DoNotOptimize(slot.decide(function, inputs, [] { return 0.0; }));
  if (slot.stats().fallbacks != 0) state.SkipWithError("the policy did not decide");
}

// What Lua itself takes for such a call: eight numbers in, one out, protected, with the hook.
void bareCall(benchmark::State& state) {
  std::unique_ptr<lua_State, decltype(&lua_close)> owner(luaL_newstate(), lua_close);
  lua_State* L = owner.get();
  luaL_loadstring(L, "return function(a, b, c, d, e, f, g, h) return 1 end");
  lua_call(L, 0, 1);
  for (auto _ : state) {
    lua_sethook(
        L, [](lua_State*, lua_Debug*) {}, LUA_MASKCOUNT, 1000);
    lua_pushvalue(L, -1);
    for (int i = 0; i < 8; ++i) lua_pushnumber(L, i);
    lua_pcall(L, 8, 1, 0);
    benchmark::DoNotOptimize(lua_tonumber(L, -1));
    lua_pop(L, 1);
  }
}
BENCHMARK(bareCall);

BENCHMARK_CAPTURE(score, constant, "return 1");
BENCHMARK_CAPTURE(score, drf, "return max(mem / share_mem, cpus / share_cpus)");
BENCHMARK_CAPTURE(score, drf_through_globals,
                  "return math.max(mem / share_mem, cpus / share_cpus)");
BENCHMARK_CAPTURE(score, loop_of_1000, "local s = 0 for i = 1, 1000 do s = s + i end return s");

void builtinDrf(benchmark::State& state) {
  double inputs[] = {2048, 2, 0, 4096, 4, 1};
  for (auto _ : state) {
    benchmark::DoNotOptimize(inputs);
    benchmark::DoNotOptimize(std::max(inputs[0] / inputs[3], inputs[1] / inputs[4]));
  }
}
BENCHMARK(builtinDrf);

void admitTable(benchmark::State& state) {
  PolicySlot slot({.kind = "admission"});
  slot.install(Policy::loadText("a.lua",
                                "return {kind='admission', version=1, admit=function(job) return "
                                "{accept = job.mem < 4096} end}",
                                {}));
  Function function = slot.function("admit");
  std::vector<Value> inputs{
      Table().set("user", "ana").set("mem", 1024).set("cpus", 2).set("command", "make all")};
  for (auto _ : state)
    benchmark::DoNotOptimize(slot.decideValue(function, inputs, [] { return Value(); }));
  if (slot.stats().fallbacks != 0) state.SkipWithError("the policy did not decide");
}
BENCHMARK(admitTable);

// The worst that one decision can cost before its limit strikes.
void endlessLoop(benchmark::State& state) {
  Loaded loaded = Policy::loadText(
      "l.lua", std::string(head) + "if mem == 2048 then return 1 end while true do end end }", {});
  std::vector<double> inputs(8, 1);
  double out = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(loaded.policy->call(functionOf("fairness", "score"), inputs, out));
}
BENCHMARK(endlessLoop)->Unit(benchmark::kMillisecond);

void load(benchmark::State& state) {
  std::string text = std::string(head) + "return 1 end }";
  for (auto _ : state) benchmark::DoNotOptimize(Policy::loadText("bench.lua", text, {}));
}
BENCHMARK(load)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace maitred::lua
