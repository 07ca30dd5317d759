// A disk that turns read-only while the store is open: a clear word, nothing accepted that cannot
// be kept, running work undisturbed, and all of it there when the disk is good again.
#include "failing-disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace maitred::e2e {
namespace {

using ::testing::HasSubstr;

class ReadOnly : public ::testing::TestWithParam<const char*> {
 protected:
  static System::Options options() {
    System::Options options;
    options.isolation = GetParam();
    options.hostExtra = "  drain_timeout: 5s\n";
    return options;
  }

  unsigned submit(std::string* body = nullptr) {
    json jobs = json::array({job("true")});
    unsigned status = system.submit("ana", jobs, body);
    if (status == 201) accepted.push_back(jobs[0]["uuid"]);
    return status;
  }
  // Jobs that have ended, and one that runs until it is told.
  void begin() {
    system.start();
    for (int i = 0; i < 5; ++i) ASSERT_EQ(submit(), 201u);
    system.waitFor(accepted);
    json jobs = json::array({job("while ! [ -e " + go + " ]; do sleep 0.05; done; exit 5")});
    jobs[0]["max_retries"] = 1;
    ASSERT_EQ(system.submit("ana", jobs), 201u);
    running = jobs[0]["uuid"];
    system.eventually("it runs", [&]() {
      auto instances = system.job(running)["instances"];
      return !instances.empty() && instances[0]["status"] == "running";
    });
  }
  void expectRefusals() {
    std::string body, why;
    unsigned status = 0;
    system.eventually("a submission is refused", [&]() {
      status = submit(&body);
      return status != 201;
    });
    EXPECT_EQ(status, 503u) << body;
    EXPECT_THAT(body, HasSubstr("store"));
    system.eventually("/readyz names the store", [&]() {
      return !system.ready(&why) && why.find("cook: degraded: the store fails") != why.npos;
    });
    EXPECT_EQ(system.job(running)["status"], "running") << "reading goes on";
    std::ofstream(go) << "go";  // ends while nothing can be written down
  }
  void expectAllKept() {
    system.eventually("it is ready again", [&]() { return system.ready(); });
    json ended = system.waitFor({running})[0];
    ASSERT_EQ(ended["instances"].size(), 1u) << ended.dump(1);
    EXPECT_EQ(ended["instances"][0]["exit_code"], 5) << ended.dump(1);
    EXPECT_EQ(submit(), 201u);
    for (auto& done : system.waitFor(accepted)) EXPECT_EQ(done["state"], "success");
  }

  System system{options()};
  std::string go = system.folder() + "/go", running;
  std::vector<std::string> accepted;
};

TEST_P(ReadOnly, AFailedDiskIsReplacedUnderAnInstanceThatWasDrained) {
  std::string whyNot;
  auto disk = FailingDisk::make(system, &whyNot);
  if (disk == nullptr) GTEST_SKIP() << whyNot;
  begin();
  disk->fail();
  expectRefusals();
  auto drained = system.ctl({"drain", "cook"});
  ASSERT_EQ(drained.exitCode, 0) << drained.out;
  system.eventually("no file is open on the disk", [&]() { return disk->repair(); });
  ASSERT_EQ(system.ctl({"restart", "cook"}).exitCode, 0);
  expectAllKept();
  system.kill9();
}

TEST_P(ReadOnly, FilesThatCanBeWrittenAgainAreTakenUpByItself) {
  system.start();
  system.terminate();
  std::string whyNot, store = system.folder() + "/state/cook";
  if (!FrozenFiles::possible(store, &whyNot)) GTEST_SKIP() << whyNot;
  begin();
  FrozenFiles frozen(store);
  expectRefusals();
  frozen.thaw();
  expectAllKept();
}

INSTANTIATE_TEST_SUITE_P(Isolations, ReadOnly, ::testing::Values("process", "inline"),
                         [](auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
