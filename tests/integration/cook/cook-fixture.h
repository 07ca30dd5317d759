#pragma once
// The finished plugin, inline and in a process of its own, between a backend in the test and HTTP.

#include "fake-backend.h"

#include <maitred/http.h>
#include <maitred/schema/queue.capnp.h>
#include <maitred/testing/harness.h>

#include <cook.capnp.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>

namespace maitred::cook {

using maitred::testing::Isolation;
using nlohmann::json;
using ::testing::HasSubstr;

inline std::string idOf(int n) {
  char text[40];
  std::snprintf(text, sizeof text, "0f6a4e3c-0000-4000-8000-%012d", n);
  return text;
}

inline json job(int n, const char* command = "exit 0", json more = json::object()) {
  json base{{"uuid", idOf(n)}, {"command", command}, {"cpus", 1}, {"mem", 64}, {"max_retries", 1}};
  base.update(more);
  return base;
}

// What a `json` is that is made of `{job(…)}`, a list or the job itself, depends on the compiler.
inline json listOf(json jobs) {
  if (!jobs.is_object()) return jobs;
  json list = json::array();
  list.push_back(std::move(jobs));
  return list;
}

class Cook : public ::testing::TestWithParam<Isolation> {
 protected:
  kj::AsyncIoContext io = kj::setupAsyncIo();
  maitred::testing::TemporaryDirectory folder;
  maitred::testing::Listening listening = maitred::testing::listenOnLoopback();
  FakeBackend backend{io, 4000};
  kj::Own<maitred::testing::PluginUnderTest> plugin;
  std::string policy;
  Authorization authorization = Authorization::CONFIGFILE_ADMINS_AUTH_OPEN_GETS;

  Cook() { start(); }
  ~Cook() noexcept override {}

  // What a test wants otherwise, in each config from now on.
  std::function<void(CookConfig::Builder)> amend = [](CookConfig::Builder) {};

  // What else is granted, from the next start on.
  std::function<void(maitred::testing::PluginUnderTest&)> wire =
      [](maitred::testing::PluginUnderTest&) {};

  void configure(CookConfig::Builder config) {
    config.getHttp().initAuth().setOneUser("boss");
    config.initAdmins(1).set(0, "boss");
    config.initImpersonators(1).set(0, "boss");
    config.initCorsOrigins(1).set(0, "https?://(.*[.])?cors[.]example[.]com");
    auto share = config.initShares(1)[0];
    share.setUser("default");
    share.setCpus(4000);
    share.setMem(uint64_t{1} << 32);
    config.setAuthorization(authorization);
    if (!policy.empty()) config.initPolicies().setFairness(policy);
    amend(config);
  }
  void restart() {
    plugin->kill();
    plugin = nullptr;
    start();
  }
  // Puts `amend` in force while it runs.
  bool reconfigured() {
    capnp::MallocMessageBuilder message;
    configure(message.initRoot<CookConfig>());
    auto request = plugin->client().reconfigureRequest();
    request.getConfig().setAs<CookConfig>(message.getRoot<CookConfig>().asReader());
    return request.send().wait(io.waitScope).getOutcome().isApplied();
  }

  void start() {
    maitred::testing::PluginUnderTest::Options options;
    options.library = getenv("MAITRED_COOK_LIBRARY");
    options.isolation = GetParam();
    options.instance = "cook";
    options.stateDirectory = folder.path();
    options.listeners = {{"rest", listening.fd.get()}};
    plugin = kj::heap<maitred::testing::PluginUnderTest>(io, options);
    configure(plugin->config<CookConfig>());
    plugin->grant("backends", "fake", capnp::typeId<backend::Backend>(), backend.client());
    wire(*plugin);
    plugin->start();
  }

  http::ClientResponse call(const char* method, const std::string& path,
                            const std::string& body = "", const std::string& user = "",
                            http::ClientRequest extra = {}) {
    http::ClientRequest request = kj::mv(extra);
    request.method = method;
    request.url = "http://127.0.0.1:" + std::to_string(listening.port) + path;
    request.body = body;
    if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    if (!user.empty()) request.headers.emplace_back("X-Cook-Impersonate", user);
    http::Client client(io.provider->getNetwork(), io.provider->getTimer());
    return client.send(kj::mv(request)).wait(io.waitScope);
  }
  http::ClientResponse submit(json jobs, const std::string& user = "ana") {
    return call("POST", "/jobs", json{{"jobs", listOf(std::move(jobs))}}.dump(), user);
  }
  json show(int n) { return json::parse(call("GET", "/jobs/" + idOf(n)).body); }

  template <typename Condition>
  void until(Condition&& condition, const char* what) {
    for (int i = 0; i < 1500; ++i) {
      if (condition()) return;
      io.provider->getTimer().afterDelay(10 * kj::MILLISECONDS).wait(io.waitScope);
    }
    FAIL() << "did not happen in time: " << what;
  }
  void untilState(int n, const char* state) {
    until([&] { return show(n)["state"] == state; }, state);
  }
};

inline const auto ISOLATIONS = ::testing::Values(Isolation::inlined, Isolation::process);
inline std::string isolationName(const ::testing::TestParamInfo<Isolation>& info) {
  return info.param == Isolation::inlined ? "inlined" : "process";
}

}  // namespace maitred::cook
