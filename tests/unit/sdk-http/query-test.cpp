#include "fixture.h"

namespace maitred::http {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(Query, KeepsOrderAndRepetition) {
  auto query = Query::parse("uuid=a&x=1+2%2B&uuid=b&flag&empty=&&%C3%A9=%E2%82%AC");
  EXPECT_THAT(query.items(),
              ElementsAre(Pair("uuid", "a"), Pair("x", "1 2+"), Pair("uuid", "b"), Pair("flag", ""),
                          Pair("empty", ""), Pair("é", "€")));
  EXPECT_THAT(query.all("uuid"), ElementsAre("a", "b"));
  EXPECT_EQ(query.get("uuid"), "a");
  EXPECT_EQ(query.get("flag"), "");
  EXPECT_FALSE(query.has("none"));
  EXPECT_EQ(Query::parse("a=b=c").get("a"), "b=c");
  EXPECT_TRUE(Query::parse("").empty());
}

TEST(Query, RefusesWhatIsMalformed) {
  for (auto text : {"a=%", "a=%4", "a=%zz", "%=1", "a=%00", "a=%ff", "a=%c3", "a=%c0%af",
                    "a=%ed%a0%80", "a=%f4%90%80%80"}) {
    EXPECT_EQ(errorOf([&]() { Query::parse(text); }).status, 400u) << text;
  }
  EXPECT_THAT(errorOf([]() { Query::parse("good=1&bad=%zz"); }).message, HasSubstr("'bad=%zz'"));
}

TEST(Percent, EncodesAndDecodesBack) {
  std::string text = "a b/ü?&=+%~-._€";
  std::string encoded = percentEncode(text);
  EXPECT_EQ(encoded.find_first_of(" /?&=+"), std::string::npos);
  EXPECT_EQ(percentDecode(encoded, false), text);
  EXPECT_EQ(percentDecode("a+b", false), "a+b");
}

}  // namespace
}  // namespace maitred::http
