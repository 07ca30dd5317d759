#include "cook-client.h"

#include <maitred/http/query.h>

#include <kj/debug.h>
#include <kj/encoding.h>

#include <gmock/gmock.h>

#include <sstream>

namespace maitred::e2e {

using ::testing::AnyOf;
using ::testing::StartsWith;

http::ClientResponse CookClient::send(const char* method, std::string url,
                                      const Parameters& parameters, const json& body) {
  http::ClientRequest request;
  request.method = method;
  char separator = url.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [key, value] : parameters) {
    url += separator + http::percentEncode(key) + '=' + http::percentEncode(value);
    separator = '&';
  }
  request.url = std::move(url);
  auto credentials = kj::encodeBase64(kj::StringPtr((user + ":any").c_str()).asBytes());
  request.headers = {{"User-Agent", agent},
                     {"Accept-Encoding", "gzip, deflate"},
                     {"Accept", "*/*"},
                     {"Authorization", std::string("Basic ") + credentials.cStr()}};
  if (!impersonated.empty()) request.headers.emplace_back("X-Cook-Impersonate", impersonated);
  if (!body.is_null()) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = body.dump();
  }
  return system.send(std::move(request));
}

http::ClientResponse CookClient::get(const std::string& endpoint, const Parameters& parameters) {
  return send("GET", system.restUrl() + "/" + endpoint, parameters, nullptr);
}

http::ClientResponse CookClient::post(const std::string& endpoint, const json& body) {
  return send("POST", system.restUrl() + "/" + endpoint, {}, body);
}

http::ClientResponse CookClient::put(const std::string& endpoint, const json& body) {
  return send("PUT", system.restUrl() + "/" + endpoint, {}, body);
}

http::ClientResponse CookClient::del(const std::string& endpoint, const Parameters& parameters) {
  return send("DELETE", system.restUrl() + "/" + endpoint, parameters, nullptr);
}

http::ClientResponse CookClient::fetch(const std::string& url, const Parameters& parameters) {
  return send("GET", url, parameters, nullptr);
}

json CookClient::data(const std::string& endpoint, const Parameters& parameters) {
  auto answer = get(endpoint, parameters);
  EXPECT_EQ(answer.status, 200u) << endpoint << ": " << answer.body;
  EXPECT_THAT(std::string(answer.header("Content-Type").value_or("")),
              StartsWith("application/json"))
      << endpoint;
  json read = json::parse(answer.body, nullptr, false);
  EXPECT_FALSE(read.is_discarded()) << endpoint << ": " << answer.body;
  return read;
}

std::vector<std::string> CookClient::submit(const std::vector<json>& jobs, const json& group,
                                            const std::string& pool) {
  json body{{"jobs", jobs}};
  if (!group.is_null()) body["groups"] = json::array({group});
  if (!pool.empty()) body["pool"] = pool;
  auto answer = post("jobs", body);
  EXPECT_EQ(answer.status, 201u) << answer.body;
  std::istringstream words(answer.body.substr(0, answer.body.find(" submitted groups")));
  std::vector<std::string> uuids;
  for (std::string word; words >> word;) {
    if (word.size() == 36) uuids.push_back(word);
  }
  EXPECT_EQ(uuids, uuidsOf(jobs)) << answer.body;
  return uuids;
}

Entities CookClient::resolve(const std::string& uuid) {
  auto found = [&](const char* endpoint, Parameters parameters) {
    auto answer = get(endpoint, parameters);
    if (answer.status == 200) return json::parse(answer.body).get<std::vector<json>>();
    EXPECT_EQ(answer.status, 404u) << endpoint << ": " << answer.body;
    return std::vector<json>();
  };
  return {found("rawscheduler", {{"job", uuid}, {"partial", "true"}}),
          found("rawscheduler", {{"instance", uuid}, {"partial", "true"}}),
          found("group", {{"uuid", uuid}, {"partial", "true"}, {"detailed", "true"}})};
}

json CookClient::wait(const std::string& uuid) {
  return waitUntil(uuid, "completed");
}

json CookClient::waitUntil(const std::string& uuid, const std::string& status) {
  json job;
  system.eventually("the job is " + status, [&] {
    job = data("rawscheduler", {{"job", uuid}, {"partial", "true"}}).at(0);
    return job.at("status") == status;
  });
  return job;
}

void expectJob(const json& job) {
  for (const char* key : {"uuid", "user", "name", "command", "framework_id"}) {
    EXPECT_TRUE(job.at(key).is_string()) << key;
  }
  for (const char* key : {"priority", "gpus", "ports", "max_retries", "retries_remaining",
                          "max_runtime", "submit_time"}) {
    EXPECT_TRUE(job.at(key).is_number_integer()) << key;
  }
  for (const char* key : {"cpus", "mem"}) EXPECT_TRUE(job.at(key).is_number()) << key;
  for (const char* key : {"env", "labels"}) EXPECT_TRUE(job.at(key).is_object()) << key;
  for (const char* key : {"constraints", "instances"}) EXPECT_TRUE(job.at(key).is_array()) << key;
  EXPECT_TRUE(job.at("disable_mea_culpa_retries").is_boolean());
  EXPECT_TRUE(job.at("uris").is_null() || job.at("uris").is_array());
  EXPECT_THAT(job.at("status"), AnyOf("waiting", "running", "completed"));
  EXPECT_THAT(job.at("state"), AnyOf("waiting", "running", "success", "failed"));
  EXPECT_TRUE(job.at("pool").is_string());
  if (job.contains("application")) {
    EXPECT_TRUE(job["application"].at("name").is_string());
    EXPECT_TRUE(job["application"].at("version").is_string());
  }
  for (const json& instance : job["instances"]) expectInstance(instance);
}

void expectInstance(const json& instance) {
  for (const char* key : {"task_id", "executor_id", "hostname", "slave_id", "agent_id"}) {
    EXPECT_TRUE(instance.at(key).is_string()) << key;
  }
  EXPECT_EQ(instance.at("executor_id"), instance.at("task_id"));
  EXPECT_EQ(instance.at("agent_id"), instance.at("slave_id"));
  EXPECT_TRUE(instance.at("start_time").is_number_integer());
  EXPECT_THAT(instance.at("status"), AnyOf("unknown", "running", "success", "failed"));
  EXPECT_TRUE(instance.at("ports").is_array());
  EXPECT_TRUE(instance.at("preempted").is_boolean());
  EXPECT_EQ(instance.at("backfilled"), false);
  EXPECT_EQ(instance.at("compute-cluster").at("type"), "mesos");
  EXPECT_TRUE(instance.at("compute-cluster").at("name").is_string());
  if (instance.at("status") == "failed" && instance.contains("end_time")) {
    EXPECT_TRUE(instance.at("reason_string").is_string());
    EXPECT_TRUE(instance.at("reason_code").is_number_integer());
    EXPECT_TRUE(instance.at("reason_mea_culpa").is_boolean());
  }
}

void expectGroup(const json& group) {
  EXPECT_TRUE(group.at("uuid").is_string());
  EXPECT_TRUE(group.at("name").is_string());
  EXPECT_TRUE(group.at("host_placement").at("type").is_string());
  EXPECT_TRUE(group.at("straggler_handling").at("type").is_string());
  for (const char* key : {"completed", "running", "waiting"}) {
    EXPECT_TRUE(group.at(key).is_number_integer()) << key;
  }
  for (const json& job : group.at("jobs")) EXPECT_TRUE(job.is_string());
}

const json& latestInstance(const json& job) {
  const json* latest = nullptr;
  for (const json& one : job.at("instances")) {
    if (latest == nullptr || one.at("start_time") > latest->at("start_time")) latest = &one;
  }
  KJ_REQUIRE(latest != nullptr, "the job has no instance");
  return *latest;
}

json csJob(const std::string& command) {
  json made = job(command);
  return {{"uuid", made["uuid"]},
          {"name", "ana_job"},
          {"command", command},
          {"cpus", 1},
          {"mem", 128},
          {"max-retries", 1},
          {"application", {{"name", "cook-scheduler-cli"}, {"version", "3.9.5"}}}};
}

}  // namespace maitred::e2e
