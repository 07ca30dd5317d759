// The Debian packages: what they say and hold, that the packaged host runs, that a plugin is built
// against the packaged SDK, and that installing, upgrading and purging do what they should.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

namespace maitred::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

std::string variable(const char* name) {
  return std::getenv(name);
}

Outcome shell(const std::string& command) {
  return run({"/bin/sh", "-c", command}, "", 8 * kj::MINUTES);
}

class Packages : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = new testing::TemporaryDirectory;
    // The quickest compression: what is in the packages matters here.
    auto config = variable("MAITRED_BINARY_DIR") + "/CPackConfig.cmake";
    auto made = shell("cd " + folder->path() + " && cpack --config " + config +
                      " -D CPACK_DEBIAN_COMPRESSION_TYPE=gzip -B " + folder->path() + "/packages");
    ASSERT_EQ(made.exitCode, 0) << made.out;
    for (const char* name : {"maitred", "maitred-sdk", "maitred-doc"}) {
      auto unpacked = shell("dpkg-deb -x " + package(name) + " " + root());
      ASSERT_EQ(unpacked.exitCode, 0) << unpacked.out;
    }
  }
  static void TearDownTestSuite() {
    delete folder;
    folder = nullptr;
  }

  // The file of that package.
  static std::string package(const std::string& name) {
    for (const auto& file : fs::directory_iterator(folder->path() + "/packages")) {
      if (file.path().filename().string().starts_with(name + "_")) return file.path().string();
    }
    ADD_FAILURE() << "no package " << name;
    return "";
  }
  static std::string field(const std::string& name, const std::string& key) {
    return shell("dpkg-deb -f " + package(name) + " " + key).out;
  }
  // All packages, unpacked over each other.
  static std::string root() { return folder->path() + "/root"; }

  static testing::TemporaryDirectory* folder;
};
testing::TemporaryDirectory* Packages::folder = nullptr;

TEST_F(Packages, NameWhatTheyNeed) {
  auto depends = field("maitred", "Depends");
  // libcurl and libarchive are not linked, but loaded.
  for (const char* library : {"libc6", "libcapnp", "libsqlite3-0", "liblua5.4-0", "libssl3",
                              "libcurl4", "libarchive13", "libre2-9"}) {
    EXPECT_THAT(depends, HasSubstr(library));
  }
  auto development = field("maitred-sdk", "Depends");
  for (const char* library : {"libcapnp-dev", "capnproto", "libsqlite3-dev", "libssl-dev",
                              "nlohmann-json3-dev", "liblua5.4-dev"}) {
    EXPECT_THAT(development, HasSubstr(library));
  }
  auto version = field("maitred", "Version");
  version.pop_back();
  EXPECT_THAT(field("maitred-sdk", "Recommends"), HasSubstr("maitred (= " + version + ")"));
  EXPECT_EQ(field("maitred-doc", "Architecture"), "all\n");
  EXPECT_EQ(shell("dpkg-deb -I " + package("maitred") + " conffiles").out,
            "/etc/maitred/maitred.yaml\n/etc/logrotate.d/maitred\n");
}

TEST_F(Packages, HoldFilesOfRootThatNobodyElseMayChange) {
  for (const char* name : {"maitred", "maitred-sdk", "maitred-doc"}) {
    std::istringstream lines(shell("dpkg-deb -c " + package(name)).out);
    size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      EXPECT_THAT(line, HasSubstr(" root/root ")) << name;
      if (line[0] == 'l') continue;
      EXPECT_EQ(line[5], '-') << name << ": the group may write: " << line;
      EXPECT_EQ(line[8], '-') << name << ": everybody may write: " << line;
    }
    EXPECT_GT(count, 10u) << name;
  }
  for (const char* file :
       {"/usr/lib/maitred/maitred-cook.so", "/usr/share/maitred/lua-policies/fairness/drf.lua",
        "/usr/lib/systemd/system/maitred.service", "/usr/share/man/man1/maitred.1.gz",
        "/usr/share/bash-completion/completions/maitred", "/etc/logrotate.d/maitred",
        "/usr/share/doc/maitred/copyright", "/usr/share/doc/maitred-doc/docs/operate/README.md",
        "/usr/share/doc/maitred-doc/examples/monitoring/alerts.yaml",
        "/usr/include/maitred/schema/backend.capnp"}) {
    EXPECT_TRUE(fs::exists(root() + file)) << file;
  }
  EXPECT_THAT(shell("zcat " + root() + "/usr/share/man/man1/maitred.1.gz").out,
              HasSubstr("maitred ctl support"));
}

TEST_F(Packages, TheHostRunsWithItsOwnConfiguration) {
  System system({.package = root()});
  auto checked =
      system.maitred({"check", "--static", root() + "/etc/maitred/maitred.yaml", "--strict"});
  EXPECT_EQ(checked.exitCode, 0) << checked.out;
  system.start();
  // Plugins and policies are those beside the program, wherever that lies.
  EXPECT_THAT(system.maitred({"plugins", "list", "--json"}).out,
              HasSubstr(root() + "/usr/lib/maitred/maitred-cook.so"));
  EXPECT_THAT(system.ctl({"ask", "cook", "policy"}).out,
              HasSubstr(root() + "/usr/share/maitred/lua-policies/fairness/drf.lua"));
  auto submitted = system.maitred({"cook", "submit", "--", "echo packed"});
  ASSERT_EQ(submitted.exitCode, 0) << submitted.out;
  auto waited = system.maitred({"cook", "wait"}, submitted.out);
  EXPECT_EQ(waited.exitCode, 0) << waited.out;
  auto uuid = submitted.out.substr(0, submitted.out.find('\n'));
  EXPECT_EQ(system.maitred({"cook", "logs", uuid}).out, "packed\n");
  EXPECT_EQ(system.terminate(), 0);
}

TEST_F(Packages, APluginIsBuiltAgainstTheSdkAndRuns) {
  std::string build = folder->path() + "/hello";
  auto built = shell("cmake -G Ninja -B " + build + " -S " + root() +
                     "/usr/share/doc/maitred-sdk/examples/hello-plugin -DCMAKE_PREFIX_PATH=" +
                     root() + "/usr && cmake --build " + build);
  ASSERT_EQ(built.exitCode, 0) << built.out;
  System::Options options;
  options.program = root() + "/usr/bin/maitred";
  setenv("MAITRED_PLUGIN_PATH", build.c_str(), 1);
  options.extraPlugins = "  - name: hello\n    library: hello\n    listen: { web: 127.0.0.1:0 }\n";
  System system(options);
  EXPECT_THAT(system.maitred({"plugins", "inspect", build + "/hello.so"}).out,
              HasSubstr("Answers GET /hello/NAME"));
  system.start();
  auto listener = system.status("hello")["listeners"][0]["address"].get<std::string>();
  EXPECT_EQ(system.get("http://" + listener + "/hello/Ana").body, "hello Ana\n");
  EXPECT_EQ(system.terminate(), 0);
}

// A root of its own, with what a maintainer script finds in every Debian.
class DebianRoot {
 public:
  explicit DebianRoot(const std::string& parent) : path(parent + "/debian") {
    for (const char* folder : {"/etc", "/var/lib/dpkg/info", "/var/lib/dpkg/updates"}) {
      fs::create_directories(path + folder);
    }
    std::ofstream(path + "/var/lib/dpkg/status");
    std::ofstream(path + "/etc/passwd") << "root:x:0:0:root:/root:/bin/sh\n";
    std::ofstream(path + "/etc/group") << "root:x:0:\n";
    std::ofstream(path + "/etc/shadow") << "root:*:19000:0:99999:7:::\n";
    std::ofstream(path + "/etc/gshadow") << "root:*::\n";
  }

  // dpkg on that root alone; its scripts run outside of it and are told where it is.
  Outcome dpkg(const std::string& words) const {
    return shell("dpkg --root=" + path +
                 " --force-script-chrootless --force-depends --force-confold --log=/dev/null " +
                 words + " 2>&1");
  }
  std::string numberOf(const std::string& file, const std::string& name) const {
    auto number = shell("grep '^" + name + ":' " + path + "/etc/" + file + " | cut -d: -f3").out;
    return number.substr(0, number.find('\n'));
  }
  // "0640 0 998"
  std::string rights(const std::string& file) const {
    return shell("stat -c '%04a %u %g' " + path + file).out;
  }

  const std::string path;
};

TEST_F(Packages, AreInstalledUpgradedRemovedAndPurged) {
  if (geteuid() != 0) GTEST_SKIP() << "dpkg installs for root only; the other cases ran";
  DebianRoot debian(folder->path());
  auto installed = debian.dpkg("-i " + package("maitred"));
  ASSERT_EQ(installed.exitCode, 0) << installed.out;
  auto user = debian.numberOf("passwd", "maitred"), group = debian.numberOf("group", "maitred");
  ASSERT_NE(user, "");
  EXPECT_EQ(debian.rights("/var/lib/maitred"), "0750 " + user + " " + group + "\n");
  EXPECT_EQ(debian.rights("/var/log/maitred"), "0750 " + user + " " + group + "\n");
  EXPECT_EQ(debian.rights("/etc/maitred/maitred.yaml"), "0640 0 " + group + "\n");

  // Again, over what an administrator and the service have made of it.
  std::ofstream(debian.path + "/etc/maitred/maitred.yaml", std::ios::app) << "# mine\n";
  std::ofstream(debian.path + "/var/lib/maitred/job") << "kept";
  chmod((debian.path + "/etc/maitred/maitred.yaml").c_str(), 0600);
  chmod((debian.path + "/var/lib/maitred").c_str(), 0751);
  auto upgraded = debian.dpkg("-i " + package("maitred"));
  ASSERT_EQ(upgraded.exitCode, 0) << upgraded.out;
  EXPECT_EQ(debian.numberOf("passwd", "maitred"), user);
  EXPECT_EQ(debian.rights("/var/lib/maitred"), "0751 " + user + " " + group + "\n");
  EXPECT_EQ(debian.rights("/etc/maitred/maitred.yaml"), "0600 0 " + group + "\n");
  EXPECT_THAT(shell("tail -n 1 " + debian.path + "/etc/maitred/maitred.yaml").out, "# mine\n");

  auto removed = debian.dpkg("-r maitred");
  ASSERT_EQ(removed.exitCode, 0) << removed.out;
  EXPECT_FALSE(fs::exists(debian.path + "/usr/bin/maitred"));
  EXPECT_TRUE(fs::exists(debian.path + "/var/lib/maitred/job"));
  EXPECT_TRUE(fs::exists(debian.path + "/etc/maitred/maitred.yaml"));

  auto purged = debian.dpkg("-P maitred");
  ASSERT_EQ(purged.exitCode, 0) << purged.out;
  for (const char* gone : {"/var/lib/maitred", "/var/log/maitred", "/etc/maitred"}) {
    EXPECT_FALSE(fs::exists(debian.path + gone)) << gone;
  }
  EXPECT_EQ(debian.numberOf("passwd", "maitred"), user) << "its number must not be given away";
}

}  // namespace
}  // namespace maitred::e2e
