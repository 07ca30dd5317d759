// The queue's store under an operator's hands, while the system runs.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace maitred::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class StoreCommand : public ::testing::TestWithParam<const char*> {
 protected:
  StoreCommand() : system({.isolation = GetParam()}) { system.start(); }
  ~StoreCommand() noexcept override {}

  // A job that is over.
  std::string doneJob() {
    json jobs = json::array({job("true")});
    EXPECT_EQ(system.submit("ana", jobs), 201u);
    system.waitFor(uuidsOf(jobs));
    return jobs[0]["uuid"];
  }
  std::string file(const char* name) { return system.folder() + "/" + name; }
  Outcome store(std::vector<std::string> words) {
    words.insert(words.begin(), "store");
    return system.ctl(words);
  }
  unsigned statusOf(const std::string& uuid) {
    return system.rest("GET", "/jobs/" + uuid, "", "ana").status;
  }
  void expectSound() {
    auto check = store({"check", "cook"});
    EXPECT_EQ(check.exitCode, 0) << check.out;
    EXPECT_THAT(check.out, HasSubstr("the store is sound"));
  }

  System system;
};

TEST_P(StoreCommand, BackupAndRestoreWhileItRuns) {
  auto before = doneJob();
  auto backup = store({"backup", "cook", file("copy.db")});
  ASSERT_EQ(backup.exitCode, 0) << backup.out;
  struct stat made;
  ASSERT_EQ(stat(file("copy.db").c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 0777, 0600u);
  auto again = store({"backup", "cook", file("copy.db")});
  EXPECT_EQ(again.exitCode, 1);
  EXPECT_THAT(again.out, HasSubstr("is not overwritten"));
  expectSound();

  auto after = doneJob();
  auto restored = store({"restore", "cook", file("copy.db")});
  ASSERT_EQ(restored.exitCode, 0) << restored.out;
  auto mark = std::string("the former store is kept as ");
  auto at = restored.out.find(mark);
  ASSERT_NE(at, restored.out.npos) << restored.out;
  auto kept = restored.out.substr(at + mark.size());
  kept = kept.substr(0, kept.find('\n'));
  EXPECT_TRUE(std::filesystem::exists(kept)) << kept;
  system.eventually("it answers", [&] { return statusOf(before) == 200; });
  EXPECT_EQ(statusOf(after), 404u) << "it came after the backup";
  expectSound();
  doneJob();

  // And the way back.
  auto back = store({"restore", "cook", kept});
  ASSERT_EQ(back.exitCode, 0) << back.out;
  system.eventually("it answers", [&] { return statusOf(after) == 200; });
}

TEST_P(StoreCommand, WrongFileIsRefusedAndTheQueueGoesOn) {
  auto known = doneJob();
  auto restarts = system.status("cook")["restarts"];
  std::ofstream(file("text")) << std::string(9'000, 'x');
  auto refused = store({"restore", "cook", file("text")});
  EXPECT_EQ(refused.exitCode, 1);
  EXPECT_THAT(refused.out, HasSubstr("not a database"));
  EXPECT_THAT(refused.out, Not(HasSubstr("being started")));
  auto archive = store({"backup", "cook", file("archive.db"), "--store", "archive"});
  ASSERT_EQ(archive.exitCode, 0) << archive.out;
  refused = store({"restore", "cook", file("archive.db")});
  EXPECT_EQ(refused.exitCode, 1);
  EXPECT_THAT(refused.out, HasSubstr("maitred-cook archive"));
  EXPECT_EQ(statusOf(known), 200u);
  EXPECT_EQ(system.status("cook")["restarts"], restarts);
  auto unknown = store({"check", "cook", "--store", "mian"});
  EXPECT_EQ(unknown.exitCode, 1);
  EXPECT_THAT(unknown.out, HasSubstr("there are: main, archive"));
  EXPECT_EQ(store({"check", "local"}).exitCode, 1) << "it has no store";
}

TEST_P(StoreCommand, StagedBackupSurvivesKill9) {
  auto before = doneJob();
  ASSERT_EQ(store({"backup", "cook", file("copy.db")}).exitCode, 0);
  auto after = doneJob();
  json input{{"file", file("copy.db")}};
  auto staged = system.ctl({"ask", "cook", "store-stage", input.dump()});
  ASSERT_EQ(staged.exitCode, 0) << staged.out;
  system.eventually("the copy is complete", [&] {
    auto task = system.ctl({"ask", "cook", "store-task", staged.out});
    return task.exitCode == 0 && json::parse(task.out)["over"] == true;
  });
  system.kill9();
  system.start();
  EXPECT_EQ(statusOf(before), 200u);
  EXPECT_EQ(statusOf(after), 404u);
  expectSound();
}

INSTANTIATE_TEST_SUITE_P(Isolation, StoreCommand, ::testing::Values("process", "inline"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
