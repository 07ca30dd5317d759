// Settings with a value for a portion of the jobs (section 8.25).

#include "admin-fixture.h"

namespace maitred::cook {
namespace {

using ::testing::Contains;

class IncrementalConfig : public Admin {
 protected:
  ~IncrementalConfig() noexcept override {}

  json images = json::parse(R"({"configs": [{"key": "image", "values": [
      {"value": "new:2", "portion": 0.2, "comment": "try it"},
      {"value": "old:1", "portion": 0.8}]}]})");

  unsigned set(const json& body, const std::string& user = "boss") {
    last = ask(user, "POST", "/incremental-config", body);
    return last.status;
  }
};

TEST_P(IncrementalConfig, IsKept) {
  EXPECT_EQ(get("/incremental-config"), json::object());
  EXPECT_EQ(set(images), 201u) << last.body;
  json other = json::parse(R"({"configs": [{"key": "b",
      "values": [{"value": "x", "portion": 1.0}]}]})");
  EXPECT_EQ(set(other), 201u);
  restart();
  json all{{"image", images["configs"][0]["values"]}, {"b", other["configs"][0]["values"]}};
  EXPECT_EQ(get("/incremental-config"), all) << "what was not named has stayed";
  other["configs"][0]["values"] = json::array();
  EXPECT_EQ(set(other), 201u);
  all.erase("b");
  EXPECT_EQ(get("/incremental-config"), all);
  EXPECT_THAT(audit(),
              Contains(HasSubstr("boss||incremental.set|image||[{\"comment\":\"try it\"")));
  EXPECT_THAT(audit(), Contains("boss||incremental.set|b|[{\"portion\":1.0,\"value\":\"x\"}]||"));
}

TEST_P(IncrementalConfig, IsForAdminsAndOfItsShape) {
  EXPECT_EQ(set(images, "ana"), 403u);
  EXPECT_EQ(errorOf(last), "You are not authorized to access incremental config information");
  images["configs"][0]["values"][0]["portion"] = 0.3;
  EXPECT_EQ(set(images), 400u);
  EXPECT_EQ(errorOf(last), "The portions of image are more than 1 together.");
  images["configs"][0]["values"][0]["portion"] = -0.1;
  EXPECT_EQ(set(images), 400u);
  EXPECT_THAT(last.body, HasSubstr("(not (between-0-and-1? -0.1))"));
  images["configs"][0] = {{"key", ""}};
  EXPECT_EQ(set(images), 400u);
  EXPECT_EQ(json::parse(last.body)["errors"]["configs"][0]["values"], "missing-required-key");
  EXPECT_EQ(set({{"configs", 1}}), 400u);
  EXPECT_EQ(set({{"config", json::array()}}), 400u);
  EXPECT_EQ(get("/incremental-config"), json::object());
}

TEST_P(IncrementalConfig, TellsTheImageOfDefaultContainers) {
  more = [](CookConfig::Builder config) {
    auto rule = config.initDefaultContainers(1)[0];
    rule.setPoolRegex(".*");
    rule.setImage("base:1");
    rule.setImageConfig("image");
  };
  ASSERT_TRUE(reconfigured());
  auto image = [&](int n) {
    EXPECT_EQ(post("daemon", {job(n, "hold")}), 201u) << last.body;
    return get("/jobs/" + idOf(n))["container"]["docker"]["image"];
  };
  EXPECT_EQ(image(1), "base:1");
  images["configs"][0]["values"] = json::array({json{{"value", "all:3"}, {"portion", 1}}});
  EXPECT_EQ(set(images), 201u) << last.body;
  EXPECT_EQ(image(2), "all:3");
  EXPECT_EQ(get("/jobs/" + idOf(1))["container"]["docker"]["image"], "base:1");
}

INSTANTIATE_TEST_SUITE_P(Isolation, IncrementalConfig, ISOLATIONS, isolationName);

}  // namespace
}  // namespace maitred::cook
