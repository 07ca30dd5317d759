// What a policy can reach, and what it cannot.

#include "lua-testing.h"

#include <gmock/gmock.h>

namespace maitred::lua {
namespace {

using testing::HasSubstr;

// The value of an expression inside a policy, as tostring() shows it, by way of an error.
std::string value(const std::string& expression) {
  Loaded loaded = load("error(tostring(" + expression + "), 0)");
  return loaded.problems.at(0).message;
}

TEST(Sandbox, LacksWhatReachesOutOfIt) {
  for (const char* name :
       {"io", "os", "debug", "package", "load", "loadstring", "loadfile", "dofile",
        "collectgarbage", "print", "warn", "rawset", "utf8", "string.dump", "string.pack",
        "string.unpack", "math.randomseed", "coroutine.close"}) {
    Loaded loaded = load("return " + std::string(name));
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.text(), HasSubstr("unknown name " + std::string(name))) << loaded.text();
  }
}

TEST(Sandbox, IsReadOnly) {
  for (const char* attempt :
       {"x = 1", "_G.x = 1", "math.max = nil", "string.rep = nil", "_G.math = nil", "_G._G = nil",
        "table.insert(math, 1)", "table.move({1, 2}, 1, 2, 1, string)", "rawget(_G, 'x').y = 1"}) {
    Loaded loaded = load(std::string(attempt) + "\n" + fairness("return 1"));
    EXPECT_FALSE(loaded) << attempt;
    EXPECT_EQ(loaded.problems.at(0).line, 1) << loaded.text();
  }
}

TEST(Sandbox, HidesItsMetatables) {
  EXPECT_EQ(value("getmetatable('')"), "false");
  EXPECT_EQ(value("getmetatable(_G)"), "false");
  EXPECT_EQ(value("getmetatable(math)"), "false");
  EXPECT_THAT(value("getmetatable('').__index"), HasSubstr("attempt to index a boolean value"));
  EXPECT_THAT(value("setmetatable(_G, {})"), HasSubstr("protected"));
  EXPECT_THAT(value("setmetatable(string, nil)"), HasSubstr("protected"));
}

TEST(Sandbox, TamperingWithStringsHasNoEffect) {
  Loaded loaded = load(
      "pcall(function() getmetatable('').__index = nil end)\n"
      "pcall(function() getmetatable('').__index.rep = nil end)\n"
      "pcall(function() string.rep = function() return 'x' end end)\n" +
      fairness("return #(('a'):rep(3))"));
  ASSERT_TRUE(loaded) << loaded.text();
  EXPECT_EQ(scoreOnce(*loaded.policy).message, "= 3");
}

TEST(Sandbox, AnOwnEnvironmentGivesNothingMore) {
  EXPECT_THAT(value("(function() local _ENV = {} return math end)()"), HasSubstr("nil"));
  EXPECT_THAT(value("(function() local _ENV = setmetatable({}, {__index = _G}) return os end)()"),
              HasSubstr("unknown name os"));
}

TEST(Sandbox, ShowsNoAddresses) {
  EXPECT_EQ(value("{}"), "table");
  EXPECT_EQ(value("function() end"), "function");
  EXPECT_EQ(value("math.max"), "function");
  EXPECT_EQ(value("coroutine.create(function() end)"), "thread");
  EXPECT_EQ(value("string.format('%s %5.1f %%p %s', {}, 2.5, true)"), "table   2.5 %p true");
  EXPECT_THAT(value("string.format('%p', {})"), HasSubstr("%p is not offered"));
  EXPECT_THAT(value("string.format('%-20p', {})"), HasSubstr("%p is not offered"));
  EXPECT_EQ(value("setmetatable({}, {__tostring = function() return 'mine' end})"), "mine");
}

TEST(Sandbox, PairsGoesInOneOrder) {
  EXPECT_EQ(value("(function() local t, s = {b = 1, a = 2, [3] = 1, [1] = 1, [2.5] = 1, [true] = "
                  "1, [-1] = 1}, '' "
                  "for k in pairs(t) do s = s .. tostring(k) .. ' ' end return s end)()"),
            "-1 1 2.5 3 a b true ");
  EXPECT_THAT(value("pairs({[{}] = 1})"), HasSubstr("a table as key has no stable order"));
  EXPECT_EQ(value("next({})"), "nil");
  EXPECT_EQ(value("next({z = 1, y = 2})"), "y");
  EXPECT_THAT(value("next({1, 2}, 1)"), HasSubstr("use pairs"));
  // Removing while iterating is allowed, as in Lua itself.
  EXPECT_EQ(value("(function() local t, n = {1, 2, 3, 4}, 0 for k in pairs(t) do t[k + 1] = nil n "
                  "= n + 1 end return n end)()"),
            "2");
  EXPECT_EQ(value("(function() local s = 0 for k, v in pairs(setmetatable({}, {__pairs = "
                  "function() return ipairs({5, 6}) end})) "
                  "do s = s + v end return s end)()"),
            "11");
}

TEST(Sandbox, RandomNumbersFollowTheSeed) {
  Policy::Options options;
  auto draw = [&](std::uint64_t seed) {
    options.seed = seed;
    Loaded loaded = Policy::loadText("r.lua", fairness("return math.random()"), options);
    return scoreOnce(*loaded.policy).message;
  };
  EXPECT_EQ(draw(7), draw(7));
  EXPECT_NE(draw(7), draw(8));
  Loaded loaded = Policy::loadText("r.lua", fairness("return math.random()"), options);
  loaded.policy->seed(99);
  std::string first = scoreOnce(*loaded.policy).message;
  EXPECT_NE(scoreOnce(*loaded.policy).message, first);
  loaded.policy->seed(99);
  EXPECT_EQ(scoreOnce(*loaded.policy).message, first);
}

TEST(Sandbox, ProtectedCallsWorkAsInLua) {
  EXPECT_EQ(value("select('#', pcall(function(...) return ... end, 1, nil, 3))"), "4");
  EXPECT_EQ(value("select(2, pcall(error, 'text', 0))"), "text");
  EXPECT_EQ(value("select(2, xpcall(error, function(e) return e .. '!' end, 'text', 0))"), "text!");
  EXPECT_EQ(value("select(3, xpcall(function(a, b) return a, b end, tostring, 4, 5))"), "5");
  EXPECT_EQ(value("(xpcall(error, error, 'x'))"), "false");
  EXPECT_EQ(value("(pcall(pcall))"), "false");
}

TEST(Sandbox, CoroutinesWorkAsInLua) {
  EXPECT_EQ(value("(function() local co = coroutine.create(function(a) local b = coroutine.yield(a "
                  "+ 1) error({b}) end) "
                  "local _, x = coroutine.resume(co, 1) local ok, e = coroutine.resume(co, 5) "
                  "return x .. tostring(ok) .. e[1] .. coroutine.status(co) end)()"),
            "2false5dead");
  EXPECT_EQ(value("(function() local s = 0 for v in coroutine.wrap(function() for i = 1, 4 do "
                  "coroutine.yield(i) end end) do "
                  "s = s + v end return s end)()"),
            "10");
  EXPECT_EQ(value("(function() local co co = coroutine.wrap(function() local ok, v = "
                  "pcall(function() return coroutine.yield() + 1 end) "
                  "return v end) co() return co(4) end)()"),
            "5");
  EXPECT_EQ(value("select(2, coroutine.resume(coroutine.running()))"),
            "cannot resume non-suspended coroutine");
  EXPECT_EQ(value("coroutine.isyieldable()"), "false");
  EXPECT_EQ(value("coroutine.status(coroutine.running())"), "running");
  EXPECT_THAT(value("coroutine.yield()"), HasSubstr("outside a coroutine"));
}

TEST(Sandbox, LibraryErrorsNameTheFunction) {
  EXPECT_THAT(value("string.rep()"), HasSubstr("bad argument #1 to 'rep'"));
  EXPECT_THAT(value("table.concat({{}})"), HasSubstr("invalid value (table) at index 1"));
  EXPECT_THAT(value("table.insert(5, 5)"), HasSubstr("bad argument #1 to 'insert'"));
  EXPECT_THAT(value("table.unpack({}, 1, 1 << 40)"), HasSubstr("more than 250 values"));
  EXPECT_THAT(value("string.byte(('x'):rep(1000), 1, -1)"), HasSubstr("more than 250 values"));
  EXPECT_EQ(value("select('#', string.byte('hello', -3, -1))"), "3");
  EXPECT_EQ(value("table.concat({1, 2, 3}, ', ', 2)"), "2, 3");
  EXPECT_EQ(value("(function() local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) "
                  "return table.concat(t) end)()"),
            "321");
}

}  // namespace
}  // namespace maitred::lua
