// What a file must look like to become a policy, and what is said when it does not.

#include "lua-testing.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

namespace maitred::lua {
namespace {

using testing::HasSubstr;

struct Fault {
  const char* name;
  std::string text;
  Cause cause;
  const char* says;
  int line = 0;  // 0: not looked at
};

class Faults : public testing::TestWithParam<Fault> {};

TEST_P(Faults, AreRefusedWithAReason) {
  Loaded loaded = load(GetParam().text);
  ASSERT_FALSE(loaded);
  ASSERT_FALSE(loaded.problems.empty());
  EXPECT_EQ(loaded.problems[0].cause, GetParam().cause) << causeName(loaded.problems[0].cause);
  EXPECT_THAT(loaded.text(), HasSubstr(GetParam().says));
  if (GetParam().line > 0) {
    EXPECT_EQ(loaded.problems[0].line, GetParam().line) << loaded.text();
    EXPECT_THAT(loaded.text(), HasSubstr("test.lua:" + std::to_string(GetParam().line) + ": "));
  }
}

std::string with(const std::string& fields) {
  return "return {" + fields + ", score = function(" + scoreParameters + ") return 1 end}";
}

INSTANTIATE_TEST_SUITE_P(
    Shape, Faults,
    testing::Values(
        Fault{"syntax", "local a = 1\nlocal = 2\n", Cause::syntax, "<name> expected", 2},
        Fault{"nothing", "", Cause::contract, "returns nil instead"},
        Fault{"nilResult", "return nil", Cause::contract,
              "returns nil instead of the policy's table"},
        Fault{"noKind", with("version = 1"), Cause::contract, "has no kind"},
        Fault{"wrongKind", with("kind = 'placement', version = 1"), Cause::contract,
              "of kind \"placement\", wanted is one of kind \"fairness\""},
        Fault{"unknownKind", with("kind = 'fairnes', version = 1"), Cause::contract,
              "did you mean \"fairness\"?"},
        Fault{"noVersion", with("kind = 'fairness'"), Cause::contract,
              "version: expected 1, got nil"},
        Fault{"newVersion", with("kind = 'fairness', version = 2"), Cause::contract,
              "version: expected 1, got number 2"},
        Fault{"wrongName", with("kind = 'fairness', version = 1, name = 7"), Cause::contract,
              "name: expected string"},
        Fault{"unknownFunction", with("kind = 'fairness', version = 1, scor = function() end"),
              Cause::contract, "has no \"scor\" (did you mean \"score\"?)"},
        Fault{"missing", "return {kind = 'fairness', version = 1}", Cause::contract,
              "the function score(mem, cpus, "},
        Fault{"noFunction", "return {kind = 'fairness', version = 1, score = 5}", Cause::contract,
              "score: expected a function, got number"},
        Fault{"throughMetatable",
              "return setmetatable({kind = 'fairness', version = 1}, {__index = {score = "
              "function(...) return 1 end}})",
              Cause::contract, "the function score("},
        Fault{"arity",
              "return {kind = 'fairness', version = 1,\nscore = function(mem, cpus) return 1 end}",
              Cause::contract, "takes 2 parameters, the contract hands over 8", 2},
        Fault{"order",
              "return {kind = 'fairness', version = 1,\nscore = function(cpus, mem, a, b, c, d, e, "
              "f) return 1 end}",
              Cause::contract, "parameter 1 is called cpus but receives mem", 2}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Running, Faults,
    testing::Values(
        Fault{"raises", "local x\n\nx.y = 1", Cause::error, "attempt to index a nil value", 3},
        Fault{"global", "count = 0", Cause::error,
              "global \"count\" cannot be set: write \"local count\"", 1},
        Fault{"undefined", "local m = maths.max", Cause::error,
              "unknown name maths (did you mean \"math\"?)", 1},
        Fault{"removed", "os.execute('true')", Cause::error,
              "unknown name os: not offered to policies", 1},
        Fault{"unknownMember", "local m = math.maxx", Cause::error,
              "unknown name math.maxx (did you mean \"max\"?)", 1},
        Fault{"trialNil", fairness("\n\nlocal x = nil"), Cause::result,
              "score() returned nil, on a trial call", 2},
        Fault{"trialRaises", fairness("return mem.x"), Cause::error,
              "attempt to index a number value", 3},
        Fault{"trialNan", fairness("return 0/0"), Cause::result, "returned (0/0)"},
        Fault{"bytecode", std::string("\033Lua\x54\0\x19\x93", 9), Cause::syntax,
              "compiled Lua; policies are loaded as text only"},
        Fault{"deepNesting", "return " + std::string(5000, '(') + "1" + std::string(5000, ')'),
              Cause::syntax, "C stack overflow"},
        Fault{"errorTable", "error({message = 'as I say'})", Cause::error, "as I say"},
        Fault{"errorNil", "error()", Cause::error, "raised a nil that is no text"}),
    [](const auto& info) { return info.param.name; });

TEST(Load, GivesAllProblemsOfTheShapeAtOnce) {
  Loaded loaded =
      load("return {kind = 'fairness', version = 3, nmae = 'x', score = function(a) end}");
  EXPECT_EQ(loaded.problems.size(), 3u) << loaded.text();
}

TEST(Load, RefusesTooLargeATextAndAnAbsentFile) {
  EXPECT_EQ(load(std::string(maxSourceBytes + 1, ' ')).problems.at(0).cause, Cause::source);
  Policy::Options options;
  options.search.path = {"/nonexistent/one", "/nonexistent/two"};
  options.search.baseDir = "/nonexistent/base";
  std::string text = Policy::load("x.lua", options).text();
  EXPECT_THAT(
      text,
      HasSubstr(
          "looked for /nonexistent/one/x.lua, /nonexistent/two/x.lua, /nonexistent/base/x.lua"));
}

TEST(Load, RefusesWhatIsNoRegularFile) {
  TemporaryFolder folder;
  Policy::Options options;
  EXPECT_THAT(Policy::load(folder.path, options).text(), HasSubstr("no regular file"));
  std::string pipe = folder.path / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(Policy::load(pipe, options).text(), HasSubstr("no regular file"));
}

TEST(Load, TakesTheKindOfTheFileIfNoneIsWanted) {
  Loaded loaded = Policy::loadText(
      "p.lua", "return {kind='placement', version=1, fitness=function(...) return 1 end}", {});
  ASSERT_TRUE(loaded) << loaded.text();
  EXPECT_EQ(loaded.policy->kind(), "placement");
  EXPECT_TRUE(loaded.policy->has(functionOf("placement", "fitness")));
}

TEST(Load, NamesAndVersions) {
  Loaded a = load(fairness("return 1")), b = load(fairness("return 1")),
         c = load(fairness("return 2"));
  ASSERT_TRUE(a && b && c);
  EXPECT_EQ(a.policy->version(), b.policy->version());
  EXPECT_NE(a.policy->version(), c.policy->version());
  EXPECT_EQ(a.policy->version().size(), 12u);
  EXPECT_EQ(a.policy->name(), "test.lua");
  EXPECT_EQ(a.policy->kind(), "fairness");
}

TEST(Load, AcceptsOwnParameterNamesAndVariableArguments) {
  EXPECT_TRUE(load("return {kind='fairness', version=1, score=function(_a, b, ...) return b end}"));
  EXPECT_TRUE(
      load("return {kind='fairness', version=1, score=function(_a, x, _c, _d, _e, _f, _g, _h) "
           "return x end}"));
  EXPECT_TRUE(load("return {kind='fairness', version=1, score=math.max}"));
}

TEST(Call, FailuresNameCauseLineInputsAndTheWayToRepeat) {
  Loaded loaded = load(fairness(later("return nil")));
  ASSERT_TRUE(loaded) << loaded.text();
  Report report = scoreOnce(*loaded.policy);
  EXPECT_EQ(report.cause, Cause::result);
  EXPECT_EQ(report.message, "score() returned nil");
  EXPECT_THAT(report.hint, HasSubstr("expected: number, the score (lower goes first)"));
  EXPECT_THAT(report.inputs, HasSubstr("mem=1, cpus=1, "));
  EXPECT_EQ(report.repeat, "maitred policy eval test.lua score -- 1 1 1 1 1 1 1 1");
  EXPECT_EQ(report.version, loaded.policy->version());
  EXPECT_THAT(report.text(),
              testing::StartsWith("test.lua:2: score() returned nil\n  expected: number"));
}

TEST(Call, ErrorsCarryATraceback) {
  Report report = run("\nlocal function inner() error('no share') end\ninner()\nreturn 1");
  EXPECT_EQ(report.cause, Cause::error);
  EXPECT_EQ(report.line, 5) << report.text();
  EXPECT_EQ(report.message, "score(): no share");
  EXPECT_THAT(report.traceback, HasSubstr("test.lua:6"));
}

TEST(Call, RefusesWhatIsNoFiniteNumber) {
  for (const char* bad : {"0/0", "1/0", "-1/0", "nil", "'7'", "true", "{}", "print", "math.max"}) {
    Report report = run("return " + std::string(bad));
    EXPECT_TRUE(report.cause == Cause::result ||
                (report.cause == Cause::error && bad == std::string("print")))
        << bad << ": " << report.text();
  }
  EXPECT_EQ(run("return 7").message, "= 7");
  EXPECT_EQ(run("return 5e-324").message, "= 5e-324");
}

TEST(Call, RefusesANumberOutOfTheContractsRange) {
  Policy::Options options;
  auto text = [](const char* result) {
    return "return {kind='placement', version=1, fitness=function(u, ...) if u == 3 then return "
           "0.5 end return " +
           std::string(result) + " end}";
  };
  double out = 0;
  Function fitness = functionOf("placement", "fitness");
  std::vector<double> inputs(6, 1);
  Loaded above = Policy::loadText("p.lua", text("1.01"), options),
         below = Policy::loadText("p.lua", text("-0.01"), options);
  Loaded exact = Policy::loadText("p.lua", text("1"), options);
  ASSERT_TRUE(above && below && exact) << above.text();
  EXPECT_FALSE(above.policy->call(fitness, inputs, out));
  EXPECT_EQ(above.policy->failure().message, "fitness() returned 1.01");
  EXPECT_FALSE(below.policy->call(fitness, inputs, out));
  EXPECT_TRUE(exact.policy->call(fitness, inputs, out));
}

TEST(Call, RefusesAWrongNumberOfInputs) {
  Loaded loaded = load(fairness("return 1"));
  double out = 0;
  EXPECT_FALSE(
      loaded.policy->call(functionOf("fairness", "score"), std::vector<double>(7, 1.0), out));
  EXPECT_FALSE(loaded.policy->call(Function{}, ones(), out));
  EXPECT_FALSE(loaded.policy->call(Function{5}, ones(), out));
}

TEST(Call, HandsOverTablesAndChecksTheAnswer) {
  const char* text = R"(return { kind = "admission", version = 1, admit = function(job)
    if job.user == "bo" then return { accept = true, chnge = {} } end
    if job.user == "cy" then return { accept = "yes" } end
    if job.mem > 4096 then return { accept = false, message = "at most 4 GiB, " .. job.user } end
    return { accept = true,
             change = { priority = 40, labels = { team = job.labels.team or "none" } } }
  end })";
  Loaded loaded = Policy::loadText("a.lua", text, {});
  ASSERT_TRUE(loaded) << loaded.text();
  Function admit = functionOf("admission", "admit");
  auto ask = [&](const char* user, double mem, Value& out) {
    Value job = Table().set("user", user).set("mem", mem).set("labels", Table().set("team", "red"));
    return loaded.policy->call(admit, std::vector<Value>{job}, out);
  };
  Value out;
  ASSERT_TRUE(ask("ana", 8192, out));
  EXPECT_EQ(out.literal(), "{accept = false, message = \"at most 4 GiB, ana\"}");
  ASSERT_TRUE(ask("ana", 1, out));
  EXPECT_EQ(out.literal(), "{accept = true, change = {labels = {team = \"red\"}, priority = 40}}");
  EXPECT_FALSE(ask("bo", 1, out));
  EXPECT_THAT(loaded.policy->failure().message,
              HasSubstr("unknown field \"chnge\" (did you mean \"change\"?)"));
  EXPECT_FALSE(ask("cy", 1, out));
  EXPECT_THAT(loaded.policy->failure().message,
              HasSubstr("result.accept: expected boolean, got string \"yes\""));
  EXPECT_THAT(loaded.policy->failure().repeat,
              HasSubstr("admit -- '{user = \"cy\", mem = 1, labels = {team = \"red\"}}'"));
}

TEST(Kinds, AreThoseOfTheTypeFiles) {
  EXPECT_THAT(kindNames(), testing::ElementsAre("admission", "balancing", "fairness", "placement",
                                                "preemption", "scaling"));
  EXPECT_THROW(functionOf("fairnes", "score"), std::invalid_argument);
  try {
    functionOf("fairness", "scroe");
    FAIL();
  } catch (const std::invalid_argument& problem) {
    EXPECT_THAT(problem.what(), HasSubstr("did you mean \"score\"?"));
  }
}

}  // namespace
}  // namespace maitred::lua
