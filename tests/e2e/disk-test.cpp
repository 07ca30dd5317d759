// A disk that is full, a disk that is read-only, a store of a newer version: a clear word, nothing
// accepted that cannot be kept, running work undisturbed, and on it goes when there is room.
#include "small-disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <iostream>
#include <tuple>

namespace maitred::e2e {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

std::string nameOf(const std::string& isolation, const std::string& way) {
  return isolation + "_" + way;
}

// Submits one job after the other and remembers those that were accepted.
class Accepted {
 public:
  explicit Accepted(System& system) : system(system) {}

  unsigned submit(std::string* body = nullptr) {
    json jobs = json::array({job("true")});
    unsigned status = system.submit("ana", jobs, body);
    if (status == 201) uuids.push_back(jobs[0]["uuid"]);
    return status;
  }
  void expectAllSucceed() {
    for (auto& done : system.waitFor(uuids)) EXPECT_EQ(done["state"], "success") << done.dump(1);
  }
  size_t size() const { return uuids.size(); }

 private:
  System& system;
  std::vector<std::string> uuids;
};

class FullDisk : public ::testing::TestWithParam<std::tuple<const char*, const char*>> {
 protected:
  std::string isolation = std::get<0>(GetParam());
  System system{{.isolation = isolation}};
  std::unique_ptr<SmallDisk> disk;
  Accepted accepted{system};

  bool start() {
    std::string whyNot;
    bool mounted = std::get<1>(GetParam()) == std::string("mounted");
    disk = mounted ? mountedDisk(system, &whyNot) : limitedDisk(system);
    if (disk != nullptr) system.start();
    if (disk == nullptr) std::cout << "not run: " << whyNot << std::endl;
    return disk != nullptr;
  }
  void untilRefused() {
    std::string body;
    unsigned status = 0;
    system.eventually("a submission is refused", [&]() {
      status = accepted.submit(&body);
      return status != 201;
    });
    EXPECT_EQ(status, 503u) << body;
    EXPECT_THAT(body, HasSubstr("store"));
    std::string why;
    system.eventually("/readyz names the store", [&]() {
      return !system.ready(&why) && why.find("cook: degraded: the store fails") != why.npos;
    });
    EXPECT_THAT(system.status("cook")["message"].get<std::string>(), HasSubstr("the store fails"));
  }
};

TEST_P(FullDisk, RefusesAndThenGoesOnByItself) {
  if (!start()) GTEST_SKIP() << "no file system can be mounted here; the `limited` cases ran";
  std::string go = system.folder() + "/go";
  json running = json::array({job("while ! [ -e " + go + " ]; do sleep 0.05; done; exit 5")});
  running[0]["max_retries"] = 1;
  ASSERT_EQ(system.submit("ana", running), 201u);
  std::string uuid = running[0]["uuid"];
  system.eventually("it runs", [&]() {
    auto job = system.job(uuid);
    return !job["instances"].empty() && job["instances"][0]["status"] == "running";
  });
  for (int i = 0; i < 5; ++i) ASSERT_EQ(accepted.submit(), 201u);

  disk->fill();
  untilRefused();
  EXPECT_EQ(system.job(uuid)["status"], "running");
  EXPECT_EQ(system.rest("GET", "/info").status, 200u) << "reading goes on";
  std::ofstream(go) << "go";  // ends while nothing can be written down

  disk->makeRoom();
  system.eventually("it is ready again, without a submission", [&]() { return system.ready(); });
  json ended = system.waitFor({uuid})[0];
  ASSERT_EQ(ended["instances"].size(), 1u);
  EXPECT_EQ(ended["instances"][0]["exit_code"], 5) << ended.dump(1);
  EXPECT_EQ(accepted.submit(), 201u);
  accepted.expectAllSucceed();

  system.kill9();
  system.start();
  accepted.expectAllSucceed();
  EXPECT_EQ(system.job(uuid)["instances"][0]["exit_code"], 5);
}

// With the isolation and the way in which the disk becomes full.
INSTANTIATE_TEST_SUITE_P(Ways, FullDisk,
                         ::testing::Combine(::testing::Values("process", "inline"),
                                            ::testing::Values("mounted", "limited")),
                         [](auto& info) {
                           return nameOf(std::get<0>(info.param), std::get<1>(info.param));
                         });

class BadStore : public ::testing::TestWithParam<const char*> {
 protected:
  System system{{.isolation = GetParam()}};
  Accepted accepted{system};

  void beginAndEnd() {
    system.start();
    for (int i = 0; i < 5; ++i) ASSERT_EQ(accepted.submit(), 201u);
    accepted.expectAllSucceed();
    ASSERT_EQ(system.terminate(), 0);
  }
  std::string store() const { return system.folder() + "/state/cook"; }
  std::string untilNotReady(const std::string& because) {
    std::string why;
    system.eventually("/readyz says: " + because,
                      [&]() { return !system.ready(&why) && why.find(because) != why.npos; });
    return why;
  }
};

TEST_P(BadStore, ThatIsReadOnlyIsNamedAndTakenWhenItIsNotAnyMore) {
  std::string whyNot;
  if (!ReadOnlyFolder::possible(&whyNot)) GTEST_SKIP() << whyNot;
  beginAndEnd();
  ReadOnlyFolder folder(store());
  system.launch();
  auto why = untilNotReady("Read-only file system");
  EXPECT_THAT(why, AllOf(HasSubstr("cook: "), HasSubstr(store())));
  // More often than a crash would be forgiven.
  system.eventually("it was tried again and again",
                    [&]() { return system.status("cook")["restarts"].get<int>() >= 5; });
  EXPECT_NE(system.status("cook")["state"], "failed");
  EXPECT_EQ(system.status("local")["state"], "active") << "the others run";
  folder.lift();
  system.eventually("it comes up by itself", [&]() { return system.ready(); });
  accepted.expectAllSucceed();
  EXPECT_EQ(accepted.submit(), 201u);
  accepted.expectAllSucceed();
  system.kill9();
}

TEST_P(BadStore, OfANewerVersionIsLeftAlone) {
  beginAndEnd();
  auto sql = [&](const char* text) {
    sqlite3* db = nullptr;
    int code = sqlite3_open((store() + "/cook.db").c_str(), &db);
    if (code == SQLITE_OK) code = sqlite3_exec(db, text, nullptr, nullptr, nullptr);
    EXPECT_EQ(code, SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  };
  sql("INSERT INTO maitred_schema (version, name) VALUES (999, 'from the future')");
  system.launch();
  auto why = untilNotReady("schema version 999");
  EXPECT_THAT(why, AllOf(HasSubstr("cook.db"), HasSubstr("run the newer version again")));
  sql("DELETE FROM maitred_schema WHERE version = 999");
  system.eventually("an operator brings it back", [&]() {
    return system.ctl({"restart", "cook"}).exitCode == 0;
  });
  accepted.expectAllSucceed();
}

INSTANTIATE_TEST_SUITE_P(Isolations, BadStore, ::testing::Values("process", "inline"),
                         [](auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
