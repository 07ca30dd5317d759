// The installed SDK, as somebody has it who has no source tree: plugins are made, built, tested,
// checked and run with it. It is installed once for all of these tests.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>

namespace maitred::e2e {
namespace {

using ::testing::HasSubstr;

std::string variable(const char* name) {
  return std::getenv(name);
}

Outcome shell(const std::string& command) {
  return run({"/bin/sh", "-c", command}, "", 10 * kj::MINUTES);
}

class InstalledSdk : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    installation = std::make_unique<testing::TemporaryDirectory>();
    auto installed =
        shell("cmake --install " + variable("MAITRED_BINARY_DIR") + " --prefix " + prefix());
    ASSERT_EQ(installed.exitCode, 0) << installed.out;
  }
  static void TearDownTestSuite() { installation.reset(); }

  static std::string prefix() { return installation->path() + "/prefix"; }
  static Outcome maitred(std::vector<std::string> words) {
    words.insert(words.begin(), prefix() + "/bin/maitred");
    return run(words);
  }

  std::string inFolder(const std::string& name) const { return directory.path() + "/" + name; }
  void build(const std::string& source, const std::string& folder) {
    auto configured = shell("cmake -G Ninja -B " + folder + " -S " + source +
                            " -DCMAKE_PREFIX_PATH=" + prefix());
    ASSERT_EQ(configured.exitCode, 0) << configured.out;
    auto built = shell("cmake --build " + folder);
    ASSERT_EQ(built.exitCode, 0) << built.out;
  }

  testing::TemporaryDirectory directory;

 private:
  static std::unique_ptr<testing::TemporaryDirectory> installation;
};
std::unique_ptr<testing::TemporaryDirectory> InstalledSdk::installation;

TEST_F(InstalledSdk, BuildsThePluginOfTheExamples) {
  auto folder = inFolder("build");
  ASSERT_NO_FATAL_FAILURE(build(variable("MAITRED_SOURCE_DIR") + "/examples/hello-plugin", folder));
  auto inspected = maitred({"plugins", "inspect", folder + "/hello.so"});
  EXPECT_EQ(inspected.exitCode, 0) << inspected.out;
  EXPECT_THAT(inspected.out, HasSubstr("Answers GET /hello/NAME"));
  EXPECT_THAT(maitred({"plugins", "list"}).out, HasSubstr("maitred-local"));
  auto exported = shell("nm -D --defined-only " + folder + "/hello.so");
  EXPECT_THAT(exported.out, HasSubstr("maitred_plugin"));
  auto conforms = maitred({"plugins", "conform", folder + "/hello.so"});
  EXPECT_EQ(conforms.exitCode, 0) << conforms.out;
}

// It watches the queue, has a store and a client of its own; its tests run it in both isolations.
TEST_F(InstalledSdk, BuildsThePluginThatTellsOfFinishedJobs) {
  auto folder = inFolder("build");
  ASSERT_NO_FATAL_FAILURE(
      build(variable("MAITRED_SOURCE_DIR") + "/examples/webhook-plugin", folder));
  auto tested = shell("ctest --output-on-failure --no-tests=error --test-dir " + folder);
  EXPECT_EQ(tested.exitCode, 0) << tested.out;
  EXPECT_THAT(tested.out, HasSubstr("webhook-conform"));
}

// A queue asks it; its tests do, in both isolations.
TEST_F(InstalledSdk, BuildsThePluginThatJudgesJobs) {
  auto folder = inFolder("build");
  ASSERT_NO_FATAL_FAILURE(
      build(variable("MAITRED_SOURCE_DIR") + "/examples/cook-demo-plugin", folder));
  auto tested = shell("ctest --output-on-failure --no-tests=error --test-dir " + folder);
  EXPECT_EQ(tested.exitCode, 0) << tested.out;
  EXPECT_THAT(tested.out, HasSubstr("cook-demo-conform"));
}

class NewPlugin : public InstalledSdk, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kinds, NewPlugin, ::testing::Values("minimal", "backend", "consumer"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(NewPlugin, BuildsAndPassesItsTest) {
  std::string name = std::string("my-") + GetParam();
  auto made = maitred({"plugins", "new", name, "--kind", GetParam(), "--dir", directory.path()});
  ASSERT_EQ(made.exitCode, 0) << made.out;
  auto source = inFolder(name);
  ASSERT_NO_FATAL_FAILURE(build(source, source + "/build"));
  auto tested = shell("ctest --test-dir " + source + "/build --output-on-failure ");
  EXPECT_EQ(tested.exitCode, 0) << tested.out;
  EXPECT_THAT(tested.out, HasSubstr("100% tests passed, 0 tests failed out of 2"));
  auto checked = maitred({"check", source + "/maitred.yaml"});
  EXPECT_EQ(checked.exitCode, 0) << checked.out;
}

TEST_F(InstalledSdk, MakesNoPluginOverAnother_OrOfABadName) {
  auto into = [&](const std::string& name) {
    return maitred({"plugins", "new", name, "--dir", directory.path()});
  };
  EXPECT_EQ(into("once").exitCode, 0);
  auto again = into("once");
  EXPECT_EQ(again.exitCode, 1);
  EXPECT_THAT(again.out, HasSubstr("once is there already"));
  for (const char* name : {"Upper", "under_score", "9lives", "dash-", "a--b", "../up", "a b", "é",
                           "test", ""}) {
    EXPECT_EQ(into(name).exitCode, 64) << name;
  }
  EXPECT_THAT(into("test").out, HasSubstr("a target of CMake's own"));
  auto kind = maitred({"plugins", "new", "x", "--kind", "htpt", "--dir", directory.path()});
  EXPECT_EQ(kind.exitCode, 64);
  EXPECT_THAT(kind.out, HasSubstr("is none of \"backend\", \"consumer\", \"http\", \"minimal\""));
  auto ids = shell("maitred=" + prefix() + "/bin/maitred; cd " + directory.path() +
                   " && $maitred plugins new a >&2 && $maitred plugins new b >&2 && "
                   "head -qn1 a/a.capnp b/b.capnp | sort -u | wc -l");
  EXPECT_THAT(ids.out, HasSubstr("\n2")) << "each file has an id of its own";
}

// The commands of the tutorial.
std::vector<std::string> tutorial() {
  std::ifstream page(variable("MAITRED_SOURCE_DIR") + "/docs/plugins/README.md");
  std::vector<std::string> commands;
  bool fenced = false;
  bool ours = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("```")) {
      fenced = !fenced;
      ours = fenced && line == "```sh";
    } else if (ours) {
      commands.push_back(line);
    }
  }
  return commands;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

TEST_F(InstalledSdk, TheTutorialIsTrue) {
  auto port = std::to_string(freePort());
  std::ostringstream script;
  script << "set -e\ncd " << directory.path() << "\nexport PATH=" << prefix() << "/bin:$PATH\n";
  auto commands = tutorial();
  ASSERT_GT(commands.size(), 10u);
  for (auto line : commands) {
    line = replaced(replaced(line, "/opt/maitred", prefix()), "8099", port);
    bool runs = line.starts_with("maitred run ");
    script << "echo '$ " << line << "'\n" << line << (runs ? " >run.log 2>&1 &\nhost=$!\n" : "\n");
    if (runs) {
      script << "trap 'kill $host; wait $host' EXIT\n"
                "tries=0; until maitred ctl status >/dev/null 2>&1 && grep -q 'is active' run.log; "
                "do tries=$((tries + 1)); test $tries -lt 300 || { cat run.log; exit 9; }; "
                "sleep 0.1; done\n";
    }
    if (line.starts_with("maitred plugins new ")) {
      // Ports of this test's own.
      script << "sed -i -e 's/8099/" << port
             << "/' -e 's/^host:/host:\\n  http: { listen: \"\" }/' hello/maitred.yaml\n";
    }
  }
  auto done = shell(script.str());
  EXPECT_EQ(done.exitCode, 0) << done.out;
  EXPECT_THAT(done.out, HasSubstr("hello ana")) << "the answer to curl";
  EXPECT_THAT(done.out, HasSubstr("100% tests passed, 0 tests failed out of 2"));
}

}  // namespace
}  // namespace maitred::e2e
