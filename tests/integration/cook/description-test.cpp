// Whether the description of the REST interface tells every route, and /metrics (section 8.20).

#include "admin-fixture.h"

namespace maitred::cook {
namespace {

class Description : public Admin {
 protected:
  ~Description() noexcept override {}
};

TEST_P(Description, HasEveryRouteAndNoOther) {
  json described = get("/openapi.json");
  EXPECT_EQ(described, get("/swagger-docs"));
  auto request = plugin->client().commandRequest();
  request.setName("routes");
  auto answer = request.send().wait(io.waitScope);
  std::set<std::string> served, told;
  for (std::string route : json::parse(answer.getOutput().cStr())) served.insert(route);
  for (const auto& [path, methods] : described["paths"].items()) {
    std::string route = path;
    if (auto at = route.find("{uuid}"); at != route.npos) route.replace(at, 6, ":uuid");
    for (const auto& [method, operation] : methods.items()) {
      std::string name = method;
      std::transform(name.begin(), name.end(), name.begin(), ::toupper);
      bool open = operation.contains("security");
      told.insert(name + " " + route + (open ? " open" : ""));
      if (!operation.contains("requestBody")) continue;
      json body = operation["requestBody"]["content"]["application/json"];
      std::string schema = body["schema"]["$ref"];
      EXPECT_TRUE(described.contains(json::json_pointer(schema.substr(1)))) << schema;
    }
  }
  EXPECT_EQ(told, served);
  EXPECT_THAT(ask("ana", "GET", "/swagger-ui").body, HasSubstr("<td>/unscheduled_jobs"));
}

TEST_P(Description, MetricsAreForEverybody) {
  auto metrics = call("GET", "/metrics");
  EXPECT_EQ(metrics.status, 200u);
  EXPECT_THAT(metrics.body, HasSubstr("maitred_cook_submitted_total"));
  EXPECT_THAT(metrics.body, HasSubstr("maitred_cook_progress_total"));
}

INSTANTIATE_TEST_SUITE_P(Isolation, Description, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
