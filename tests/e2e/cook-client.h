#pragma once
// Stands in for Cook's clients: their requests with their headers, in the order in which they make
// them, and a look at every field that they read. It takes answers as they do: what a client would
// stumble over fails the test.

#include "system.h"

#include <gtest/gtest.h>

#include <set>

namespace maitred::e2e {

using Parameters = std::vector<std::pair<std::string, std::string>>;

// What a reference may mean; each in the form in which /rawscheduler and /group give it.
struct Entities {
  std::vector<json> jobs, instances, groups;  // `instances`: the jobs that have them
  size_t count() const { return jobs.size() + instances.size() + groups.size(); }
};

class CookClient {
 public:
  CookClient(System& system, std::string user, std::string agent = "cs/3.9.5 (requests/2.28.1)")
      : system(system), user(std::move(user)), agent(std::move(agent)) {}

  http::ClientResponse get(const std::string& endpoint, const Parameters& parameters = {});
  http::ClientResponse post(const std::string& endpoint, const json& body);
  http::ClientResponse put(const std::string& endpoint, const json& body);
  http::ClientResponse del(const std::string& endpoint, const Parameters& parameters);
  // To a whole URL, as the clients do that follow `output_url`.
  http::ClientResponse fetch(const std::string& url, const Parameters& parameters = {});
  void impersonate(std::string whom) { impersonated = std::move(whom); }

  // A `get` that has to be answered 200 with JSON.
  json data(const std::string& endpoint, const Parameters& parameters = {});

  // --- what the subcommands of `cs` have in common ---
  // Submits, and returns the UUIDs that the answer names before its groups.
  std::vector<std::string> submit(const std::vector<json>& jobs, const json& group = nullptr,
                                  const std::string& pool = "");
  // Looks a UUID up as a job, as an instance and as a group; whatever is not 200 counts as nothing.
  Entities resolve(const std::string& uuid);
  // Polls as `cs wait` does.
  json wait(const std::string& uuid);
  json waitUntil(const std::string& uuid, const std::string& status);

 private:
  System& system;
  std::string user, agent, impersonated;

  http::ClientResponse send(const char* method, std::string url, const Parameters& parameters,
                            const json& body);
};

// All that `cs show` and `cs jobs` print of a job, and `cs usage` adds up.
void expectJob(const json& job);
// What `cs show`, `cs ssh` and the commands for files read of an instance.
void expectInstance(const json& instance);
void expectGroup(const json& group);
// The instance that commands take for a job: the one that started last.
const json& latestInstance(const json& job);

// A job as `cs submit` writes it without options.
json csJob(const std::string& command);

// Each of the configurations that ship to take a Cook's place, and who comes there.
struct Shipped {
  const char* name;
  const char* file;
  const char* user;
  const char* admin;
};
inline constexpr Shipped SHIPPED[] = {
    {"OneUser", "examples/cook/one-user.yaml", "root", "root"},
    {"HttpBasic", "examples/cook/http-basic.yaml", "ana", "admin"}};

class ClientTest : public ::testing::TestWithParam<Shipped> {
 protected:
  System system{System::Options{.shipped = GetParam().file}};
  CookClient cs{system, GetParam().user};
  CookClient admin{system, GetParam().admin};

  void SetUp() override { system.start(); }
};

}  // namespace maitred::e2e
