// Groups by REST: what is said of them, who may see and end them, and that they outlive the queue.

#include "admin-fixture.h"

namespace maitred::cook {
namespace {

constexpr const char* GROUP = "0f6a4e3c-0000-4000-8000-0000000000aa";
constexpr const char* OTHER = "0f6a4e3c-0000-4000-8000-0000000000bb";
const json BALANCED{{"type", "balanced"}, {"parameters", {{"attribute", "rack"}, {"minimum", 3}}}};
const json DEVIATION{{"type", "quantile-deviation"},
                     {"parameters", {{"quantile", 0.5}, {"multiplier", 2.5}}}};

class Groups : public Admin {
 protected:
  ~Groups() noexcept override {}

  json member(int n, const char* command = "hold", const char* group = GROUP) {
    return job(n, command, {{"group", group}});
  }
  json group(const std::string& more = "") {
    json list = get(std::string("/group?uuid=") + GROUP + more);
    return list.size() == 1 ? list[0] : json();
  }
};

TEST_P(Groups, AreShownAsTheyWereSubmitted) {  // §6, §8.7
  json declared{{"uuid", GROUP},
                {"name", "mine"},
                {"host_placement", BALANCED},
                {"straggler-handling", DEVIATION}};
  // It goes first: with one node the group is balanced only if one runs after the other.
  json first = member(2, "exit 0");
  first["priority"] = 60;
  EXPECT_EQ(post("ana", {member(1), first, member(3, "hold", OTHER)}, {{"groups", {declared}}}),
            201u);
  EXPECT_EQ(last.body, "submitted jobs " + idOf(1) + " " + idOf(2) + " " + idOf(3) +
                           " submitted groups " + GROUP + " " + OTHER);
  EXPECT_EQ(group(), (json{{"uuid", GROUP},
                           {"name", "mine"},
                           {"host_placement", BALANCED},
                           {"straggler_handling", DEVIATION},
                           {"jobs", {idOf(1), idOf(2)}}}));
  until([&] { return group("&detailed=true")["completed"] == 1; }, "one of them ends");
  untilRunning(1);
  json detailed = group("&detailed=true");
  EXPECT_EQ(detailed["running"], 1);
  EXPECT_EQ(detailed["waiting"], 0);
  json both = get(std::string("/group?uuid=") + OTHER + "&uuid=" + GROUP);
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0]["name"], "defaultgroup");
  EXPECT_EQ(both[0]["host_placement"], (json{{"type", "all"}}));
  EXPECT_EQ(both[0]["straggler_handling"], (json{{"type", "none"}}));
  EXPECT_EQ(get("/jobs/" + idOf(1))["groups"],
            (json::array({{{"uuid", GROUP}, {"name", "mine"}}})));
  restart();
  EXPECT_EQ(group()["host_placement"], BALANCED);
  EXPECT_EQ(group()["straggler_handling"], DEVIATION);
  EXPECT_EQ(group()["jobs"], (json{idOf(1), idOf(2)}));
  EXPECT_EQ(get(std::string("/group?uuid=") + OTHER)[0]["name"], "defaultgroup");
  EXPECT_EQ(post("ana", {member(4)}), 400u) << "it is still known";
}

TEST_P(Groups, StandInTheQueueWithTheirPlacement) {  // §8.13
  EXPECT_EQ(post("ana", {job(1, "hold", {{"cpus", 4}}), member(2)},
                 {{"groups", {{{"uuid", GROUP}, {"host_placement", BALANCED}}}}}),
            201u);
  untilRunning(1);
  json waiting = get("/queue", "boss")["no-pool"][0];
  EXPECT_EQ(waiting["group/_job"],
            (json::array({{{"group/uuid", GROUP},
                           {"group/name", "cookgroup"},
                           {"group/host-placement",
                            {{"host-placement/type", "host-placement.type/balanced"},
                             {"host-placement/parameters",
                              {{"host-placement.balanced/attribute", "rack"},
                               {"host-placement.balanced/minimum", 3}}}}}}})));
}

TEST_P(Groups, MayBeThereWithoutJobs) {
  EXPECT_EQ(post("ana", json::array(), {{"groups", {{{"uuid", GROUP}, {"name", "early"}}}}}), 201u)
      << last.body;
  restart();
  EXPECT_EQ(group("&detailed=true")["jobs"], json::array());
  EXPECT_EQ(post("ana", {member(1)}, {{"groups", {{{"uuid", GROUP}}}}}), 400u);
  EXPECT_EQ(errorOf(last), std::string("Group UUID ") + GROUP + " already used");
  EXPECT_EQ(ask("ana", "DELETE", std::string("/group?uuid=") + GROUP).status, 403u)
      << "it belongs to nobody";
  EXPECT_EQ(post("ana", {member(1)}, {{"override_group_immutability", true}}), 201u) << last.body;
  EXPECT_EQ(group()["jobs"], json::array({idOf(1)}));
  EXPECT_EQ(get("/jobs/" + idOf(1))["groups"][0]["name"], "early");
}

TEST_P(Groups, AreEndedAsAWhole) {  // §8.8
  EXPECT_EQ(post("ana", {member(1), member(2, "exit 0"), member(3), job(4, "hold")}), 201u);
  untilRunning(1);
  until([&] { return get("/jobs/" + idOf(2))["state"] == "success"; }, "one of them succeeds");
  std::string path = std::string("/group?uuid=") + GROUP;
  auto denied = ask("ben", "DELETE", path);
  EXPECT_EQ(denied.status, 403u);
  EXPECT_EQ(errorOf(denied), std::string("You are not authorized to kill the following groups ") +
                                 GROUP);
  EXPECT_EQ(ask("boss", "DELETE", path).status, 204u);
  json ended = group("&detailed=true");
  EXPECT_EQ(ended["completed"], 3);
  EXPECT_EQ(get("/jobs/" + idOf(2))["state"], "success");
  EXPECT_EQ(get("/jobs/" + idOf(1))["state"], "failed");
  EXPECT_NE(get("/jobs/" + idOf(4))["state"], "failed") << "it is in no group";
  std::vector<std::string> lines = audit();
  ASSERT_EQ(lines.size(), 2u) << "for each job that was ended, by somebody else";
  EXPECT_EQ(lines[0], "boss||job.kill|" + idOf(1) + "|of ana||");
  EXPECT_EQ(ask("ana", "DELETE", path).status, 204u) << "nothing is left to end";
}

TEST_P(Groups, AreRefusedToWhoAsksForWhatThereIsNot) {  // §8.7, §7.2
  EXPECT_EQ(post("ana", {member(1)}), 201u);
  std::string known = std::string("/group?uuid=") + GROUP, unknown = "&uuid=" + idOf(9);
  EXPECT_EQ(ask("ana", "GET", "/group").status, 400u);
  EXPECT_EQ(ask("ana", "GET", "/group?uuid=nonsense").status, 400u);
  EXPECT_EQ(ask("ana", "DELETE", "/group").status, 400u);
  auto missing = ask("ana", "GET", known + unknown);
  EXPECT_EQ(missing.status, 404u);
  EXPECT_EQ(errorOf(missing), "The following UUIDs didn't correspond to a group: " + idOf(9));
  EXPECT_EQ(get(known + unknown + "&partial=true").size(), 1u);
  EXPECT_EQ(ask("ana", "DELETE", "/group?uuid=" + idOf(9)).status, 403u);
  EXPECT_EQ(ask("boss", "DELETE", "/group?uuid=" + idOf(9)).status, 404u);
  EXPECT_EQ(group("&detailed=true")["completed"], 0);
  authorization = Authorization::CONFIGFILE_ADMINS_AUTH;
  ASSERT_TRUE(reconfigured());
  auto denied = ask("ben", "GET", known);
  EXPECT_EQ(denied.status, 403u);
  EXPECT_EQ(errorOf(denied), std::string("You are not authorized to view the following groups ") +
                                 GROUP);
  EXPECT_EQ(get(known + "&partial=true", "ben"), json::array());
  EXPECT_EQ(get(known).size(), 1u);
}

TEST_P(Groups, BadOnesAreRefusedAndLeaveNothing) {
  EXPECT_EQ(post("ana", {member(1)},
                 {{"groups", {{{"uuid", GROUP}, {"host_placement", {{"type", "nowhere"}}}}}}}),
            400u);
  EXPECT_THAT(last.body, HasSubstr("host-placement-type?"));
  EXPECT_EQ(ask("ana", "GET", std::string("/group?uuid=") + GROUP).status, 404u);
  EXPECT_EQ(ask("ana", "GET", "/jobs/" + idOf(1)).status, 404u);
}

INSTANTIATE_TEST_SUITE_P(Isolation, Groups, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
