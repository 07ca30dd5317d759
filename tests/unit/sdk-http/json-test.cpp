#include "fixture.h"

#include <maitred/http/json.h>

#include <nlohmann/json.hpp>

namespace maitred::http {
namespace {

std::string refusal(std::string_view text, size_t depth = 64) {
  auto seen = errorOf([&]() { parseJson(text, depth); });
  EXPECT_EQ(seen.status, 400u);
  return seen.message;
}

TEST(Json, ReadsADocument) {
  auto text = R"({"a":[1,-2,2.5,18446744073709551615,true,null,"é\n"],"b":{"c":{}}})";
  EXPECT_EQ(parseJson(text).dump(), text);
  EXPECT_EQ(parseJson(" 7 ").get<int>(), 7);
}

TEST(Json, SaysWhereTheSyntaxErrs) {
  auto message = refusal("{\"jobs\":\n [1, }");
  EXPECT_THAT(message, HasSubstr("line 2, column 6"));
  EXPECT_THAT(message, HasSubstr("expected"));
  EXPECT_THAT(message, HasSubstr("byte"));
  EXPECT_THAT(message, Not(HasSubstr("json.exception")));
  EXPECT_THAT(refusal(""), HasSubstr("empty body"));
  EXPECT_THAT(refusal("{} {}"), HasSubstr("line 1, column 4"));
}

TEST(Json, RefusesWhatIsNotStrict) {
  for (auto text : {"[1,]", "{'a':1}", "{a:1}", "[01]", "[1.]", "[NaN]", "// c\n1", "\"\xff\"",
                    "\"\xc0\xaf\"", "\"\\ud800\"", "\"a\tb\"", "[1e999]", "{\"a\"}", "[", "tru"}) {
    EXPECT_THAT(refusal(text), StartsWith("JSON: ")) << text;
  }
  EXPECT_THAT(refusal(std::string_view("[1]\0", 4)), StartsWith("JSON: "));
}

TEST(Json, RefusesDuplicateKeysWithTheirPath) {
  EXPECT_THAT(refusal(R"({"jobs":[{"env":{}},{"env":{"A":1,"A":2}}]})"),
              HasSubstr("at /jobs/1/env: the key 'A' occurs twice"));
  EXPECT_THAT(refusal(R"({"a":1,"a":1})"), HasSubstr("at the top level"));
  EXPECT_NO_THROW(parseJson(R"([{"a":1},{"a":1}])"));
}

// As often as there are elements the key was copied: that of these took an hour.
TEST(Json, ALongKeyWithManyElementsCostsWhatItIsLong) {
  std::string text = "{\"" + std::string(2'000'000, 'k') + "\":[[]";
  for (int i = 0; i < 1'000'000; ++i) text += ",[]";
  EXPECT_EQ(parseJson(text + "]}").begin()->size(), 1'000'001u);
}

TEST(Json, BoundsTheDepth) {
  EXPECT_NO_THROW(parseJson("[[[]]]", 3));
  EXPECT_THAT(refusal("[[[[]]]]", 3), HasSubstr("at /0/0: nested deeper than 3 levels"));
  std::string deep(1000000, '[');
  EXPECT_THAT(refusal(deep), HasSubstr("deeper than 64"));
}

}  // namespace
}  // namespace maitred::http
