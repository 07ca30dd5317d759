// The commands of `maitred policy`.

#include "lua-testing.h"

#include <maitred/lua/tool.h>

#include <gmock/gmock.h>

#include <sstream>

namespace maitred::lua {
namespace {

using testing::HasSubstr;

class PolicyTool : public testing::Test {
 protected:
  int run(std::vector<std::string> arguments) {
    out.str("");
    err.str("");
    arguments.insert(arguments.begin(), "policy");
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    ToolOptions options;
    options.search.path = {std::string(std::getenv("MAITRED_SOURCE_DIR")) + "/lua-policies"};
    return policyMain(static_cast<int>(argv.size()), argv.data(), out, err, options);
  }

  TemporaryFolder folder;
  std::ostringstream out, err;
};

TEST_F(PolicyTool, Help) {
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_THAT(out.str(), HasSubstr("eval FILE FUNCTION"));
  EXPECT_EQ(run({}), 2);
  for (const char* command : {"check", "eval", "test", "new"}) {
    EXPECT_EQ(run({command, "--help"}), 0);
    EXPECT_THAT(out.str(), HasSubstr("--policy-path"));
  }
}

TEST_F(PolicyTool, FaultsOfTheCommandLine) {
  EXPECT_EQ(run({"chekc"}), 2);
  EXPECT_THAT(err.str(), HasSubstr("did you mean \"check\"?"));
  EXPECT_EQ(run({"check"}), 2);
  EXPECT_EQ(run({"check", "--nonsense", "x"}), 2);
  EXPECT_THAT(err.str(), HasSubstr("nonsense"));
  EXPECT_EQ(run({"check", "--instructions", "many", "x"}), 2);
  EXPECT_EQ(run({"check", "--instructions", "0", "x"}), 2);
  EXPECT_EQ(run({"check", "--kind", "fair", "x"}), 2);
}

TEST_F(PolicyTool, Check) {
  EXPECT_EQ(run({"check", "fairness/drf.lua", "placement/spread.lua"}), 0);
  EXPECT_THAT(out.str(), HasSubstr("fairness/drf.lua: good. kind fairness, name drf, version "));
  std::string bad = folder.write("bad.lua", "return {kind = 'fairness', version = 1, scor = 1}");
  EXPECT_EQ(run({"check", "fairness/drf.lua", bad}), 2);
  EXPECT_THAT(err.str(),
              HasSubstr(bad + ":1: a fairness policy has no \"scor\" (did you mean \"score\"?)"));
  EXPECT_THAT(err.str(), HasSubstr("2 problems"));
  EXPECT_EQ(run({"check", "--kind", "placement", "fairness/drf.lua"}), 2);
  EXPECT_EQ(run({"check", "none.lua"}), 2);
}

TEST_F(PolicyTool, Eval) {
  EXPECT_EQ(run({"eval", "fairness/drf.lua", "score", "10", "10", "0", "25", "25", "1", "50", "0"}),
            0)
      << err.str();
  EXPECT_EQ(out.str(), "0.4\n");
  EXPECT_EQ(run({"eval", "fairness/drf.lua", "score", "--", "-10", "-20", "0", "25", "25", "1",
                 "50", "0"}),
            0)
      << err.str();
  EXPECT_EQ(out.str(), "-0.4\n");
  EXPECT_EQ(run({"eval", "fairness/drf.lua", "score", "1"}), 2);
  EXPECT_THAT(err.str(), HasSubstr("takes 8 to 9 arguments, got 1"));
  EXPECT_EQ(run({"eval", "fairness/drf.lua", "scroe", "1"}), 2);
  EXPECT_THAT(err.str(), HasSubstr("did you mean \"score\"?"));
  EXPECT_EQ(run({"eval", "fairness/drf.lua", "score", "0", "0", "0", "0", "0", "0", "0", "0"}), 2);
  EXPECT_THAT(err.str(), HasSubstr("score() returned (0/0)"));
}

TEST_F(PolicyTool, EvalReadsTablesAndTheCommandOfAReportRepeatsIt) {
  std::string file =
      folder.write("a.lua",
                   "return {kind='admission', version=1, admit=function(job)\n"
                   "if job.user == \"o'neill\" then error('no') end return {accept = true} end}");
  EXPECT_EQ(run({"eval", file, "admit", "{user = 'ana', labels = {[\"a b\"] = 'c'}}"}), 0)
      << err.str();
  EXPECT_EQ(out.str(), "{accept = true}\n");
  EXPECT_EQ(run({"eval", file, "admit", "{user = \"o'neill\"}"}), 2);
  EXPECT_THAT(err.str(), HasSubstr("repeat with: maitred policy eval " + file +
                                   " admit -- '{user = \"o'\\''neill\"}'"));
  EXPECT_EQ(run({"eval", file, "admit", "{user = "}), 2);
  EXPECT_EQ(run({"eval", file, "admit", "{(function() while true do end end)()}"}), 2);
  EXPECT_THAT(err.str(), HasSubstr("instructions in one call"));
}

TEST_F(PolicyTool, NewPoliciesPassTheirCheck) {
  for (const auto& kind : kindNames()) {
    EXPECT_EQ(run({"new", kind}), 0);
    std::string file = folder.write(kind + ".lua", out.str());
    EXPECT_EQ(run({"check", "--kind", kind, file}), 0) << kind << err.str();
  }
  EXPECT_EQ(run({"new", "fair"}), 2);
  EXPECT_THAT(err.str(), HasSubstr("known: admission, "));
}

TEST_F(PolicyTool, Test) {
  EXPECT_EQ(run({"test", "spec/fairness_spec.lua"}), 0) << err.str();
  EXPECT_THAT(out.str(), HasSubstr(" tests, 0 failed"));
  std::string bad = folder.write("bad_spec.lua", "it('fails', function() expect.equal(1, 2) end)");
  EXPECT_EQ(run({"test", bad}), 2);
  EXPECT_THAT(err.str(), HasSubstr("FAILED fails"));
}

}  // namespace
}  // namespace maitred::lua
