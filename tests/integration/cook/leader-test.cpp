// What is asked of the process that leads (sections 8.19 and 8.26).

#include "admin-fixture.h"

namespace maitred::cook {
namespace {

using ::testing::Contains;

class LeadingProcess : public Admin {
 protected:
  ~LeadingProcess() noexcept override {}
};

TEST_P(LeadingProcess, SaysThatItLeadsWhereThatIsWanted) {
  auto before = call("GET", "/debug");
  EXPECT_EQ(before.status, 200u);
  EXPECT_THAT(before.body, HasSubstr("Server is running version"));
  more = [](CookConfig::Builder config) { config.setLeaderReportsUnhealthy(true); };
  ASSERT_TRUE(reconfigured());
  auto after = call("GET", "/debug");
  EXPECT_EQ(after.status, 503u);
  EXPECT_EQ(after.body, before.body);
}

TEST_P(LeadingProcess, EndsWhenItIsTold) {
  auto tell = [&](const char* user, const json& body) {
    return last = ask(user, "POST", "/shutdown-leader", body), last.status;
  };
  EXPECT_EQ(tell("ana", {{"reason", "a test"}}), 403u);
  EXPECT_EQ(errorOf(last), "You are not authorized to shutdown the leader");
  EXPECT_EQ(tell("boss", json::object()), 400u);
  EXPECT_EQ(tell("boss", {{"reason", 7}}), 400u);
  if (GetParam() == Isolation::inlined) return;  // the process is this test's own
  EXPECT_EQ(tell("boss", {{"reason", "a test"}}), 202u);
  EXPECT_THAT(audit(), Contains("boss||leader.shutdown||||a test"));
  EXPECT_EQ(post("ana", {job(1, "hold")}), 201u) << "not at once";
  auto answers = [&] {
    auto request = plugin->client().commandRequest();
    request.setName("routes");
    return kj::runCatchingExceptions([&] { request.send().wait(io.waitScope); }) == nullptr;
  };
  until([&] { return !answers(); }, "its process has ended");
  restart();
  EXPECT_EQ(get("/jobs/" + idOf(1))["uuid"], idOf(1));
}

INSTANTIATE_TEST_SUITE_P(Isolation, LeadingProcess, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
