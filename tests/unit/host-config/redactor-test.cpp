// What a Redactor takes out of a text, and what it leaves.
#include "host/config/redactor.h"

#include "scratch.h"

#include <gmock/gmock.h>

namespace maitred::host {
namespace {

class RedactorTest : public ScratchTest {
 protected:
  Redactor of(const std::string& members) {
    auto result = load(kitchen(members));
    EXPECT_EQ(report(result), "");
    Redactor redactor;
    redactor.add(*result.config);
    return redactor;
  }
};

TEST_F(RedactorTest, TakesOutSecretsWhereverTheyStand) {
  auto redact = of("      password: opensesame\n");
  EXPECT_EQ(redact("opensesame"), "***");
  EXPECT_EQ(redact("a opensesame, opensesameopensesame!"), "a ***, ******!");
  EXPECT_EQ(redact("open sesame"), "open sesame");
  EXPECT_EQ(redact(""), "");
}

TEST_F(RedactorTest, KnowsHowJsonYamlAndUrlsWriteThem) {
  auto redact = of("      password: 'say \"friend\" & $enter'\n");
  EXPECT_EQ(redact(R"({"p":"say \"friend\" & $enter"})"), R"({"p":"***"})");
  EXPECT_EQ(redact(R"(p: "say \"friend\" & $$enter")"), R"(p: "***")");
  EXPECT_EQ(redact("?p=say%20%22friend%22%20%26%20%24enter&q=1"), "?p=***&q=1");
}

TEST_F(RedactorTest, KnowsEachLineOfALongSecret) {
  write("key", "-----BEGIN-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END-----\n");
  auto redact = of("      password: file:key\n");
  EXPECT_EQ(redact("read MIIEvQIBADANBgkq and hkiG9w0BAQEFAASC"), "read *** and ***");
}

TEST_F(RedactorTest, TakesOutWhatCameFromVariablesAndFiles) {
  variables["DISH"] = "bouillabaisse";
  variables["PLACE"] = "/srv/kitchen";
  write("dish", "ratatouille\n");
  auto redact = of("      guests: [\"${DISH}, ${UNSET:-default words}, ${PLACE}\"]\n");
  EXPECT_EQ(redact("bouillabaisse"), "***");
  EXPECT_EQ(redact("default words"), "default words") << "it stands in the configuration";
  EXPECT_EQ(redact("/srv/kitchen/soup"), "/srv/kitchen/soup") << "a path";
  EXPECT_EQ(of("      guests: [file:dish]\n")("ratatouille"), "***");
}

TEST_F(RedactorTest, LeavesWhatIsTooShortToBeFound) {
  EXPECT_EQ(of("      password: abc\n")("abcdef"), "abcdef");
  EXPECT_EQ(of("      password: abcd\n")("abcdef"), "***ef");
}

TEST_F(RedactorTest, ALongerSecretGoesFirstAndEarlierOnesStayKnown) {
  auto redact = of("      password: spring\n");
  auto later = load(kitchen("      password: springtime\n"));
  redact.add(*later.config);
  EXPECT_EQ(redact("spring springtime"), "*** ***");
}

}  // namespace
}  // namespace maitred::host
