// POST /progress (sections 8.21, 18).

#include "admin-fixture.h"

namespace maitred::cook {
namespace {

class ProgressOverRest : public Admin {
 protected:
  ~ProgressOverRest() noexcept override {}

  ProgressOverRest() {
    more = [](CookConfig::Builder config) { config.initProgress().setPublishInterval(20); };
    EXPECT_TRUE(reconfigured());
    EXPECT_EQ(post("ana", {job(1, "hold")}), 201u);
    untilRunning(1);
    task = instance()["task_id"];
  }
  json instance() { return get("/jobs/" + idOf(1))["instances"][0]; }
  http::ClientResponse tell(const json& body, const std::string& id) {
    return call("POST", "/progress/" + id, body.dump());
  }
  std::string task;
};

TEST_P(ProgressOverRest, IsSeenAndKept) {
  EXPECT_EQ(instance()["progress"], 0);
  EXPECT_FALSE(instance().contains("progress_message"));
  json first{{"progress_sequence", 1}, {"progress-percent", 25}, {"progress_message", "a"}};
  auto answer = tell(first, task);
  EXPECT_EQ(answer.status, 202u);
  EXPECT_EQ(json::parse(answer.body), (json{{"instance", task},
                                            {"job", idOf(1)},
                                            {"message", "progress update accepted"}}));
  until([&] { return instance()["progress"] == 25; }, "it is seen");
  EXPECT_EQ(instance()["progress_message"], "a");
  tell({{"progress_sequence", 1}, {"progress_percent", 99}}, task);
  tell({{"progress_sequence", 2}, {"progress_percent", 50}}, task);
  until([&] { return instance()["progress"] == 50; }, "the next is seen");
  EXPECT_EQ(instance()["progress_message"], "a") << "what is not told stays";
  backend.end(task, 0);
  until([&] { return get("/jobs/" + idOf(1))["state"] == "success"; }, "it is over");
  tell({{"progress_sequence", 3}, {"progress_percent", 100}, {"progress_message", "done"}}, task);
  until([&] { return instance()["progress"] == 100; }, "the last word");
  EXPECT_EQ(get("/instances/" + task)["progress_message"], "done");
  EXPECT_EQ(get("/settings")["progress"]["publish-interval-ms"], 20);
  // What is seen may not be on disk yet; what is answered later is, with all that was before it.
  EXPECT_EQ(post("ana", {job(2, "never runs")}), 201u);
  EXPECT_EQ(ask("ana", "DELETE", "/rawscheduler?job=" + idOf(2)).status, 204u);
  restart();
  EXPECT_EQ(instance()["progress"], 100) << "it is durable";
  EXPECT_EQ(instance()["progress_message"], "done");
}

TEST_P(ProgressOverRest, IsRefusedWithTheReason) {
  const std::tuple<json, unsigned, const char*> cases[] = {
      {{{"progress_percent", 1}}, 400, "missing-required-key"},
      {{{"progress_sequence", 1}}, 400, "progress_percent, progress_message or both"},
      {{{"progress_sequence", "1"}, {"progress_percent", 1}}, 400, "integer?"},
      {{{"progress_sequence", 1}, {"progress_percent", 1}, {"more", 1}}, 400, "disallowed-key"},
  };
  for (const auto& [body, status, text] : cases) {
    auto answer = tell(body, task);
    EXPECT_EQ(answer.status, status) << body;
    EXPECT_THAT(answer.body, HasSubstr(text));
  }
  json sound{{"progress_sequence", 1}, {"progress_percent", 1}};
  EXPECT_EQ(tell(sound, "x").status, 400u);
  EXPECT_EQ(tell(sound, idOf(77)).status, 404u);
  EXPECT_EQ(tell({{"progress_sequence", 1}, {"progress_message", std::string(70'000, 'm')}}, task)
                .status,
            413u);
  EXPECT_EQ(ask("ana", "GET", "/progress/" + task).status, 405u);
}

INSTANTIATE_TEST_SUITE_P(Isolation, ProgressOverRest, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
