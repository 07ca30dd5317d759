#include "cli/report.h"

#include <gtest/gtest.h>

namespace maitred::cook::cli {
namespace {

using nlohmann::json;

json finished(const char* user, int64_t submit, int64_t start, int64_t end,
              const char* state = "success") {
  json instance = {
      {"start_time", start}, {"mesos_start_time", start}, {"end_time", end}, {"status", "success"}};
  return {{"uuid", "u"},
          {"user", user},
          {"status", "completed"},
          {"state", state},
          {"cpus", 1},
          {"mem", 64},
          {"submit_time", submit},
          {"instances", json::array({instance})}};
}

TEST(Report, CountsWaitsAndSharesOfEachUser) {
  // ana has one cpu from second 100 to 110; ben comes at 104 and runs from 106 to
  // 110 on a second one.
  std::vector<JobView> jobs = {JobView(finished("ana", 100000, 100000, 110000)),
                               JobView(finished("ben", 104000, 106000, 110000))};
  auto reports = report(jobs);
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].user, "ana");
  EXPECT_DOUBLE_EQ(reports[0].waitMean, 0);
  EXPECT_DOUBLE_EQ(reports[0].share, 10.0 / 14.0);
  EXPECT_EQ(reports[1].user, "ben");
  EXPECT_DOUBLE_EQ(reports[1].waitMost, 2);
  EXPECT_DOUBLE_EQ(reports[1].runMean, 4);
  EXPECT_DOUBLE_EQ(reports[1].share, 4.0 / 10.0);  // of what was given out from then on
}

TEST(Report, TheMedianOfAnEvenNumberLiesBetween) {
  std::vector<JobView> jobs;
  for (int64_t wait : {1000, 2000, 4000, 8000}) {
    jobs.emplace_back(finished("ana", 0, wait, wait + 1000));
  }
  EXPECT_DOUBLE_EQ(report(jobs)[0].waitMedian, 3);
  EXPECT_DOUBLE_EQ(report(jobs)[0].waitMean, 3.75);
}

TEST(Report, LeavesOutWhatHasNotStarted) {
  std::vector<JobView> jobs = {
      JobView(json{{"uuid", "u"}, {"user", "ana"}, {"status", "waiting"}})};
  EXPECT_TRUE(report(jobs).empty());
}

TEST(JobView, TakesTheLatestInstanceAndSumsThemAll) {
  json job = finished("ana", 0, 1000, 2000, "failed");
  job["instances"].push_back({{"start_time", 5000},
                              {"end_time", 7000},
                              {"status", "failed"},
                              {"hostname", "node-2"},
                              {"reason_string", "Command exited non-zero"}});
  JobView view(job);
  EXPECT_EQ(view.instances, 2u);
  EXPECT_EQ(view.startMs, 1000);
  EXPECT_EQ(view.endMs, 7000);
  EXPECT_EQ(view.host, "node-2");
  EXPECT_EQ(view.reason, "Command exited non-zero");
  EXPECT_DOUBLE_EQ(view.runSeconds, 3);
}

TEST(JobView, BearsWithFieldsOfAnotherType) {
  JobView view(
      json{{"uuid", 7}, {"instances", "none"}, {"cpus", "many"}, {"submit_time", nullptr}});
  EXPECT_EQ(view.uuid, "");
  EXPECT_EQ(view.instances, 0u);
  EXPECT_FALSE(view.completed);
}

}  // namespace
}  // namespace maitred::cook::cli
