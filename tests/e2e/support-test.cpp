// `maitred ctl support`: what the archive holds, and that no secret of the configuration is in it,
// wherever the configuration has it from and wherever it has got to since.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/stat.h>

namespace maitred::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* literalSecret = "literal \\\"quoted\\\" pass#word";  // as YAML has it
constexpr const char* variableSecret = "from-a-variable-4711";
constexpr const char* fileSecret = "from-a-file-0815";
constexpr const char* outsideText = "token-in-no-secret-field";

std::string contents(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class Support : public ::testing::TestWithParam<const char*> {
 protected:
  Support() : system(options(GetParam())) {
    setenv("SUPPORT_TEST_PASSWORD", variableSecret, 1);
    setenv("SUPPORT_TEST_TOKEN", outsideText, 1);
    std::ofstream(system.folder() + "/password") << fileSecret << "\n";
    system.editConfig("http: { auth: { one_user: operator } }", users());
    system.editConfig("run_as: host", "environment: { TOKEN: \"${SUPPORT_TEST_TOKEN}\" }\n"
                                      "      run_as: host");
  }

  static System::Options options(const char* isolation) {
    System::Options options{.isolation = isolation};
    options.hostExtra = "  log: { file: ./maitred.log, level: debug }\n";
    return options;
  }
  static std::string users() {
    return std::string("http: { auth: { basic: { users: {\n") +  //
           "        ana: { password: \"" + literalSecret + "\" },\n" +
           "        ben: { password: \"${SUPPORT_TEST_PASSWORD}\" },\n" +
           "        cleo: { password: file:password } } } } }";
  }

  // Unpacks an archive and returns its one folder.
  fs::path unpack(const std::string& file) {
    auto to = system.folder() + "/unpacked-" + std::to_string(++unpacked);
    fs::create_directory(to);
    auto done = run({"/bin/tar", "-xzf", file, "-C", to});
    EXPECT_EQ(done.exitCode, 0) << done.out;
    return fs::directory_iterator(to)->path();
  }

  void expectNoSecretBelow(const fs::path& folder) {
    size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file()) continue;
      ++files;
      auto text = contents(entry.path());
      for (const char* secret : {"pass#word", "quoted", variableSecret, fileSecret, outsideText}) {
        EXPECT_THAT(text, Not(HasSubstr(secret))) << entry.path();
      }
    }
    EXPECT_GT(files, 4u);
  }

  // Lines that a careless program would write: each secret, plain and as JSON has it.
  void spoilTheLog() {
    std::ofstream(system.folder() + "/maitred.log", std::ios::app)
        << "a careless line: literal \"quoted\" pass#word, {\"p\":\"" << literalSecret << "\"}, "
        << variableSecret << ", " << fileSecret << ", " << outsideText << "\n";
  }

  System system;
  int unpacked = 0;
};

TEST_P(Support, OfARunningHostHoldsEverythingButSecrets) {
  system.start();
  spoilTheLog();
  auto file = system.folder() + "/support.tar.gz";
  auto made = system.ctl({"support", "--output", file});
  ASSERT_EQ(made.exitCode, 0) << made.out;
  struct stat info {};
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_LT(info.st_size, 4 << 20);
  EXPECT_FALSE(fs::exists(file + ".part"));

  auto top = unpack(file);
  expectNoSecretBelow(top);
  EXPECT_THAT(contents(top / "README.txt"), HasSubstr("Nothing is missing"));
  EXPECT_THAT(contents(top / "versions.json"), HasSubstr("\"kernel\": \"Linux"));
  EXPECT_THAT(contents(top / "plugins.json"), HasSubstr("maitred-cook"));
  EXPECT_EQ(json::parse(contents(top / "status.json"))["state"], "running");
  EXPECT_EQ(json::parse(contents(top / "grants.json"))[0]["consumer"], "cook");
  EXPECT_THAT(contents(top / "metrics.txt"), HasSubstr("maitred_cook_jobs"));
  EXPECT_THAT(contents(top / "config.yaml"), HasSubstr("password: \"***\""));
  EXPECT_THAT(contents(top / "policies/cook.json"), HasSubstr("drf.lua"));
  EXPECT_THAT(contents(top / "stores/cook-main.txt"), HasSubstr("sound"));
  EXPECT_THAT(contents(top / "log/host.log"), HasSubstr("info: "));
  EXPECT_THAT(contents(top / "log/cook.log"), HasSubstr("info: "));
  EXPECT_THAT(contents(top / "log/file.log"), HasSubstr("a careless line: ***"));
  EXPECT_THAT(contents(top / "libraries/host.txt"), HasSubstr("libcapnp"));
  EXPECT_THAT(contents(top / "state.txt"), HasSubstr("cook/cook.db"));

  auto again = system.ctl({"support", "--output", file});
  EXPECT_EQ(again.exitCode, 1);
  EXPECT_THAT(again.out, HasSubstr("is there already"));
}

TEST_P(Support, WithoutAHostHoldsWhatTheFilesTell) {
  system.start();
  EXPECT_EQ(system.terminate(), 0);
  spoilTheLog();
  auto file = system.folder() + "/support.tar.gz";
  auto made = system.maitred(
      {"ctl", "support", "--config", system.folder() + "/maitred.yaml", "--output", file});
  ASSERT_EQ(made.exitCode, 0) << made.out;
  EXPECT_THAT(made.out, HasSubstr("without a host: no host answers"));
  auto top = unpack(file);
  expectNoSecretBelow(top);
  EXPECT_THAT(contents(top / "README.txt"), HasSubstr("No host was asked"));
  EXPECT_THAT(contents(top / "config.yaml"), HasSubstr("password: \"***\""));
  EXPECT_THAT(contents(top / "log/file.log"), HasSubstr("a careless line: ***"));
  EXPECT_FALSE(fs::exists(top / "status.json"));
}

TEST_P(Support, ALogWhoseSecretsCannotBeKnownIsLeftOut) {
  system.start();
  EXPECT_EQ(system.terminate(), 0);
  spoilTheLog();
  unsetenv("SUPPORT_TEST_PASSWORD");
  auto file = system.folder() + "/support.tar.gz";
  auto made = system.maitred(
      {"ctl", "support", "--config", system.folder() + "/maitred.yaml", "--output", file});
  ASSERT_EQ(made.exitCode, 0) << made.out;
  auto top = unpack(file);
  expectNoSecretBelow(top);
  EXPECT_FALSE(fs::exists(top / "log/file.log"));
  EXPECT_THAT(contents(top / "README.txt"),
              HasSubstr("log/file.log: the configuration has faults"));
  EXPECT_THAT(contents(top / "check.txt"), HasSubstr("SUPPORT_TEST_PASSWORD is not set"));
}

INSTANTIATE_TEST_SUITE_P(Isolations, Support, ::testing::Values("process", "inline"),
                         [](auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
