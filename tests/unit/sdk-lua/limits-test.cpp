// A policy that wants to run for ever, or to eat all memory, by every way that we could think of.

#include "lua-testing.h"

namespace maitred::lua {
namespace {

struct Attack {
  const char* name;
  const char* body;
  Cause cause;
  Cause other = Cause::none;  // where two limits are about equally near
};

class Attacks : public testing::TestWithParam<Attack> {};

// Each must end by a limit, whatever it tries, and the policy must be able to decide afterwards.
TEST_P(Attacks, EndByALimit) {
  Limits limits;
  limits.memory = 8u << 20;
  Loaded loaded = load(
      fairness("if mem == 7 or mem == 2048 then return 7 end\n" + std::string(GetParam().body)),
      limits);
  ASSERT_TRUE(loaded) << loaded.text();
  auto started = std::chrono::steady_clock::now();
  for (int round = 0; round < 3; ++round) {
    Report report = scoreOnce(*loaded.policy);
    EXPECT_TRUE(report.cause == GetParam().cause || report.cause == GetParam().other)
        << causeName(report.cause) << ": " << report.text();
    EXPECT_GT(report.line, 0) << report.text();
    std::vector<double> inputs(8, 7.0);
    double out = 0;
    EXPECT_TRUE(loaded.policy->call(functionOf("fairness", "score"), inputs, out))
        << loaded.policy->failure().text();
    EXPECT_EQ(out, 7);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(20));
  EXPECT_LT(loaded.policy->memoryPeak(), (8u << 20) + (200u << 10));
}

constexpr Cause instructions = Cause::instructions, memory = Cause::memory;

INSTANTIATE_TEST_SUITE_P(
    Loops, Attacks,
    testing::Values(
        Attack{"loop", "while true do end", instructions},
        Attack{"repeatedPcall", "while true do pcall(function() while true do end end) end",
               instructions},
        Attack{"nestedPcall",
               "local function f() pcall(f) pcall(f) while true do end end f() return 1",
               instructions},
        Attack{
            "xpcallHandler",
            "xpcall(function() while true do end end, function() while true do end end) return 1",
            instructions},
        Attack{"xpcallLoop", "while true do xpcall(error, function() while true do end end) end",
               instructions},
        Attack{"coroutine",
               "coroutine.resume(coroutine.create(function() while true do end end)) return 1",
               instructions},
        Attack{"coroutinePcall",
               "local co = coroutine.wrap(function() while true do pcall(function() while true do "
               "end end) end end) co() return 1",
               instructions},
        Attack{"coroutineYield",
               "local co = coroutine.wrap(function() while true do coroutine.yield() end end) "
               "while true do co() end",
               instructions},
        Attack{"coroutineCrowd",
               "while true do coroutine.wrap(function() for i = 1, 20 do end end)() end",
               instructions},
        Attack{"pcallYield",
               "local co = coroutine.wrap(function() pcall(function() coroutine.yield() while true "
               "do end end) return 1 end) co() co() return 1",
               instructions},
        Attack{"close",
               "local x <close> = setmetatable({}, {__close = function() while true do end end}) "
               "while true do end",
               instructions},
        Attack{"closeInCoroutine",
               "coroutine.wrap(function() local x <close> = setmetatable({}, {__close = function() "
               "while true do end end}) while true do end end)() return 1",
               instructions},
        Attack{"errorObject",
               "error(setmetatable({}, {__tostring = function() while true do end end, __index = "
               "function() while true do end end})) ",
               Cause::error},
        Attack{"tostringLoop",
               "pcall(tostring, setmetatable({}, {__tostring = function() while true do end end})) "
               "return 1",
               instructions},
        Attack{"indexLoop",
               "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) return "
               "pcall(function() return t[1] end) and 1 or error('deep')",
               Cause::error, instructions},
        Attack{"tailCalls", "local function f() return f() end return f()", instructions},
        Attack{"goto", "::again:: goto again", instructions}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Library, Attacks,
    testing::Values(
        Attack{"pattern", "return string.find(('a'):rep(30000), ('a*'):rep(14) .. 'b')",
               instructions},
        Attack{"patternPcall",
               "while true do pcall(string.find, ('a'):rep(30000), ('.-'):rep(20) .. 'b') end",
               instructions},
        Attack{"gsub", "return #string.gsub(('a'):rep(60000), '(.*)(.*)(.*)(.*)b', '%1')",
               instructions},
        Attack{"gmatch", "for _ in string.gmatch(('a'):rep(60000), '.-.-.-.-b') do end return 1",
               instructions},
        Attack{"gsubCallback", "return string.gsub('abc', '.', function() while true do end end)",
               instructions},
        Attack{"balanced", "return string.find(('('):rep(200000), '%b()')", instructions},
        Attack{"sort",
               "local t = {} for i = 1, 30000 do t[i] = -i end while true do table.sort(t) end",
               instructions},
        Attack{"sortLength",
               "table.sort(setmetatable({}, {__len = function() return 1 << 30 end, __index = "
               "function() return 1 end}))",
               instructions},
        Attack{"insertFront", "local t = {} while true do table.insert(t, 1, 1) end", instructions},
        Attack{"move", "local t = {} while true do table.move(t, 1, 1 << 40, 2) end", instructions},
        Attack{"compareStrings", "local a = ('a'):rep(250000) while a .. 'b' ~= a do end",
               instructions, Cause::time},
        Attack{"pairsLoop",
               "local t = {} for i = 1, 10000 do t[i] = i end while true do for k in pairs(t) do "
               "break end end",
               instructions}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Memory, Attacks,
    testing::Values(
        Attack{"table", "local t = {} while true do t[#t + 1] = {t} end", memory, instructions},
        Attack{"tablePcall",
               "while true do pcall(function() local t = {} while true do t[#t + 1] = {t} end end) "
               "end",
               memory, instructions},
        Attack{"doubling", "local s = 'x' while true do s = s .. s end", memory},
        Attack{"doublingPcall",
               "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end",
               memory},
        Attack{"rep", "return #(('x'):rep(1 << 40))", Cause::error},
        Attack{"repPcall", "while true do pcall(string.rep, 'x', 1 << 40) end", instructions},
        Attack{
            "concat",
            "local t = {} for i = 1, 100 do t[i] = ('x'):rep(200000) end return #table.concat(t)",
            memory},
        Attack{"concatMany",
               "local s, t = ('x'):rep(100000), {} for i = 1, 1000 do t[i] = s end while true do "
               "pcall(table.concat, t) end",
               memory},
        Attack{"coroutines",
               "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
               memory, instructions},
        Attack{"stack", "local function f() return 1 + f() end return f()", Cause::error, memory},
        Attack{"stackPcall", "local function f() return 1 + f() end while true do pcall(f) end",
               instructions, memory},
        Attack{"nestedCoroutines", "local function f() return coroutine.wrap(f)() end return f()",
               Cause::error},
        Attack{"metamethods",
               "local t = setmetatable({}, {}) getmetatable(t).__add = function(a, b) return a + b "
               "end return t + t",
               Cause::error, memory}),
    [](const auto& info) { return info.param.name; });

TEST(Limits, StrikeAtTheSameInstructionEachTime) {
  // The count that was reached is written where the next call can read it.
  std::string body = later(
      "if priority == 2 then return reached end\nreached = 0\nwhile true do reached = reached + 1 "
      "end");
  auto reached = [&](Policy& policy) {
    EXPECT_EQ(scoreOnce(policy).cause, Cause::instructions);
    std::vector<double> inputs = ones();
    inputs[6] = 2;
    double out = 0;
    EXPECT_TRUE(policy.call(functionOf("fairness", "score"), inputs, out));
    return out;
  };
  Loaded first = load(fairness(body, "local reached = 0")),
         second = load(fairness(body, "local reached = 0"));
  ASSERT_TRUE(first && second) << first.text();
  double count = reached(*first.policy);
  EXPECT_GT(count, 100'000);
  EXPECT_EQ(reached(*first.policy), count);
  EXPECT_EQ(reached(*second.policy), count);
}

TEST(Limits, TimeIsTheSecondNet) {
  Limits limits;
  limits.instructions = 1'000'000'000'000;
  limits.cpu = std::chrono::milliseconds(20);
  Report report = run("while true do end", limits);
  EXPECT_EQ(report.cause, Cause::time) << report.text();
}

TEST(Limits, HoldWhileTheFileRuns) {
  Limits limits;
  limits.loadInstructions = 1'000'000;
  for (const char* text :
       {"while true do end", "pcall(function() while true do end end) return {}"}) {
    Loaded loaded = load(text, limits);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.problems[0].cause, Cause::instructions) << loaded.text();
    EXPECT_EQ(loaded.problems[0].line, 1);
  }
}

TEST(Limits, OfMemoryAlsoCountTheSourceAndTheTrialCall) {
  Limits limits;
  limits.memory = 256u << 10;
  std::string big = "local t = {";
  for (int i = 0; i < 20000; ++i) big += std::to_string(i) + ".5,";
  Loaded loaded = load(big + "}" + fairness("return 1"), limits);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.problems[0].cause, Cause::memory) << loaded.text();
  limits.memory = 1000;
  EXPECT_FALSE(load(fairness("return 1"), limits));
}

TEST(Limits, FinalisersAndWeakTablesAreRefused) {
  for (const char* field : {"__gc", "__mode"}) {
    Report report = run("setmetatable({}, {" + std::string(field) + " = 'k'}) return 1");
    EXPECT_EQ(report.cause, Cause::error);
    EXPECT_NE(report.message.find(field), std::string::npos) << report.message;
  }
}

TEST(Limits, CountsAreExactWithStepOne) {
  Limits limits;
  limits.step = 1;
  Loaded few = load(fairness("for i = 1, 100 do end return 1"), limits);
  Loaded many = load(fairness("for i = 1, 200 do end return 1"), limits);
  ASSERT_TRUE(few && many);
  EXPECT_EQ(many.policy->instructions() - few.policy->instructions(), 100);
}

}  // namespace
}  // namespace maitred::lua
