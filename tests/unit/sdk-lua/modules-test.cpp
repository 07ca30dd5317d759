// require(): below the policy path, and nowhere else.

#include "lua-testing.h"

#include <gmock/gmock.h>

namespace maitred::lua {
namespace {

using testing::HasSubstr;

class Modules : public testing::Test {
 protected:
  Loaded loadWith(const std::string& before, const std::string& body = "return 1") {
    Policy::Options options;
    options.search.path = {folder.path / "policies"};
    folder.write("policies/p.lua", fairness(body, before));
    return Policy::load("p.lua", options);
  }

  TemporaryFolder folder;
};

TEST_F(Modules, AreFoundLoadedOnceAndCountInTheVersion) {
  folder.write("policies/lib/util.lua",
               "local n = 0 return {next = function() n = n + 1 return n end}");
  std::string before = "local a, b = require('lib.util'), require 'lib.util' a.next()";
  Loaded first = loadWith(before, "return b.next()");
  ASSERT_TRUE(first) << first.text();
  EXPECT_EQ(scoreOnce(*first.policy).message, "= 3");  // after the file's own and the trial call
  ASSERT_EQ(first.policy->modules().size(), 1u);
  EXPECT_THAT(first.policy->modules()[0], HasSubstr("/policies/lib/util.lua"));
  folder.write("policies/lib/util.lua", "return {next = function() return 5 end}");
  Loaded second = loadWith(before, "return b.next()");
  ASSERT_TRUE(second);
  EXPECT_NE(first.policy->version(), second.policy->version());
}

TEST_F(Modules, TheirTextsMakeTheSamePolicyWithoutFiles) {
  folder.write("policies/base.lua", "return 20");
  folder.write("policies/lib.lua", "return { base = require('base') + 1 }");
  Loaded first = loadWith("local lib = require('lib')", "return lib.base");
  ASSERT_TRUE(first) << first.text();
  ASSERT_EQ(first.policy->moduleTexts().size(), 2u);
  EXPECT_EQ(first.policy->moduleTexts()[1], (ModuleText{"base", "return 20"}));
  Policy::Options options;
  options.modules = first.policy->moduleTexts();
  Loaded again = Policy::loadText("p.lua", first.policy->text(), options);
  ASSERT_TRUE(again) << again.text();
  EXPECT_EQ(again.policy->version(), first.policy->version());
  EXPECT_EQ(scoreOnce(*again.policy).message, "= 21");
  options.modules.pop_back();
  EXPECT_FALSE(Policy::loadText("p.lua", first.policy->text(), options));
}

TEST_F(Modules, OutsideThePathAreRefused) {
  folder.write("outside.lua", "return 1");
  for (const char* name : {"../outside", "..outside", "/etc/passwd", "lib..util", "lib/util",
                           ".lib", "lib.", "", "a\\0b"}) {
    Loaded loaded = loadWith("require('" + std::string(name) + "')");
    ASSERT_FALSE(loaded) << name;
    EXPECT_THAT(loaded.text(), HasSubstr("module's name")) << name;
  }
}

TEST_F(Modules, BySymbolicLinkOutsideAreRefused) {
  folder.write("outside.lua", "return 1");
  folder.write("policies/inside.lua", "return 1");
  std::filesystem::create_symlink(folder.path / "outside.lua", folder.path / "policies/escape.lua");
  std::filesystem::create_symlink("inside.lua", folder.path / "policies/alias.lua");
  std::filesystem::create_directory_symlink(folder.path, folder.path / "policies/up");
  EXPECT_THAT(loadWith("require('escape')").text(), HasSubstr("leads out of the policy path"));
  EXPECT_THAT(loadWith("require('up.outside')").text(), HasSubstr("leads out of the policy path"));
  EXPECT_TRUE(loadWith("require('alias')"));
}

TEST_F(Modules, InACircleAreRefused) {
  folder.write("policies/a.lua", "return require('b')");
  folder.write("policies/b.lua", "return require('a')");
  EXPECT_THAT(loadWith("require('a')").text(),
              HasSubstr("modules require each other in a circle: a -> b -> a"));
}

TEST_F(Modules, FaultsNameTheModulesFileAndLine) {
  folder.write("policies/broken.lua", "\nlocal x = = 1");
  folder.write("policies/raises.lua", "\n\nerror('at load')");
  Loaded broken = loadWith("require('broken')");
  EXPECT_THAT(broken.problems.at(0).file, HasSubstr("/policies/broken.lua"));
  EXPECT_EQ(broken.problems.at(0).line, 2) << broken.text();
  Loaded raises = loadWith("require('raises')");
  EXPECT_THAT(raises.problems.at(0).file, HasSubstr("/policies/raises.lua"));
  EXPECT_EQ(raises.problems.at(0).line, 3) << raises.text();
  EXPECT_EQ(raises.problems.at(0).message, "at load");
}

TEST_F(Modules, OfBytecodeAreRefused) {
  folder.write("policies/code.lua", std::string("\033Lua\x54\0\x19\x93", 9));
  EXPECT_THAT(loadWith("require('code')").text(), HasSubstr("attempt to load a binary chunk"));
}

TEST_F(Modules, AreNotReadDuringDecisions) {
  folder.write("policies/early.lua", "return 4");
  folder.write("policies/late.lua", "return 5");
  Loaded loaded =
      loadWith("require('early')", later("if mem == 1 then return require('late') end"));
  ASSERT_TRUE(loaded) << loaded.text();
  EXPECT_THAT(scoreOnce(*loaded.policy).message, HasSubstr("only while the policy itself loads"));
  Loaded cached = loadWith("require('early')", later("return require('early')"));
  EXPECT_EQ(scoreOnce(*cached.policy).message, "= 4");
}

TEST_F(Modules, ThatLoopEndByTheLimit) {
  folder.write("policies/loop.lua", "while true do end");
  Loaded loaded = loadWith("while true do pcall(require, 'loop') end");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.problems[0].cause, Cause::instructions) << loaded.text();
  EXPECT_THAT(loaded.problems[0].file, HasSubstr("loop.lua"));
}

TEST_F(Modules, BesideThePolicyAreFound) {
  folder.write("own/helper.lua", "return 6");
  folder.write("own/p.lua", fairness("return helper", "local helper = require('helper')"));
  Policy::Options options;
  Loaded loaded = Policy::load(folder.path / "own/p.lua", options);
  ASSERT_TRUE(loaded) << loaded.text();
  EXPECT_EQ(scoreOnce(*loaded.policy).message, "= 6");
}

TEST_F(Modules, MayNotBeTooMany) {
  std::string before;
  for (int i = 0; i <= maxModules; ++i) {
    folder.write("policies/m" + std::to_string(i) + ".lua", "return 1");
    before += "require('m" + std::to_string(i) + "')\n";
  }
  EXPECT_THAT(loadWith(before).text(), HasSubstr("more than 64 modules"));
}

}  // namespace
}  // namespace maitred::lua
