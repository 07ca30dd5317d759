#include <maitred/metrics.h>

#include <kj/exception.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::metrics {
namespace {

using ::testing::HasSubstr;

TEST(Registry, WritesEachKindInTheTextFormat) {
  Registry registry;
  registry.counter("jobs_total", "Jobs.", {{"user", "a\"b\\c\nd"}}).add(3);
  registry.gauge("running", "Now.").set(0.1);
  auto& histogram = registry.histogram("seconds", "Time.", {0.5, 1});
  histogram.observe(0.5);
  histogram.observe(0.7);
  histogram.observe(9);
  EXPECT_EQ(
      registry.text(),
      "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\n"
      "jobs_total{user=\"a\\\"b\\\\c\\nd\"} 3\n"
      "# HELP running Now.\n# TYPE running gauge\nrunning 0.1\n"
      "# HELP seconds Time.\n# TYPE seconds histogram\n"
      "seconds_bucket{le=\"0.5\"} 1\nseconds_bucket{le=\"1\"} 2\nseconds_bucket{le=\"+Inf\"} 3\n"
      "seconds_sum 10.2\nseconds_count 3\n");
}

TEST(Registry, TheSameNameAndLabelsAreTheSameObject) {
  Registry registry;
  auto& first = registry.counter("x_total", "X.", {{"a", "1"}});
  EXPECT_EQ(&first, &registry.counter("x_total", "X.", {{"a", "1"}}));
  EXPECT_NE(&first, &registry.counter("x_total", "X.", {{"a", "2"}}));
  EXPECT_THROW(registry.gauge("x_total", "X."), kj::Exception);
}

TEST(Registry, ForgetsARemovedChild) {
  Registry registry;
  registry.gauge("g", "G.", {{"user", "gone"}}).set(1);
  registry.remove("g", {{"user", "gone"}});
  EXPECT_THAT(registry.text(), ::testing::Not(HasSubstr("gone")));
}

TEST(Exponential, GrowsByTheFactor) {
  EXPECT_THAT(exponential(1, 10, 3), ::testing::ElementsAre(1, 10, 100));
}

}  // namespace
}  // namespace maitred::metrics
