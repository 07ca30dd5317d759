#include "host/admin/exposition.h"

#include "fake-control.h"
#include "host/admin/report.h"
#include "host/log/logs.h"

#include <gmock/gmock.h>

#include <capnp/message.h>

#include <cmath>

namespace maitred::host {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Exposition, InstancesOfOneFamily_StandTogetherUnderOneType) {
  Exposition all;
  EXPECT_EQ(all.merge("a", "# HELP x_total Things.\n# TYPE x_total counter\nx_total 1\n"), 0u);
  EXPECT_EQ(all.merge("b", "# TYPE x_total counter\nx_total{user=\"u\"} 2\n"), 0u);
  EXPECT_EQ(all.text(),
            "# HELP x_total Things.\n# TYPE x_total counter\n"
            "x_total{instance=\"a\"} 1\nx_total{instance=\"b\",user=\"u\"} 2\n");
}

TEST(Exposition, HistogramSamples_StayWithTheirFamily) {
  Exposition all;
  all.merge("a", "# TYPE t histogram\nt_bucket{le=\"+Inf\"} 2\nt_sum 0.5\nt_count 2\nother 1\n");
  EXPECT_EQ(all.text(),
            "other{instance=\"a\"} 1\n# TYPE t histogram\nt_bucket{instance=\"a\",le=\"+Inf\"} 2\n"
            "t_sum{instance=\"a\"} 0.5\nt_count{instance=\"a\"} 2\n");
}

TEST(Exposition, OwnInstanceLabel_IsRenamed) {
  Exposition all;
  all.merge("a", "x{instance=\"evil\"} 1\n");
  EXPECT_EQ(all.text(), "x{instance=\"a\",exported_instance=\"evil\"} 1\n");
}

TEST(Exposition, EscapesInLabels_AreKeptWhole) {
  Exposition all;
  EXPECT_EQ(all.merge("a", R"(x{p="a\"},b=\\"} 1)"
                           "\n"),
            0u);
  EXPECT_EQ(all.text(), R"(x{instance="a",p="a\"},b=\\"} 1)"
                        "\n");
}

TEST(Exposition, InvalidLines_AreDroppedAndCounted) {
  Exposition all;
  EXPECT_EQ(
      all.merge("a", "good 1\nbad\n9x 1\nx{a=b} 1\nx{a=\"b} 1\nx{a=\"b\"} y\n# TYPE 9 counter\n"),
      6u);
  EXPECT_EQ(all.text(), "good{instance=\"a\"} 1\n");
}

// Each of these alone would make Prometheus refuse the whole text.
TEST(Exposition, WhatAScraperWouldChokeOn_IsDropped) {
  for (std::string line : {"x{a=\"\xff\"} 1", "x{a=\"\x01\"} 1", "# HELP x \xc3\x28",
                           "# TYPE x nonsense", "x{a=\"1\",a=\"2\"} 1",
                           "x{instance=\"1\",exported_instance=\"2\"} 1", "x{a:b=\"1\"} 1",
                           "x{a=\"1\"b=\"2\"} 1", "x{a=\"\\z\"} 1", "x +-1", "x nan(1)"}) {
    Exposition all;
    EXPECT_EQ(all.merge("a", "good 1\n" + line + "\n"), 1u) << line;
    EXPECT_EQ(all.text(), "good{instance=\"a\"} 1\n") << line;
  }
  Exposition all;
  EXPECT_EQ(all.merge("a", "x{a=\"\xc3\xa9\",} +1 1700000000\r\n"), 0u);
  EXPECT_EQ(all.text(), "x{instance=\"a\",a=\"\xc3\xa9\"} +1\n");
}

TEST(Exposition, FamiliesOfTheHostAndOfOtherTypes_CannotBeTaken) {
  Exposition all;
  all.add("maitred_host_x", "gauge", "Ours.", {}, 1);
  EXPECT_EQ(all.merge("a", "# TYPE maitred_host_x gauge\nmaitred_host_x 5\n"), 1u);
  EXPECT_EQ(all.merge("a", "# TYPE y counter\ny 1\n"), 0u);
  EXPECT_EQ(all.merge("b", "# TYPE y gauge\ny 2\n"), 1u);
  EXPECT_THAT(all.text(), Not(HasSubstr("maitred_host_x{instance")));
  EXPECT_THAT(all.text(), Not(HasSubstr("instance=\"b\"")));
}

TEST(Exposition, OversizedText_IsCutAtALine) {
  std::string text;
  while (text.size() < (1 << 20) + 100) text += "x 1\n";
  Exposition all;
  EXPECT_EQ(all.merge("a", text), 1u);
}

TEST(Exposition, HostSamples_AreEscaped) {
  Exposition all;
  all.add("f", "gauge", "Help.", {{"l", "a\"b\\c\nd"}}, 0.25);
  EXPECT_EQ(all.text(), "# HELP f Help.\n# TYPE f gauge\nf{l=\"a\\\"b\\\\c\\nd\"} 0.25\n");
}

std::vector<std::string> reasons(test::FakeControl& control) {
  capnp::MallocMessageBuilder message;
  auto status = message.initRoot<admin::HostStatus>();
  control.status(status);
  return reasonsNotReady(status.asReader());
}

TEST(Readiness, NamesInstanceAndCause) {
  test::FakeControl control;
  EXPECT_THAT(reasons(control), IsEmpty());
  control.localReady = false;
  control.cookState = admin::InstanceState::BACKING_OFF;
  EXPECT_THAT(reasons(control),
              ElementsAre("local: degraded: disk full", "cook: backing off (killed by signal 9)"));
  control.state = admin::HostState::DRAINING;
  EXPECT_EQ(reasons(control).front(), "the host is draining");
}

TEST(HostMetrics, RestartsEdgesAndLatency) {
  test::FakeControl control;
  Logs logs({});
  kj::EventLoop loop;
  kj::WaitScope scope(loop);
  auto text = allMetrics(control, logs).wait(scope);
  EXPECT_THAT(text, HasSubstr("maitred_instance_restarts_total{instance=\"cook\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("maitred_edge_calls_total{consumer=\"cook\",requirement=\"backends\","
                              "provider=\"local\"} 10\n"));
  EXPECT_THAT(text, HasSubstr("le=\"0.0001\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("le=\"+Inf\"} 10\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "jobs_total{instance=\"local\"} 3\njobs_total{instance=\"cook\",user=\"ana\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("maitred_instance_metrics_dropped_lines{instance=\"cook\"} 1\n"));
}

}  // namespace
}  // namespace maitred::host
