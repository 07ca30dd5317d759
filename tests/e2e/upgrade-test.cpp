// An upgrade under a batch, as dpkg and the service do it: files are replaced by renaming, rebuilt
// plugins are reloaded, then the host is drained and the new one started. No job is lost, none runs
// twice, and running tasks are found again.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

namespace maitred::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Programs and plugins as they are installed below one prefix, of one version at a time.
class Installed {
 public:
  explicit Installed(std::string given) : prefix(std::move(given)) {}

  std::string program() const { return prefix + "/bin/maitred"; }

  // The version before: another build if MAITRED_PREVIOUS_TREE names one (tests/long.sh builds the
  // commit before), else what was built.
  void installPrevious() {
    auto previous = variable("MAITRED_PREVIOUS_TREE");
    if (previous.empty()) {
      install(built() + "/bin/maitred", built() + "/lib/maitred");
    } else {
      install(previous + "/bin/maitred", previous + "/lib/maitred");
    }
    fs::create_directories(prefix + "/share/maitred");
    fs::copy(variable("MAITRED_SOURCE_DIR") + "/lua-policies",
             prefix + "/share/maitred/lua-policies", fs::copy_options::recursive);
  }
  // The same code as was built, under another version.
  void installNext() { install(built() + "/bin/next/maitred", built() + "/lib/maitred"); }

 private:
  static std::string built() { return variable("MAITRED_BINARY_DIR"); }

  void install(const std::string& executable, const std::string& plugins) {
    replace(executable, "bin/maitred");
    for (const char* name : {"maitred-local.so", "maitred-cook.so"}) {
      replace(plugins + "/" + name, std::string("lib/maitred/") + name);
    }
  }
  void replace(const std::string& from, const std::string& name) {
    fs::path to = prefix + "/" + name;
    fs::create_directories(to.parent_path());
    fs::path unpacked = to.string() + ".dpkg-new";
    fs::copy_file(from, unpacked, fs::copy_options::overwrite_existing);
    fs::rename(unpacked, to);
  }

  std::string prefix;
};

class Upgrade : public ::testing::TestWithParam<const char*> {
 protected:
  Upgrade() : tree(folder.path() + "/prefix") {
    tree.installPrevious();
    System::Options options{.isolation = GetParam()};
    options.program = tree.program();
    system.emplace(options);
  }

  // Each run of a job leaves a line.
  std::string ranFile() const { return folder.path() + "/ran"; }
  json shortJob() { return job("echo $COOK_JOB_UUID >> " + ranFile() + "; sleep 0.3", 0.2); }
  // Runs until endLongJobs(), at most five minutes.
  json longJob() {
    return job("echo $COOK_JOB_UUID >> " + ranFile() + "; for i in $(seq 1500); do test -e " +
                   folder.path() + "/end && exit 0; sleep 0.2; done; exit 1",
               0.2);
  }
  void endLongJobs() { std::ofstream(folder.path() + "/end") << "now"; }

  void submitShort(size_t count) {
    json jobs = json::array();
    for (size_t i = 0; i < count; ++i) jobs.push_back(shortJob());
    submitAll(jobs);
  }
  void submitAll(const json& jobs) {
    ASSERT_EQ(system->submit("ana", jobs), 201u);
    for (auto& uuid : uuidsOf(jobs)) all.push_back(uuid);
  }
  size_t completed() {
    size_t count = 0;
    for (auto& uuid : all) count += system->job(uuid)["status"] == "completed";
    return count;
  }
  std::string version() {
    return json::parse(system->ctl({"status", "--json"}).out)["version"];
  }
  void allActive() {
    system->eventually("all instances are active again", [&]() { return system->ready(); });
  }

  void expectEachRanOnce() {
    for (auto& done : system->waitFor(all, 120 * kj::SECONDS)) {
      EXPECT_EQ(done["state"], "success") << done.dump(1);
      EXPECT_EQ(done["instances"].size(), 1u) << done.dump(1);
    }
    std::map<std::string, int> runs;
    std::ifstream file(ranFile());
    for (std::string line; std::getline(file, line);) ++runs[line];
    EXPECT_EQ(runs.size(), all.size());
    for (auto& [uuid, count] : runs) EXPECT_EQ(count, 1) << uuid;
  }

  testing::TemporaryDirectory folder;
  Installed tree;
  std::optional<System> system;
  std::vector<std::string> all;
};

TEST_P(Upgrade, UnderABatchLosesNothingAndRunsNothingTwice) {
  system->start();
  auto before = version();
  submitAll({longJob(), longJob()});
  submitShort(40);
  system->eventually("the batch is under way", [&]() { return completed() >= 5; });
  auto running = [&](const std::string& uuid) {
    auto one = system->job(uuid);
    return one["instances"].size() == 1 && one["instances"][0]["status"] == "running";
  };
  system->eventually("the long ones run", [&]() { return running(all[0]) && running(all[1]); });

  tree.installNext();
  auto reload = system->ctl({"reload"});
  EXPECT_EQ(reload.exitCode, 0) << reload.out;
  if (std::string(GetParam()) == "process") {
    EXPECT_THAT(reload.out, HasSubstr("restarted")) << "rebuilt plugins are taken at once";
    allActive();
    EXPECT_TRUE(running(all[0]));
  } else {
    EXPECT_THAT(reload.out, HasSubstr("when the host is started again"));
  }
  submitShort(10);
  EXPECT_EQ(version(), before) << "the host itself is the former one until it is restarted";

  EXPECT_EQ(system->terminate(), 0);
  system->start();
  EXPECT_NE(version(), before);
  allActive();
  EXPECT_TRUE(running(all[0])) << "a running task is found again";
  EXPECT_TRUE(running(all[1]));
  EXPECT_THAT(system->metrics(),
              ::testing::ContainsRegex("maitred_local_adopted_total[^ ]* [1-9]"));
  submitShort(10);
  endLongJobs();
  expectEachRanOnce();
}

INSTANTIATE_TEST_SUITE_P(Isolations, Upgrade, ::testing::Values("process", "inline"),
                         [](auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
