// The first minutes of an operator: `init` writes a config, `check` has nothing against it, `run`
// runs it.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace maitred::e2e {
namespace {

TEST(FirstConfig, WhatInitWritesPassesTheCheck) {
  testing::TemporaryDirectory directory;
  std::string maitred = std::string(std::getenv("MAITRED_BINARY_DIR")) + "/bin/maitred";
  std::string file = directory.path() + "/maitred.yaml";
  auto written = run({maitred, "init", file});
  ASSERT_EQ(written.exitCode, 0) << written.out;
  auto checked = run({maitred, "check", file});
  EXPECT_EQ(checked.exitCode, 0) << checked.out;
}

TEST(FirstConfig, TheQuickstartsConfigPassesTheCheck) {
  std::string maitred = std::string(std::getenv("MAITRED_BINARY_DIR")) + "/bin/maitred";
  std::string file =
      std::string(std::getenv("MAITRED_SOURCE_DIR")) + "/examples/quickstart/maitred.yaml";
  auto checked = run({maitred, "check", "--strict", file});
  EXPECT_EQ(checked.exitCode, 0) << checked.out;
  auto asRoot = run({"/usr/bin/env", "QUICKSTART_RUN_AS=fixed root", "QUICKSTART_ALLOW_ROOT=true",
                     maitred, "check", file});
  EXPECT_EQ(asRoot.exitCode, 0) << asRoot.out;
}

TEST(FirstConfig, TheConfigsThatTakeACooksPlacePassTheCheck) {
  std::string maitred = std::string(std::getenv("MAITRED_BINARY_DIR")) + "/bin/maitred";
  for (const char* name : {"one-user", "http-basic"}) {
    std::string file = std::getenv("MAITRED_SOURCE_DIR") + ("/examples/cook/" + std::string(name)) +
                       ".yaml";
    auto checked = run({"/usr/bin/env", "MAITRED_COOK_RUN_AS=host", "MAITRED_COOK_ALLOW_ROOT=true",
                        maitred, "check", "--strict", file});
    EXPECT_EQ(checked.exitCode, 0) << checked.out;
  }
}

}  // namespace
}  // namespace maitred::e2e
