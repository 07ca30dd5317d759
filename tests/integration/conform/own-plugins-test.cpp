// Every plugin of ours conforms, in both isolations. The suite itself: what it says and takes.
#include "conform-run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace maitred::host {
namespace {

using test::conform;
using test::failuresOf;
using test::TempFolder;
using test::maitred;
using ::testing::HasSubstr;

std::string library(const std::string& name) {
  return std::string(getenv("MAITRED_BINARY_DIR")) + "/lib/maitred/" + name + ".so";
}

using Case = std::tuple<std::string, std::string>;
class OwnPlugin : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, OwnPlugin,
                         ::testing::Combine(::testing::Values("maitred-local", "maitred-sim",
                                                              "maitred-cook"),
                                            ::testing::Values("process", "inline")),
                         [](const auto& info) {
                           return std::get<0>(info.param).substr(8) + std::get<1>(info.param);
                         });

TEST_P(OwnPlugin, Conforms) {
  auto run = conform(library(std::get<0>(GetParam())), {"--isolation", std::get<1>(GetParam())});
  EXPECT_EQ(failuresOf(run), "");
  EXPECT_EQ(run.outcome.exitCode, 0) << run.outcome.err;
  EXPECT_GE(run.report["passed"], 10);
}

TEST(Conform, TakesAConfig_InlineOrAsAFile) {
  auto good = conform(library("maitred-sim"),
                      {"--check", "start", "--config", "nodes: { tiny: { cpus: 1 } }"});
  EXPECT_EQ(good.outcome.exitCode, 0) << failuresOf(good);
  auto bad = conform(library("maitred-sim"), {"--config", "nodes: { tiny: { cpsu: 1 } }"});
  EXPECT_EQ(bad.outcome.exitCode, 1);
  EXPECT_THAT(bad.outcome.err, HasSubstr("unknown key \"cpsu\""));
  EXPECT_THAT(bad.outcome.err, HasSubstr("did you mean \"cpus\"?"));

  TempFolder folder;
  auto file = folder.write("maitred.yaml",
                           "plugins:\n  - name: big\n    library: maitred-sim\n"
                           "    config: { nodes: { big: { count: 3 } } }\n");
  auto whole = conform(library("maitred-sim"), {"--check", "start", "--config", file});
  EXPECT_EQ(whole.outcome.exitCode, 0) << failuresOf(whole) << whole.outcome.err;
  auto other = conform(library("maitred-local"), {"--config", file});
  EXPECT_THAT(other.outcome.err, HasSubstr("no instance of " + file + " has the library"));
}

TEST(Conform, Mistakes_NameTheNearest) {
  auto check = maitred({"plugins", "conform", library("maitred-sim"), "--check", "strat"});
  EXPECT_EQ(check.exitCode, 64);
  EXPECT_THAT(check.err, HasSubstr("did you mean \"start\"?"));
  auto again = maitred({"plugins", "conform", library("maitred-sim"), "--reproduce", "start"});
  EXPECT_EQ(again.exitCode, 64);
  EXPECT_THAT(again.err, HasSubstr("SEED/NAME"));
  EXPECT_THAT(maitred({"plugins", "conform", "/bin/true"}).out, HasSubstr("note"));
  EXPECT_EQ(maitred({"plugins", "conform"}).exitCode, 64);
  EXPECT_THAT(maitred({"plugins", "conform", "--list"}).out, HasSubstr("drain-in-work"));
}

}  // namespace
}  // namespace maitred::host
