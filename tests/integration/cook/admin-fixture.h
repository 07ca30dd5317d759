#pragma once
// The plugin with several users, who have several rights: `boss` is an admin.

#include "cook-fixture.h"

#include <kj/encoding.h>
#include <sqlite3.h>

namespace maitred::cook {

class Admin : public Cook {
 protected:
  Admin() {
    amend = [this](CookConfig::Builder config) {
      config.getHttp().initAuth().initBasic().setAnyPassword();
      if (pools) withPools(config);
      more(config);
    };
    EXPECT_TRUE(reconfigured());
  }
  ~Admin() noexcept override {}

  bool pools = false;
  PoolState batchState = PoolState::ACTIVE;
  std::function<void(CookConfig::Builder)> more = [](CookConfig::Builder) {};

  void withPools(CookConfig::Builder config) {
    config.setDefaultPool("default");  // where the backend's node is
    auto list = config.initPools(2);
    list[0].setName("default");
    list[0].setPurpose("all sorts");
    list[1].setName("batch");
    list[1].setState(batchState);
    auto quota = list[1].initQuotas(1)[0];
    quota.setUser("default");
    quota.setCount(7);
  }
  void usePools() {
    pools = true;
    restart();
  }

  http::ClientResponse ask(const std::string& user, const char* method, const std::string& path,
                           const json& body = nullptr, http::ClientRequest extra = {}) {
    auto basic = kj::encodeBase64(kj::StringPtr((user + ":any").c_str()).asBytes());
    extra.headers.emplace_back("Authorization", std::string("Basic ") + basic.cStr());
    return call(method, path, body.is_null() ? "" : body.dump(), "", kj::mv(extra));
  }
  json get(const std::string& path, const std::string& user = "ana") {
    auto answer = ask(user, "GET", path);
    EXPECT_EQ(answer.status, 200u) << path << ": " << answer.body;
    return json::parse(answer.body, nullptr, false);
  }
  unsigned post(const std::string& user, json jobs, json more = json::object()) {
    more["jobs"] = listOf(std::move(jobs));
    last = ask(user, "POST", "/jobs", more);
    return last.status;
  }
  json setQuota(const std::string& user, json amounts, json more = json::object()) {
    json body{{"user", user}, {"reason", "a test"}, {"quota", std::move(amounts)}};
    body.update(more);
    last = ask("boss", "POST", "/quota", body);
    EXPECT_EQ(last.status, 201u) << last.body;
    return json::parse(last.body, nullptr, false);
  }
  std::string errorOf(const http::ClientResponse& answer) {
    json body = json::parse(answer.body, nullptr, false);
    return body.is_object() && body.contains("error") ? body["error"].get<std::string>()
                                                      : answer.body;
  }
  void untilRunning(int n, const char* user = "ana") {
    until([&] { return get("/jobs/" + idOf(n), user)["state"] == "running"; }, "it runs");
  }
  // What the audit log says, oldest first: "user action target before after reason".
  std::vector<std::string> audit() {
    std::vector<std::string> lines;
    sqlite3* db = nullptr;
    sqlite3_open_v2((folder.path() + "/cook.db").c_str(), &db, SQLITE_OPEN_READWRITE, nullptr);
    auto row = [](void* to, int count, char** values, char**) {
      std::string text;
      for (int i = 0; i < count; ++i) text += (i == 0 ? "" : "|") + std::string(values[i]);
      static_cast<std::vector<std::string>*>(to)->push_back(text);
      return 0;
    };
    sqlite3_exec(db,
                 "SELECT user, on_behalf_of, action, target, before, after, reason FROM audit "
                 "ORDER BY rowid",
                 row, &lines, nullptr);
    sqlite3_close(db);
    return lines;
  }
  http::ClientResponse last;
};

}  // namespace maitred::cook
