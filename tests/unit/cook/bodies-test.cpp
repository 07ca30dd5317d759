// The bodies of POST /share, POST /quota and PUT /retry by themselves.

#include <rest/bodies.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* JOB = "0f6a4e3c-0000-4000-8000-000000000001";

template <typename Read>
std::string complaint(Read&& read) {
  try {
    read();
    return "";
  } catch (const SchemaError& error) {
    return error.what();
  } catch (const Refused& refused) {
    return refused.what();
  }
}

json change(const char* key, json amounts, json more = json::object()) {
  json body{{"user", "ana"}, {"reason", "why"}, {key, std::move(amounts)}};
  body.update(more);
  return body;
}

TEST(LimitBodies, AreRead) {
  auto share = readLimitChange(change("share", {{"cpus", 2}, {"mem", 0}}, {{"pool", "p"}}),
                               LimitKind::share);
  EXPECT_EQ(share.user, "ana");
  EXPECT_EQ(share.reason, "why");
  EXPECT_EQ(share.pool, "p");
  EXPECT_EQ(share.cpus, 2.0);
  EXPECT_FALSE(share.mem) << "a share of nothing is no share";
  EXPECT_FALSE(share.gpus);
  auto quota = readLimitChange(
      change(
          "quota",
          {{"mem", 0}, {"count", 2.7}, {"launch-rate-saved", 5}, {"launch-rate-per-minute", 0.5}}),
      LimitKind::quota);
  EXPECT_EQ(quota.mem, 0.0);
  EXPECT_EQ(quota.count, 2);
  EXPECT_EQ(quota.launchRateSaved, 5.0);
  EXPECT_EQ(quota.launchRatePerMinute, 0.5);
  auto most = readLimitChange(change("quota", {{"count", 1e300}}), LimitKind::quota);
  EXPECT_EQ(most.count, 2147483647);
}

TEST(LimitBodies, AreRefusedWithWhatIsWrong) {
  const std::pair<json, const char*> cases[] = {
      {json::array(), "map?"},
      {change("share", {{"cpus", 1}}, {{"user", nullptr}}), "\"user\""},
      {change("share", {{"cpus", 1}}, {{"user", ""}}), "user"},
      {change("share", {{"cpus", 1}}, {{"user", std::string(300, 'u')}}), "user"},
      {change("share", {{"cpus", 1}}, {{"reason", nullptr}}),
       "\"reason\":\"missing-required-key\""},
      {change("share", {{"cpus", 1}}, {{"extra", 1}}), "\"extra\":\"disallowed-key\""},
      {change("share", {{"cpus", "1"}}), "number?"},
      {change("share", {{"cpus", -0.5}}), "non-negative?"},
      {change("share", json::array()), "map?"},
      {change("share", json::object()),
       "No share set. Are you specifying that this is application/json?"},
      {change("share", {{"count", 1}, {"odd", 2}}), "Unknown resource type(s)count odd"},
      {change("quota", {{"cpus", 1}}), "\"share\":\"missing-required-key\""},
  };
  for (const auto& [body, text] : cases) {
    EXPECT_THAT(complaint([&, &body = body] { readLimitChange(body, LimitKind::share); }),
                HasSubstr(text));
  }
}

TEST(RetryBodies, AreRead) {
  auto change = readRetryChange({{"groups", {JOB}}, {"increment", 2}}, {}, false, 10);
  EXPECT_EQ(change.groups.size(), 1u);
  EXPECT_EQ(change.increment, 2);
  EXPECT_TRUE(change.failedOnly) << "for groups unless said otherwise";
  change = readRetryChange({{"retries", 2}}, {JOB, JOB}, false, 10);
  EXPECT_EQ(change.jobs.size(), 2u);
  EXPECT_EQ(change.retries, 2);
  EXPECT_FALSE(change.failedOnly);
  change = readRetryChange({{"job", JOB}, {"retries", 2}, {"failed_only", true}}, {}, false, 10);
  EXPECT_TRUE(change.failedOnly);
}

TEST(RetryBodies, AreRefusedWithWhatIsWrong) {
  const std::pair<json, const char*> cases[] = {
      {json::array(), "map?"},
      {{{"job", "no"}, {"retries", 1}}, "uuid?"},
      {{{"job", 7}, {"retries", 1}}, "job"},
      {{{"jobs", {JOB, JOB, JOB}}, {"retries", 1}}, "list-of-uuids?"},
      {{{"jobs", {1}}, {"retries", 1}}, "uuid?"},
      {{{"job", JOB}, {"retries", 0}}, "pos?"},
      {{{"job", JOB}, {"increment", -1}}, "pos?"},
      {{{"job", JOB}, {"retries", 1.5}}, "retries"},
      {{{"job", JOB}, {"odd", 1}}, "disallowed-key"},
      {{{"jobs", json::array()}, {"retries", 1}}, "Need to specify at least 1 job or group."},
  };
  for (const auto& [body, text] : cases) {
    EXPECT_THAT(complaint([&, &body = body] { readRetryChange(body, {}, false, 2); }),
                HasSubstr(text))
        << body;
  }
  EXPECT_THAT(complaint([] {
                readRetryChange({{"retries", 1}}, {"no"}, false, 2);
              }),
              HasSubstr("not a UUID"));
  EXPECT_THAT(complaint([] {
                readRetryChange({{"groups", {JOB}}, {"retries", 1}}, {}, true, 2);
              }),
              HasSubstr("disallowed-key"))
      << "the old form knows no groups";
}

}  // namespace
}  // namespace maitred::cook
