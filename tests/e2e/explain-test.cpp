// `maitred cook explain`: where a job stands while it waits, and what held it back afterwards.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::e2e {
namespace {

using ::testing::HasSubstr;

constexpr const char* NO_ROOM = "its turn had come, and no node had room for it";

TEST(Explain, TellsWhereAJobStandsAndWhatHeldItBack) {
  System system({});
  system.start();
  // Some room is left, but too little for the others: where there is none nobody's turn comes.
  json first = json::array({job("sleep 600", 3)});
  json second = json::array({job("true", 2)}), third = json::array({job("true", 2)});
  ASSERT_EQ(system.submit("ana", first), 201u);
  ASSERT_EQ(system.submit("ben", second), 201u);
  ASSERT_EQ(system.submit("ben", third), 201u);
  auto explained = [&](const json& jobs) {
    auto answer = system.rest("GET", "/explain?job=" + uuidsOf(jobs)[0]);
    EXPECT_EQ(answer.status, 200u) << answer.body;
    return json::parse(answer.body);
  };
  system.eventually("the second has been looked at",
                    [&] { return explained(second)["history"].back()["what"] == NO_ROOM; });
  json waits = explained(third);
  EXPECT_EQ(waits["place"], 2);
  EXPECT_THAT(waits["reasons"].dump(), HasSubstr("ahead in the queue"));
  EXPECT_EQ(waits["waiting_in_pool"], 2);
  EXPECT_EQ(waits["dru"], 4) << "both jobs of 2 cpus, of a share of one";
  EXPECT_EQ(waits["owner"]["user"], "ben");
  EXPECT_EQ(waits["owner"]["standing"], "starved");
  EXPECT_EQ(waits["owner"]["share"]["cpus"], 1);
  EXPECT_EQ(explained(first)["owner"]["standing"], "satisfied");
  auto printed = system.maitred({"cook", "explain", uuidsOf(third)[0]});
  EXPECT_EQ(printed.exitCode, 0) << printed.out;
  EXPECT_THAT(printed.out, HasSubstr("place: 2 of 2 that wait in the pool"));

  EXPECT_EQ(system.rest("DELETE", "/rawscheduler?job=" + uuidsOf(first)[0]).status, 204u);
  system.waitFor(uuidsOf(second));
  json over = explained(second);
  EXPECT_EQ(over["status"], "completed");
  EXPECT_FALSE(over.contains("place"));
  bool kept = false;
  for (const json& one : over["history"]) kept |= one["what"] == NO_ROOM && one.contains("until");
  EXPECT_TRUE(kept) << over.dump(2);
  EXPECT_EQ(over["history"].back()["what"], "it ended: success");
  auto raw = system.maitred({"cook", "explain", "--json", uuidsOf(second)[0]});
  EXPECT_THAT(raw.out, HasSubstr(NO_ROOM));
  EXPECT_EQ(system.rest("GET", "/explain").status, 400u);
  auto unknown = system.maitred({"cook", "explain", "00000000-0000-4000-8000-000000000000"});
  EXPECT_EQ(unknown.exitCode, 1);
}

}  // namespace
}  // namespace maitred::e2e
