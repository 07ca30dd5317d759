// How fast users may start and submit jobs, by configuration and quotas.

#include "admin-fixture.h"

namespace maitred::cook {
namespace {

class Rates : public Admin {
 protected:
  ~Rates() noexcept override {}

  void limit(bool launches, bool submissions) {
    more = [=](CookConfig::Builder config) {
      auto limits = config.initRateLimit();
      limits.initPerUserPerPoolJobLaunch().setEnforce(launches);
      auto rate = limits.initJobSubmission();
      rate.setBucketSize(2);
      rate.setTokensReplenishedPerMinute(1);
      rate.setEnforce(submissions);
      auto quota = config.initQuotas(1)[0];
      quota.setUser("cid");
      quota.setLaunchRateSaved(3);
      quota.setLaunchRatePerMinute(0);
    };
    ASSERT_TRUE(reconfigured());
  }
  std::size_t launched(const char* user) {
    std::size_t count = 0;
    for (const auto& [id, name] : backend.users) count += name == user;
    return count;
  }
};

TEST_P(Rates, NothingIsHeldBackUnlessItIsEnforced) {
  limit(false, false);
  json settings = get("/settings")["rate-limit"];
  EXPECT_EQ(settings["per-user-per-pool-job-launch"], (json{{"enforce?", false}}));
  EXPECT_EQ(settings["expire-minutes"], 120);
  EXPECT_EQ(settings["job-submission"],
            (json{{"bucket-size", 2}, {"tokens-replenished-per-minute", 1}, {"enforce?", false}}));
  setQuota("ana", {{"launch-rate-saved", 1}, {"launch-rate-per-minute", 0}});
  EXPECT_EQ(post("ana", {job(1), job(2), job(3)}), 201u);
  EXPECT_EQ(post("ana", {job(4)}), 201u);
  until([&] { return launched("ana") == 4; }, "all of them run");
}

TEST_P(Rates, WhoHasUsedUpTheLaunchRateWaits) {  // §12, §16.1
  limit(true, false);
  EXPECT_EQ(get("/settings")["rate-limit"]["per-user-per-pool-job-launch"]["enforce?"], true);
  setQuota("ana", {{"launch-rate-saved", 2}, {"launch-rate-per-minute", 0}});
  EXPECT_EQ(post("ana", {job(1), job(2), job(3), job(4)}), 201u);
  EXPECT_EQ(post("ben", {job(5), job(6), job(7)}), 201u);
  until([&] { return launched("ben") == 3 && launched("ana") == 2; }, "what may run runs");
  EXPECT_EQ(get("/jobs/" + idOf(3))["state"], "waiting");
  EXPECT_EQ(get("/queue", "boss")["no-pool"], json::array()) << "they may not start now";
  // Another rate is another bucket, and a full one.
  setQuota("ana", {{"launch-rate-saved", 1}});
  until([&] { return launched("ana") == 3; }, "one more");
  EXPECT_EQ(get("/jobs/" + idOf(4))["state"], "waiting");
  EXPECT_EQ(ask("boss", "DELETE", "/quota?user=ana&reason=over").status, 204u);
  until([&] { return launched("ana") == 4; }, "the last");
}

TEST_P(Rates, TheNextLaunchComesByItselfWhenItIsEarned) {
  limit(true, false);
  setQuota("default", {{"launch-rate-saved", 1}, {"launch-rate-per-minute", 600}});
  EXPECT_EQ(post("ana", {job(1, "hold"), job(2, "hold"), job(3, "hold"), job(4, "hold")}), 201u);
  // Nothing happens that would ask for a cycle: none of them ends, and only the backend is asked.
  until([&] { return launched("ana") == 4; }, "each in its turn");
}

TEST_P(Rates, ABackendThatHasStartedTooMuchRests) {  // §12 step 5, §16.2
  more = [](CookConfig::Builder config) {
    auto one = config.initClusters(1)[0];
    one.setBackend("fake");
    auto rate = one.initComputeClusterLaunchRateLimits();
    rate.setBucketSize(2);
    rate.setTokensReplenishedPerMinute(60);
    rate.setEnforce(true);
  };
  ASSERT_TRUE(reconfigured());
  json shown = get("/settings")["compute-clusters"][0]["config"];
  EXPECT_EQ(shown["compute-cluster-launch-rate-limits"],
            (json{{"bucket-size", 2}, {"tokens-replenished-per-minute", 60}, {"enforce?", true}}));
  // All that fit in one cycle start at once, and the debt is paid before the next does.
  EXPECT_EQ(post("ana", {job(1, "hold"), job(2, "hold"), job(3, "hold"), job(4, "hold")}), 201u);
  until([&] { return launched("ana") == 4; }, "they fit");
  for (int n = 1; n <= 4; ++n) backend.end(backend.launched[n - 1], 0);
  for (int n = 1; n <= 4; ++n) {
    until([&] { return get("/jobs/" + idOf(n))["state"] == "success"; }, "it has ended");
  }
  EXPECT_EQ(post("ben", {job(5, "hold")}), 201u);
  EXPECT_EQ(get("/jobs/" + idOf(5), "ben")["state"], "waiting");
  until([&] { return launched("ben") == 1; }, "it starts by itself when the debt is paid");
}

TEST_P(Rates, TheConfigurationHasLaunchRatesToo) {
  limit(true, false);
  EXPECT_EQ(get("/quota?user=cid")["launch-rate-saved"], 3.0);
  EXPECT_EQ(get("/quota?user=cid")["launch-rate-per-minute"], 0.0);
  EXPECT_EQ(post("cid", {job(1), job(2), job(3), job(4)}), 201u);
  until([&] { return launched("cid") == 3; }, "three of them run");
  limit(false, false);
  until([&] { return launched("cid") == 4; }, "nothing holds them back any more");
}

TEST_P(Rates, WhoSubmitsTooFastIsRefusedForAWhile) {  // §5.3, §16.2
  limit(false, true);
  EXPECT_EQ(post("ana", {job(1, "exit 0", {{"cpus", 99}})}), 400u) << "what is refused is free";
  EXPECT_EQ(post("ana", {job(1), job(2)}), 201u);
  EXPECT_EQ(post("ana", {job(3), job(4), job(5)}), 201u) << "it may leave a debt";
  EXPECT_EQ(post("ana", {job(6)}), 400u);
  EXPECT_THAT(errorOf(last),
              ::testing::MatchesRegex("User ana is inserting too quickly. Not allowed to insert "
                                      "for 1[0-9][0-9].[0-9][0-9][0-9] seconds."));
  EXPECT_EQ(ask("ana", "GET", "/jobs/" + idOf(6)).status, 404u);
  EXPECT_EQ(post("ben", {job(6)}), 201u) << "others are not concerned";
  limit(false, false);
  EXPECT_EQ(post("ana", {job(7)}), 201u);
}

INSTANTIATE_TEST_SUITE_P(Isolation, Rates, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
