// Two hosts of which one leads: what the other does meanwhile, and how it takes over.
#include "cook-client.h"

#include <gmock/gmock.h>

namespace maitred::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Both have the same store, of which the leader has the lock, and nodes of their own.
class Leader : public ::testing::TestWithParam<const char*> {
 protected:
  testing::TemporaryDirectory shared;
  System first{options()}, second{options()};
  CookClient atFirst{first, "ana"}, atSecond{second, "ana"};

  static System::Options options() { return {.isolation = GetParam()}; }

  void SetUp() override {
    for (System* one : {&first, &second}) {
      one->editConfig("{ one_user: operator }", "{ basic: { any_password: , realm: Cook } }");
      one->editConfig("      admins: [operator]\n      impersonators: [operator]\n",
                      "      admins: [boss]\n      impersonators: [poser]\n"
                      "      cors_origins: [\"https://good[.]example\"]\n"
                      "      leader_reports_unhealthy: true\n"
                      "      store: \"sqlite:" + shared.path() + "/cook.db\"\n");
    }
    second.editConfig("kitchen:", "pantry:");
  }
  static std::string following(System& leader) {
    return "      leader: { follow: \"" + leader.restUrl() + "\", interval: 100ms }\n";
  }
  void follow(System& one, System& leader) {
    one.editConfig("      store:", following(leader) + "      store:");
  }
  void lead(System& one, System& former) { one.editConfig(following(former), ""); }
  static json here(const char* node) {
    json asked = csJob("true");
    asked["constraints"] = json::array({{"HOSTNAME", "EQUALS", node}});
    return asked;
  }
};

TEST_P(Leader, IsAskedByTheOneThatFollows) {
  follow(second, first);
  first.start();
  second.start();
  // Reads, submissions and kills go through, on behalf of whoever asks.
  json runs = here("kitchen"), waits = here("pantry");
  atSecond.submit({runs, waits});
  json shown = atSecond.wait(runs["uuid"]);
  EXPECT_EQ(shown["user"], "ana");
  EXPECT_EQ(shown["state"], "success");
  EXPECT_EQ(atSecond.data("jobs", {{"uuid", runs["uuid"]}}),
            atFirst.data("jobs", {{"uuid", runs["uuid"]}}));
  EXPECT_EQ(atSecond.data("settings"), atFirst.data("settings"));
  EXPECT_EQ(atSecond.data("usage"), atFirst.data("usage"));
  json refused = csJob("true");
  refused["cpus"] = 1000;
  auto answer = atSecond.post("jobs", {{"jobs", {refused}}});
  EXPECT_EQ(answer.status, 400u);
  EXPECT_THAT(answer.body, HasSubstr("but only allowed to use"));
  CookClient ben{second, "ben"};
  EXPECT_EQ(ben.del("rawscheduler", {{"job", waits["uuid"]}}).status, 403u);
  CookClient poser{second, "poser"};
  poser.impersonate("carol");
  auto acted = poser.get("usage", {{"user", "carol"}});
  EXPECT_EQ(acted.status, 200u);
  EXPECT_EQ(acted.header("X-Cook-User"), "carol");
  auto stranger = second.rest("GET", "/jobs");
  EXPECT_EQ(stranger.status, 401u);
  EXPECT_THAT(std::string(stranger.header("WWW-Authenticate").value_or("")),
              StartsWith("Basic realm=\"Cook\""));
  EXPECT_EQ(atSecond.get("nothing").body, "<h1>Not a valid route</h1>");
  // It has the node that this job waits for, and starts nothing.
  EXPECT_EQ(atSecond.data("jobs", {{"uuid", waits["uuid"]}})[0]["status"], "waiting");
  EXPECT_EQ(atSecond.del("rawscheduler", {{"job", waits["uuid"]}}).status, 204u);
  EXPECT_EQ(atFirst.data("jobs", {{"uuid", waits["uuid"]}})[0]["status"], "completed");
  EXPECT_EQ(json::parse(second.rest("GET", "/info").body)["leader-url"], first.restUrl());
  EXPECT_EQ(first.rest("GET", "/debug").status, 503u) << "as it is set to";
  EXPECT_EQ(second.rest("GET", "/debug").status, 200u);
  EXPECT_THAT(second.rest("GET", "/debug").body, HasSubstr("Server is running version"));
  second.eventually("its status tells whom it follows", [&] {
    return second.status("cook").value("message", "") == "follows " + first.restUrl();
  });
  EXPECT_EQ(second.terminate(), 0);
}

TEST_P(Leader, IsToldWhatIsForItAlone) {
  follow(second, first);
  first.start();
  second.start();
  CookClient boss{second, "boss"};
  auto redirects = [&](const http::ClientResponse& answer, const std::string& target) {
    EXPECT_EQ(answer.status, 307u) << target;
    EXPECT_EQ(answer.header("Location"), first.restUrl() + target);
    json body = json::parse(answer.body);
    EXPECT_EQ(body["location"], first.restUrl() + target);
    EXPECT_EQ(body["message"], "redirecting to leader");
  };
  redirects(boss.post("quota", {{"user", "ana"}, {"reason", "r"}, {"quota", {{"count", 9}}}}),
            "/quota");
  redirects(boss.del("share", {{"user", "ana"}, {"reason", "r"}}), "/share?user=ana&reason=r");
  redirects(boss.get("unscheduled_jobs", {{"job", "x"}}), "/unscheduled_jobs?job=x");
  redirects(boss.get("compute-clusters"), "/compute-clusters");
  redirects(boss.post("shutdown-leader", {{"reason", "r"}}), "/shutdown-leader");
  redirects(boss.get("queue", {{"limit", "5"}}), "/queue");  // the query is left out there
  redirects(second.rest("POST", "/progress/x", "{}"), "/progress/x");  // nobody is asked for a name
  EXPECT_EQ(boss.get("quota", {{"user", "ana"}}).status, 200u);
  EXPECT_EQ(boss.get("queue", {}).header("Access-Control-Allow-Origin"), std::nullopt);
  http::ClientRequest foreign{"GET", second.restUrl() + "/queue", {}, ""};
  foreign.headers = {{"Origin", "https://bad.example"}};
  EXPECT_EQ(second.send(std::move(foreign)).status, 403u);

  first.kill9();
  second.eventually("the leader is missed", [&] { return !second.ready(); });
  for (auto answer : {boss.get("queue"), boss.get("jobs", {{"uuid", job("")["uuid"]}}),
                      boss.post("quota", {{"user", "ana"}})}) {
    EXPECT_EQ(answer.status, 503u);
    EXPECT_THAT(json::parse(answer.body).at("message").get<std::string>(),
                StartsWith("Leader is temporarily unavailable."));
    EXPECT_TRUE(answer.header("Retry-After"));
  }
  first.start();
  second.eventually("the leader is back", [&] { return second.ready(); });
  EXPECT_EQ(boss.get("queue").status, 307u);
}

TEST_P(Leader, ChangesByAReload) {
  follow(second, first);
  first.start();
  second.start();
  json before = here("kitchen"), waits = here("pantry");
  atSecond.submit({before, waits});
  atSecond.wait(before["uuid"]);
  EXPECT_EQ(first.terminate(), 0);
  lead(second, first);
  auto reloaded = second.ctl({"reload"});
  ASSERT_EQ(reloaded.exitCode, 0) << reloaded.out;
  second.eventually("it leads", [&] {
    std::string why;
    return second.ready(&why) && second.status("cook").dump().find("follows") == std::string::npos;
  });
  // What the former leader took is there, and runs where it could not.
  EXPECT_EQ(atSecond.wait(before["uuid"])["state"], "success");
  json shown = atSecond.wait(waits["uuid"]);
  EXPECT_EQ(shown["state"], "success");
  EXPECT_EQ(latestInstance(shown)["hostname"], "pantry");
  // The former leader comes back and follows.
  follow(first, second);
  first.start();
  CookClient boss(first, "boss");
  first.eventually("it reads what the leader writes", [&] {
    return boss.get("jobs", {{"uuid", waits["uuid"]}}).status == 200;
  });
  EXPECT_EQ(atFirst.data("jobs", {{"uuid", waits["uuid"]}}),
            atSecond.data("jobs", {{"uuid", waits["uuid"]}}));
  EXPECT_EQ(boss.get("queue").header("Location"), second.restUrl() + "/queue");
}

TEST_P(Leader, IsNeverTwo) {
  first.start();
  second.launch();
  second.eventually("the second says why it cannot lead", [&] {
    return second.log().find("is in use by process") != std::string::npos;
  });
  EXPECT_FALSE(second.ready());
}

TEST_P(Leader, IsNotOneThatFollowsItself) {
  follow(first, second);
  follow(second, first);
  first.launch();
  second.launch();
  for (System* one : {&first, &second}) {
    one->eventually("it says so", [&] {
      std::string why;
      return !one->ready(&why) && why.find("it follows another queue itself") != std::string::npos;
    });
  }
  EXPECT_EQ(atFirst.get("jobs", {{"uuid", job("")["uuid"]}}).status, 503u);
}

INSTANTIATE_TEST_SUITE_P(Isolations, Leader, ::testing::Values("process", "inline"),
                         [](auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
