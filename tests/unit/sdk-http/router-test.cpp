#include "fixture.h"

namespace maitred::http {
namespace {

class RouterTest : public ::testing::Test {
 protected:
  void add(std::string_view method, std::string_view pattern) {
    router.on(method, pattern, [](Request&) { return Response::empty(); });
    patterns.emplace_back(pattern);
  }
  // The parameters of the match, or "none", or "allow: …".
  std::string find(std::string_view method, std::vector<std::string> segments) {
    Request request;
    request.method = method;
    request.segments = std::move(segments);
    auto match = router.find(request);
    if (match.route == nullptr) return match.allow.empty() ? "none" : "allow: " + match.allow;
    std::string result = "ok";
    for (auto& [name, value] : request.params) result += " " + name + "=" + value;
    return result;
  }

  Router router;
  std::vector<std::string> patterns;
};

TEST_F(RouterTest, MatchesLiteralsParametersAndRest) {
  add("GET", "/");
  add("GET", "/jobs");
  add("GET", "/jobs/:uuid");
  add("GET", "/jobs/:uuid/instances/:instance");
  add("GET", "/files/*path");
  EXPECT_EQ(find("GET", {""}), "ok");
  EXPECT_EQ(find("GET", {"jobs"}), "ok");
  EXPECT_EQ(find("GET", {"jobs", "a/b"}), "ok uuid=a/b");
  EXPECT_EQ(find("GET", {"jobs", "a", "instances", "7"}), "ok uuid=a instance=7");
  EXPECT_EQ(find("GET", {"files", "a", "b", ""}), "ok path=a/b/");
  EXPECT_EQ(find("GET", {"jobs", ""}), "none");
  EXPECT_EQ(find("GET", {"job"}), "none");
  EXPECT_EQ(find("GET", {"jobs", "a", "instances"}), "none");
}

TEST_F(RouterTest, PrefersTheLiteralButGoesBack) {
  add("GET", "/jobs/:uuid");
  add("POST", "/jobs/retry");
  add("GET", "/jobs/retry/all");
  EXPECT_EQ(find("POST", {"jobs", "retry"}), "ok");
  EXPECT_EQ(find("GET", {"jobs", "retry"}), "ok uuid=retry");
  EXPECT_EQ(find("DELETE", {"jobs", "retry"}), "allow: GET, HEAD, POST");
}

TEST_F(RouterTest, ServesHeadAndAnyMethod) {
  add("GET", "/a");
  add("*", "/any");
  EXPECT_EQ(find("HEAD", {"a"}), "ok");
  EXPECT_EQ(find("PUT", {"a"}), "allow: GET, HEAD");
  EXPECT_EQ(find("PURGE", {"any"}), "ok");
  EXPECT_EQ(find("HEAD", {"any"}), "ok");
}

TEST_F(RouterTest, RefusesPatternsThatMakeNoSense) {
  add("GET", "/a/:x");
  EXPECT_ANY_THROW(add("GET", "/a/:y"));
  EXPECT_ANY_THROW(add("GET", "a"));
  EXPECT_ANY_THROW(add("GET", "/a/:"));
  EXPECT_ANY_THROW(add("GET", "/a/*rest/b"));
}

}  // namespace
}  // namespace maitred::http
