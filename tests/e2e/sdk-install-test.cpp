// The installed SDK: a plugin outside this tree is built against it, inspected, and run by the
// host.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace maitred::e2e {
namespace {

using ::testing::HasSubstr;

std::string variable(const char* name) {
  return std::getenv(name);
}

TEST(InstalledSdk, BuildsAPluginOutsideTheTree) {
  testing::TemporaryDirectory directory;
  std::string prefix = directory.path() + "/prefix";
  std::string build = directory.path() + "/build";
  auto shell = [](const std::string& command) { return run({"/bin/sh", "-c", command}); };

  auto installed =
      shell("cmake --install " + variable("MAITRED_BINARY_DIR") + " --prefix " + prefix);
  ASSERT_EQ(installed.exitCode, 0) << installed.out;
  auto configured = shell("cmake -G Ninja -B " + build + " -S " + variable("MAITRED_SOURCE_DIR") +
                          "/examples/hello-plugin -DCMAKE_PREFIX_PATH=" + prefix);
  ASSERT_EQ(configured.exitCode, 0) << configured.out;
  auto built = shell("cmake --build " + build);
  ASSERT_EQ(built.exitCode, 0) << built.out;

  auto inspected = run({prefix + "/bin/maitred", "plugins", "inspect", build + "/hello.so"});
  EXPECT_EQ(inspected.exitCode, 0) << inspected.out;
  EXPECT_THAT(inspected.out, HasSubstr("Answers GET /hello/NAME"));
  auto listed = run({prefix + "/bin/maitred", "plugins", "list"});
  EXPECT_THAT(listed.out, HasSubstr("maitred-local"));
  auto exported = shell("nm -D --defined-only " + build + "/hello.so");
  EXPECT_THAT(exported.out, HasSubstr("maitred_plugin"));
}

}  // namespace
}  // namespace maitred::e2e
