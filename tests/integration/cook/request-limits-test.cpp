// How many requests are answered in a minute (section 7.6).

#include "admin-fixture.h"

namespace maitred::cook {
namespace {

class RequestLimiting : public Admin {
 protected:
  ~RequestLimiting() noexcept override {}

  void limit(int users, int open, int metrics) {
    more = [=](CookConfig::Builder config) {
      auto rates = config.initRateLimit();
      rates.setUserLimitPerM(users);
      rates.setAuthBypassLimitPerM(open);
      rates.setUserLimitForMetricsPerM(metrics);
    };
    ASSERT_TRUE(reconfigured());
  }
};

TEST_P(RequestLimiting, IsForEachUserByThemselves) {
  limit(5, 0, 0);
  until([&] { return (last = ask("ana", "GET", "/pools")).status == 429; }, "she asks too often");
  EXPECT_EQ(last.header("X-RateLimit-Limit").value_or(""), "5");
  EXPECT_EQ(last.header("X-RateLimit-Remaining").value_or(""), "0");
  EXPECT_EQ(last.header("X-RateLimit-Reset"), last.header("Retry-After"));
  int seconds = std::stoi(std::string(last.header("Retry-After").value_or("0")));
  EXPECT_TRUE(seconds >= 1 && seconds <= 60) << seconds;
  EXPECT_THAT(errorOf(last), HasSubstr("Too Many Requests: at most 5 in a minute. Try again in "));
  EXPECT_EQ(ask("ben", "GET", "/pools").status, 200u);
  EXPECT_EQ(call("GET", "/info").status, 200u);
  EXPECT_THAT(call("GET", "/metrics").body,
              HasSubstr("maitred_cook_requests_limited_total{kind=\"user\"} 1"));
  json shown = get("/settings", "ben")["rate-limit"];
  EXPECT_EQ(shown["user-limit-per-m"], 5);
  EXPECT_EQ(shown["auth-bypass-limit-per-m"], 0);
}

TEST_P(RequestLimiting, IsForAddressesWhereNobodyIsAskedWhoTheyAre) {
  limit(0, 4, 3);
  until([&] { return call("GET", "/info").status == 429; }, "it is asked for too often");
  EXPECT_EQ(call("GET", "/metrics").status, 200u) << "these are counted apart";
  until([&] { return call("GET", "/metrics").status == 429; }, "these too");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(call("GET", "/debug").status, 200u);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask("ana", "GET", "/pools").status, 200u);
}

INSTANTIATE_TEST_SUITE_P(Isolation, RequestLimiting, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
