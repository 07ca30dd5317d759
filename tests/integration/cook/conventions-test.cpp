// Conventions of Cook's interface that its clients and suites rely on, §5.3, §7 to §9.

#include "admin-fixture.h"

namespace maitred::cook {
namespace {

class Conventions : public Admin {
 protected:
  ~Conventions() noexcept override {}

  http::ClientResponse with(http::ClientRequest extra, const char* method, const char* path) {
    return ask("ana", method, path, nullptr, kj::mv(extra));
  }
};

TEST_P(Conventions, NoBodyAtAllHasASentenceOfItsOwn) {
  for (const char* path : {"/jobs", "/rawscheduler"}) {
    auto answer = ask("ana", "POST", path);
    EXPECT_EQ(answer.status, 400u);
    EXPECT_EQ(json::parse(answer.body)["error"],
              "Must supply at least one job or group to start."
              "Are you specifying that this is application/json?");
  }
}

TEST_P(Conventions, TheChallengeNamesTheRealmAndNothingElse) {
  for (const char* realm : {"", "Cook", "Kitchen"}) {
    more = [realm](CookConfig::Builder config) {
      if (*realm != 0) config.getHttp().getAuth().getBasic().setRealm(realm);
    };
    ASSERT_TRUE(reconfigured());
    std::string expected = std::string("Basic realm=\"") + (*realm == 0 ? "Cook" : realm) + "\"";
    EXPECT_EQ(call("GET", "/pools").header("WWW-Authenticate"), expected);
  }
}

TEST_P(Conventions, DebugComesBeforeEverything) {
  http::ClientRequest extra;
  extra.headers = {{"Origin", "https://evil.example.com"}};
  EXPECT_EQ(with(kj::mv(extra), "GET", "/debug").status, 200u);
}

TEST_P(Conventions, OnlyPutTellsThatAJobWillNotRetry) {  // §8.9
  ASSERT_EQ(post("ana", {job(1, "exit 0", {{"max_retries", 3}})}), 201u);
  until([&] { return get("/jobs/" + idOf(1))["state"] == "success"; }, "success");
  auto retry = [&](const char* method, int retries) {
    return ask("ana", method, "/retry", {{"job", idOf(1)}, {"retries", retries}});
  };
  EXPECT_EQ(retry("PUT", 1).status, 409u) << "as many as it has used";
  EXPECT_EQ(retry("POST", 1).status, 201u);
}

// The first job's, although that is not among those that change.
TEST_P(Conventions, RetryShowsTheFirstJobsRetries) {
  json group{{"group", "0f6a4e3c-0000-4000-8000-0000000000aa"}};
  ASSERT_EQ(post("ana", {job(1, "exit 0", group), job(2, "exit 3", group)}), 201u);
  until([&] { return get("/jobs/" + idOf(2))["state"] == "failed"; }, "failed");
  until([&] { return get("/jobs/" + idOf(1))["state"] == "success"; }, "success");
  json body{{"groups", {group["group"]}}, {"increment", 3}};
  auto answer = ask("ana", "PUT", "/retry", body);
  EXPECT_EQ(answer.status, 201u);
  EXPECT_EQ(answer.body, "1");
  EXPECT_EQ(get("/jobs/" + idOf(2))["max_retries"], 4);
}

INSTANTIATE_TEST_SUITE_P(, Conventions, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
