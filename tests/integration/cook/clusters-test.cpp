// What administrators say of whole clusters (section 8.24).

#include "admin-fixture.h"

namespace maitred::cook {
namespace {

using ::testing::Contains;

class Clusters : public Admin {
 protected:
  ~Clusters() noexcept override {}

  unsigned set(const std::string& state, json more = json::object(),
               const std::string& query = "") {
    json body{{"name", "fake"}, {"state", state}, {"base-path", "maitred:fake"}, {"ca-cert", ""},
              {"template", "fake"}};
    body.update(more);
    last = ask("boss", "PUT", "/compute-clusters" + query, body);
    return last.status;
  }
  json messageOf(const http::ClientResponse& answer) {
    return json::parse(answer.body, nullptr, false)["error"];
  }
  json shown() { return get("/compute-clusters")["in-mem-configs"][0]; }
};

TEST_P(Clusters, AreShownAsTheyAre) {
  until([&] { return shown()["template"] == "fake"; }, "it has told what it is");
  json all = get("/compute-clusters");
  json one{{"name", "fake"},         {"state", "running"}, {"state-locked?", false},
           {"base-path", "maitred:fake"}, {"ca-cert", ""},      {"template", "fake"},
           {"features", json::array()}};
  EXPECT_EQ(all["db-configs"], json::array({one}));
  one["cluster-definition"] = get("/settings")["compute-clusters"][0];
  EXPECT_EQ(all["in-mem-configs"], json::array({one}));
  EXPECT_EQ(one["cluster-definition"]["factory-fn"], "cook.mesos.mesos-compute-cluster/factory-fn");
}

TEST_P(Clusters, ADrainingOneStartsNothing) {
  EXPECT_EQ(post("ana", {job(1, "hold")}), 201u);
  untilRunning(1);
  EXPECT_EQ(set("draining"), 201u) << last.body;
  json result = json::parse(last.body)[0];
  EXPECT_EQ(result["cluster-name"], "fake");
  EXPECT_EQ(result["valid?"], true);
  EXPECT_EQ(result["goal-config"]["state"], "draining");
  EXPECT_EQ(post("ana", {job(2, "hold")}), 201u);
  until(
      [&] {
        json why = get("/unscheduled_jobs?job=" + idOf(2))[0]["reasons"];
        return why.dump().find("Host takes no jobs at present.") != std::string::npos;
      },
      "it is told why it waits");
  EXPECT_EQ(get("/jobs/" + idOf(1))["state"], "running") << "what runs goes on";
  restart();
  EXPECT_EQ(shown()["state"], "draining") << "it is durable";
  until([&] { return shown()["template"] == "fake"; }, "it is attached anew");
  EXPECT_EQ(get("/jobs/" + idOf(2))["state"], "waiting");
  EXPECT_EQ(set("running"), 201u) << last.body;
  untilRunning(2);
  EXPECT_THAT(audit(), Contains(HasSubstr("boss||cluster.set|fake|running|draining|")));
}

TEST_P(Clusters, OneIsDeletedOnceNothingRunsThere) {
  EXPECT_EQ(post("ana", {job(1, "hold")}), 201u);
  untilRunning(1);
  EXPECT_EQ(set("deleted"), 422u);
  EXPECT_EQ(messageOf(last)["message"], "Cluster update was not successful");
  EXPECT_THAT(messageOf(last)["details"].get<std::string>(), HasSubstr("it must drain first"));
  EXPECT_EQ(set("draining"), 201u);
  EXPECT_EQ(set("deleted"), 422u);
  EXPECT_THAT(messageOf(last)["details"].get<std::string>(), HasSubstr("instances are live there"));
  EXPECT_EQ(ask("ana", "DELETE", "/jobs?job=" + idOf(1)).status, 204u);
  until([&] { return set("deleted") == 201u; }, "its last instance has ended");
  EXPECT_EQ(json::parse(last.body)[0]["active?"], false);
  EXPECT_EQ(set("running", json::object(), "?force=true"), 422u) << "it is final";
  EXPECT_EQ(post("ana", {job(2)}), 201u);
  EXPECT_EQ(ask("boss", "DELETE", "/compute-clusters", {{"name", "fake"}}).status, 204u);
  EXPECT_EQ(shown()["state"], "running") << "nothing is known of it but that it is there";
  until([&] { return get("/jobs/" + idOf(2))["state"] == "success"; }, "it has been run");
  EXPECT_THAT(audit(), Contains(HasSubstr("boss||cluster.delete|fake|deleted||")));
}

TEST_P(Clusters, OnlyWhoInsistsPassesALock) {
  EXPECT_EQ(set("running", {{"state-locked?", true}}), 201u) << last.body;
  EXPECT_EQ(set("draining"), 422u);
  EXPECT_THAT(messageOf(last)["details"].get<std::string>(), HasSubstr("it is locked"));
  EXPECT_EQ(set("draining", json::object(), "?force=true"), 201u);
  EXPECT_EQ(shown()["state-locked?"], true) << "what is not given stays";
}

TEST_P(Clusters, WhatCannotBeIsRefused) {
  json other{{"name", "other"}, {"state", "running"}, {"template", "t"}};
  auto refused = [&](const char* method, const json& body) {
    last = ask("boss", method, "/compute-clusters", body);
    EXPECT_EQ(last.status, 422u) << last.body;
    return messageOf(last)["message"];
  };
  until([&] { return shown()["template"] == "fake"; }, "it has told what it is");
  EXPECT_EQ(refused("POST", other), "Attempting to create cluster with unknown template: t");
  EXPECT_EQ(refused("PUT", other), "Compute cluster with name other does not exist");
  other["template"] = "fake";
  EXPECT_EQ(refused("POST", other), "Cluster creation was not successful");
  EXPECT_THAT(messageOf(last)["details"].get<std::string>(), HasSubstr("uses: { backends:"));
  other["name"] = "fake";
  EXPECT_EQ(refused("POST", other), "Compute cluster with name fake already exists");
  EXPECT_EQ(set("draining", {{"base-path", "https://elsewhere"}}), 422u);
  EXPECT_THAT(messageOf(last)["details"].get<std::string>(), HasSubstr("base-path is"));
  json feature{{"key", "a"}, {"value", "b"}};
  EXPECT_EQ(set("draining", {{"features", json::array({feature})}}), 422u);
  EXPECT_EQ(set(""), 400u) << "no state is none that could be meant";
  EXPECT_EQ(set("asleep"), 400u);
  EXPECT_THAT(last.body, HasSubstr("(not (running-draining-or-deleted? \\\"asleep\\\"))"));
  EXPECT_EQ(set("draining", {{"features", "none"}}), 400u);
  last = ask("boss", "DELETE", "/compute-clusters", {{"name", "other"}});
  EXPECT_EQ(last.status, 400u);
  EXPECT_EQ(messageOf(last)["message"], "Compute cluster with name other does not exist");
  last = ask("boss", "DELETE", "/compute-clusters", json::object());
  EXPECT_EQ(last.status, 400u);
  EXPECT_EQ(messageOf(last)["message"], "You must specify the cluster name to delete");
}

TEST_P(Clusters, OnlyAdminsChangeThem) {
  json body{{"name", "fake"}, {"state", "draining"}};
  for (const char* method : {"POST", "PUT", "DELETE"}) {
    last = ask("ana", method, "/compute-clusters", body);
    EXPECT_EQ(last.status, 403u) << method;
    EXPECT_EQ(errorOf(last), "You are not authorized to access compute cluster information");
  }
  http::ClientRequest acting;
  acting.headers.emplace_back("X-Cook-Impersonate", "ana");
  EXPECT_EQ(ask("boss", "GET", "/compute-clusters", nullptr, kj::mv(acting)).status, 403u);
  EXPECT_EQ(shown()["state"], "running");
}

INSTANTIATE_TEST_SUITE_P(Isolation, Clusters, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
