// A whole maitred records what its queue decides, and the command line decides it anew.

#include "../../e2e/system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace maitred::e2e {
namespace {

using ::testing::HasSubstr;

class CaseFile : public ::testing::Test {
 protected:
  System system{{}};
  std::string cases = system.folder() + "/state/cook/cases";

  void SetUp() override {
    system.editConfig("      admins:",
                      "      case_file: { path: cases, size: 1MiB, files: 3 }\n      admins:");
  }

  void runBatch() {
    std::vector<std::string> all;
    for (const char* user : {"ana", "ben"}) {
      json jobs = json::array();
      for (int i = 0; i < 15; ++i) {
        jobs.push_back(job("echo a-secret-word; sleep 0.0" + std::to_string(i % 5)));
      }
      EXPECT_EQ(system.submit(user, jobs), 201u);
      for (const std::string& uuid : uuidsOf(jobs)) all.push_back(uuid);
    }
    system.waitFor(all);
  }
  // Asks no queue, so that it gets no address of one.
  static Outcome offline(std::vector<std::string> words) {
    words.insert(words.begin(), {std::getenv("MAITRED_BINARY_DIR") + std::string("/bin/maitred"),
                                 "cook"});
    return run(words);
  }
  json replay(std::vector<std::string> more = {}) {
    std::vector<std::string> words{"replay", "--json", cases};
    words.insert(words.end(), more.begin(), more.end());
    Outcome outcome = offline(words);
    EXPECT_LE(outcome.exitCode, 1) << outcome.out;
    return json::parse(outcome.out, nullptr, false);
  }
  std::string bytes() const {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(cases)) {
      std::ostringstream text;
      text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      all += text.str();
    }
    return all;
  }
};

TEST_F(CaseFile, ABatchIsRecordedAndComesOutAgainAlsoAfterAKill) {
  system.start();
  runBatch();
  system.kill9();
  system.start();
  runBatch();
  EXPECT_EQ(system.terminate(), 0);

  Outcome text = offline({"replay", cases});
  EXPECT_EQ(text.exitCode, 0) << text.out;
  EXPECT_THAT(text.out, HasSubstr(" agree, 0 differ"));
  json report = replay();
  EXPECT_EQ(report["starts"], 60) << report.dump(2);
  EXPECT_EQ(report["agreed"], report["replayed"]);
  EXPECT_GT(report["replayed"], 10);

  Outcome shown = offline({"case", "show", cases});
  EXPECT_EQ(shown.exitCode, 0) << shown.out;
  EXPECT_THAT(shown.out, HasSubstr("fairness/drf.lua"));
  EXPECT_THAT(shown.out, HasSubstr(" of ana on kitchen of local, task "));
  std::istringstream lines(offline({"case", "show", "--json", cases}).out);
  int cycles = 0;
  for (std::string line; std::getline(lines, line);) {
    json record = json::parse(line, nullptr, false);
    ASSERT_FALSE(record.is_discarded()) << line;
    cycles += record.contains("cycle");
  }
  EXPECT_EQ(cycles, report["cycles"]);
  EXPECT_EQ(bytes().find("a-secret-word"), std::string::npos);
  for (const auto& entry : std::filesystem::directory_iterator(cases)) {
    auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
    EXPECT_EQ(entry.status().permissions() & others, std::filesystem::perms::none);
  }
}

TEST_F(CaseFile, AReloadSwitchesItOffAndOn) {
  system.start();
  runBatch();
  system.editConfig("case_file: { path: cases, size: 1MiB, files: 3 }", "case_file: {}");
  Outcome off = system.ctl({"reload"});
  EXPECT_EQ(off.exitCode, 0) << off.out;
  std::string before = bytes();
  runBatch();
  EXPECT_EQ(bytes(), before);
  system.editConfig("case_file: {}", "case_file: { path: cases, size: 2MiB }");
  EXPECT_EQ(system.ctl({"reload"}).exitCode, 0);
  runBatch();
  EXPECT_EQ(system.terminate(), 0);
  json report = replay();
  EXPECT_EQ(report["agreed"], report["replayed"]) << report.dump(2);
  EXPECT_GE(report["starts"], 60) << report.dump(2);
}

TEST_F(CaseFile, AnotherPolicyAndADamagedFileAreTold) {
  system.start();
  runBatch();
  EXPECT_EQ(system.terminate(), 0);
  std::string other = system.folder() + "/late.lua";
  std::ofstream(other) << "return { kind = 'fairness', version = 1, score = function(_mem, cpus, "
                          "_gpus, _share_mem, _share_cpus, _share_gpus, _priority, _submitted_ms) "
                          "return -cpus end }";
  json report = replay({"--policy", other});
  EXPECT_GT(report["differ"], 0) << report.dump(2);
  EXPECT_FALSE(report["differences"].empty());
  EXPECT_EQ(offline({"replay", "--policy", "/nowhere.lua", cases}).exitCode, 2);
  EXPECT_EQ(offline({"replay"}).exitCode, 2);
  EXPECT_EQ(offline({"case", "print", cases}).exitCode, 2);

  std::string file = cases + "/00000001.case";
  std::fstream damaged(file, std::ios::in | std::ios::out | std::ios::binary);
  damaged.seekp(40);
  damaged.put('\xff').put('\xff');
  damaged.close();
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"replay", file}, {"case", "show", file}}) {
    Outcome refused = offline(words);
    EXPECT_EQ(refused.exitCode, 1);
    EXPECT_THAT(refused.out, HasSubstr(file + ": record 1 at offset 16 is damaged"));
  }
  Outcome foreign = offline({"replay", system.folder() + "/maitred.yaml"});
  EXPECT_EQ(foreign.exitCode, 1);
  EXPECT_THAT(foreign.out, HasSubstr("maitred.yaml: is no case file"));
}

}  // namespace
}  // namespace maitred::e2e
