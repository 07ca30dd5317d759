// Who is let in, under what name, and what they may do: http-basic, one-user, impersonation.

#include "cook-fixture.h"

#include <kj/encoding.h>

namespace maitred::cook {
namespace {

class Auth : public Cook {
 protected:
  ~Auth() noexcept override {}

  void withPasswords() {
    amend = [](CookConfig::Builder config) {
      auto users = config.getHttp().initAuth().initBasic().initUsers(2);
      users[0].setName("ana");
      users[0].setPassword("garlic");
      users[1].setName("poser");
      users[1].setPassword("basil");
      config.initImpersonators(1).set(0, "poser");
    };
    EXPECT_TRUE(reconfigured());
  }
  http::ClientResponse as(const char* credentials, const char* method, const std::string& path,
                          const std::string& body = "", const std::string& user = "") {
    http::ClientRequest extra;
    auto encoded = kj::encodeBase64(kj::StringPtr(credentials).asBytes());
    extra.headers.emplace_back("Authorization", std::string("Basic ") + encoded.cStr());
    return call(method, path, body, user, kj::mv(extra));
  }
};

TEST_P(Auth, PasswordsAreAskedForInCooksWords) {
  withPasswords();
  EXPECT_EQ(as("ana:garlic", "GET", "/settings").status, 200u);
  auto none = call("GET", "/settings");
  EXPECT_EQ(none.status, 401u);
  EXPECT_EQ(none.body, "malformed or missing authorization header in basic auth");
  EXPECT_EQ(none.header("WWW-Authenticate"), "Basic realm=\"Cook\"");
  for (const char* wrong : {"ana:onion", "ana:", "nobody:garlic", "ana:garlic "}) {
    auto refused = as(wrong, "GET", "/settings");
    EXPECT_EQ(refused.status, 401u) << wrong;
    EXPECT_THAT(refused.body,
                ::testing::MatchesRegex("User, password \\((ana|nobody)\\) not valid"));
    EXPECT_EQ(refused.header("WWW-Authenticate"), "Basic realm=\"Cook\"");
  }
  EXPECT_EQ(as("no colon", "GET", "/settings").body,
            "malformed or missing authorization header in basic auth");
  for (const char* open : {"/info", "/debug"}) EXPECT_EQ(call("GET", open).status, 200u) << open;
  EXPECT_EQ(json::parse(call("GET", "/info").body)["authentication-scheme"], "http-basic");
  EXPECT_EQ(json::parse(as("ana:garlic", "GET", "/settings").body)["authorization-middleware"],
            "http-basic");
  EXPECT_THAT(as("ana:garlic", "GET", "/settings").body, ::testing::Not(HasSubstr("garlic")));
}

TEST_P(Auth, ThePrincipalOwnsTheJobs) {
  withPasswords();
  std::string body = json{{"jobs", {job(1, "hold")}}}.dump();
  EXPECT_EQ(as("ana:garlic", "POST", "/jobs", body).status, 201u);
  EXPECT_EQ(json::parse(as("ana:garlic", "GET", "/jobs/" + idOf(1)).body)["user"], "ana");
  EXPECT_EQ(as("poser:basil", "DELETE", "/rawscheduler?job=" + idOf(1)).status, 403u);
  auto acting = as("poser:basil", "DELETE", "/rawscheduler?job=" + idOf(1), "", "ana");
  EXPECT_EQ(acting.status, 204u) << acting.body;
  EXPECT_EQ(acting.header("X-Cook-User"), "ana");
}

TEST_P(Auth, ActingForOthersIsForJobsAndLooks) {
  withPasswords();
  auto acting = [&](const char* method, const std::string& path, const std::string& body = "") {
    return as("poser:basil", method, path, body, "boss");
  };
  for (const char* path : {"/quota?user=ana", "/share?user=ana", "/usage?user=ana"}) {
    EXPECT_EQ(acting("GET", path).status, 200u) << path;
  }
  for (const char* kind : {"quota", "share"}) {
    std::string path = std::string("/") + kind;
    json body{{"user", "ana"}, {"reason", "x"}, {kind, {{"cpus", 1}}}};
    EXPECT_EQ(acting("POST", path, body.dump()).status, 403u) << "although boss is an admin";
    EXPECT_EQ(acting("DELETE", path + "?user=ana&reason=x").status, 403u);
  }
  EXPECT_EQ(acting("GET", "/queue").status, 403u);
  auto refused = as("ana:garlic", "GET", "/pools", "", "boss");
  EXPECT_EQ(refused.status, 403u);
  EXPECT_EQ(refused.body, "User ana does not have impersonation privileges.");
  EXPECT_EQ(as("ana:garlic", "GET", "/pools", "", "ana").status, 200u) << "oneself is nobody else";
}

TEST_P(Auth, WithoutImpersonatorsTheAnswerTellsWhoActed) {
  amend = [](CookConfig::Builder config) { config.initImpersonators(0); };
  EXPECT_TRUE(reconfigured());
  EXPECT_EQ(call("GET", "/pools", "", "ben").header("X-Cook-User"), "boss");
  EXPECT_FALSE(call("GET", "/pools").header("X-Cook-User"));
}

TEST_P(Auth, OnlyAllowedUsers) {
  amend = [](CookConfig::Builder config) {
    config.setAuthorization(Authorization::CONFIGFILE_ADMINS_OPEN_GETS_ALLOWED_USERS_AUTH);
    config.initAllow(1).set(0, "ana");
  };
  EXPECT_TRUE(reconfigured());
  EXPECT_EQ(submit({job(1)}, "ana").status, 201u);
  auto denied = submit({job(2)}, "ben");
  EXPECT_EQ(denied.status, 403u);
  EXPECT_EQ(json::parse(denied.body)["error"], "You are not authorized to create jobs");
  EXPECT_EQ(call("GET", "/jobs/" + idOf(1), "", "ben").status, 403u);
  EXPECT_EQ(call("GET", "/jobs/" + idOf(1), "", "ana").status, 200u);
}

TEST_P(Auth, NobodyKillsWhereNobodyMay) {
  amend = [](CookConfig::Builder config) {
    config.setAuthorization(Authorization::OPEN_AUTH_NO_JOB_KILLING);
  };
  EXPECT_TRUE(reconfigured());
  EXPECT_EQ(submit({job(1, "hold")}, "ana").status, 201u);
  EXPECT_EQ(call("DELETE", "/jobs?uuid=" + idOf(1), "", "ana").status, 403u);
  EXPECT_EQ(call("DELETE", "/jobs?uuid=" + idOf(1)).status, 403u) << "admins neither";
  EXPECT_EQ(call("GET", "/queue").status, 200u);
}

INSTANTIATE_TEST_SUITE_P(Isolation, Auth, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
