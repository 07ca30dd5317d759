// Requests of users who mean harm, or who have made a large mistake: they are refused, and nobody
// else notices.

#include "admin-fixture.h"

namespace maitred::cook {
namespace {

constexpr const char* SHARED = "0f6a4e3c-0000-4000-8000-0000000000aa";

class Hostile : public Admin {
 protected:
  ~Hostile() noexcept override {}

  json member(int n) { return job(n, "hold", {{"group", SHARED}}); }
  std::string again(const std::string& parameter, int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += (i == 0 ? "?" : "&") + parameter;
    return text;
  }
};

TEST_P(Hostile, NobodyJoinsTheGroupOfSomebodyElse) {
  ASSERT_EQ(post("ana", {member(1)}), 201u);
  json join{{"override-group-immutability", true}};
  EXPECT_EQ(post("bea", {member(2)}, join), 400u);
  EXPECT_EQ(post("ana", {member(2)}, join), 201u);
  EXPECT_EQ(post("boss", {member(3)}, join), 201u) << "an admin may";
}

// Whoever joined an empty group first would be its owner, as far as its first job tells.
TEST_P(Hostile, AGroupWithJobsOfSeveralIsEndedAndRetriedByNoneOfThem) {
  json declared{{"groups", {{{"uuid", SHARED}, {"name", "early"}}}}};
  ASSERT_EQ(post("ana", json::array(), declared), 201u);
  json join{{"override-group-immutability", true}};
  ASSERT_EQ(post("bea", {member(1)}, join), 201u);
  ASSERT_EQ(post("boss", {job(2, "hold", {{"group", SHARED}})}, join), 201u);
  std::string path = std::string("/group?uuid=") + SHARED;
  EXPECT_EQ(ask("bea", "DELETE", path).status, 403u);
  json retry{{"groups", {SHARED}}, {"retries", 5}, {"failed_only", false}};
  EXPECT_EQ(ask("bea", "PUT", "/retry", retry).status, 403u);
  EXPECT_EQ(ask("boss", "DELETE", path).status, 204u) << "but by an admin";
}

TEST_P(Hostile, AnswersHaveASize) {
  std::string large(190'000, '\x01');
  ASSERT_EQ(post("ana", {job(1, "hold", {{"env", {{"A", large}}}}), job(2)}), 201u);
  auto answer = ask("ana", "GET", "/jobs" + again("uuid=" + idOf(1), 150));
  EXPECT_EQ(answer.status, 400u);
  EXPECT_THAT(answer.body, HasSubstr("ask for fewer jobs at once"));
  EXPECT_EQ(ask("ana", "GET", "/rawscheduler" + again("job=" + idOf(1), 150)).status, 400u);
  EXPECT_EQ(ask("ana", "GET", "/jobs" + again("uuid=" + idOf(1), 3)).status, 200u);
  EXPECT_EQ(get("/jobs" + again("uuid=" + idOf(2), 150)).size(), 150u) << "small ones are shown";
}

TEST_P(Hostile, WhatIsRefusedIsShownInWholeCharacters) {
  std::string umlauts;
  for (int i = 0; i < 200; ++i) umlauts += "é";
  json uris = json::array({{{"value", json::array({"a" + umlauts})}}});
  EXPECT_EQ(post("ana", {job(1, "exit 0", {{"uris", uris}})}), 400u);
  EXPECT_THAT(last.body, HasSubstr("string?"));
}

INSTANTIATE_TEST_SUITE_P(, Hostile, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
