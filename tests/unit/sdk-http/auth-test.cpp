#include "fixture.h"

#include <kj/encoding.h>

namespace maitred::http {
namespace {

class AuthTest : public ::testing::Test {
 protected:
  ~AuthTest() noexcept override {}
  void header(std::string_view name, std::string_view value) { request.headers.add({name, value}); }
  void credentials(std::string_view text) {
    auto encoded = kj::encodeBase64(
        kj::arrayPtr(text.data(), text.size()).asBytes(), false);
    line = std::string("Basic ") + encoded.cStr();
    header("Authorization", line);
  }
  void from(std::string host, RemoteAddress::Kind kind = RemoteAddress::Kind::ip) {
    request.remote = {kind, std::move(host), 1234};
  }
  // "user by scheme", or "401 reason".
  std::string ask(Authenticator& authenticator) {
    auto outcome = authenticator.authenticate(request).wait(wait);
    if (auto* rejection = std::get_if<Rejection>(&outcome)) {
      challenge = rejection->challenge;
      return std::to_string(rejection->status) + " " + rejection->reason;
    }
    auto& principal = std::get<Principal>(outcome);
    return principal.name + " by " + principal.scheme;
  }

  kj::EventLoop loop;
  kj::WaitScope wait{loop};
  Request request;
  std::string line, challenge;
  kj::Own<Authenticator> table = basic({{"ana", "secret"}, {"bob", "pa:ss"}}, "Cook \"1\"");
};

TEST_F(AuthTest, OneUserIsEverybody) { EXPECT_EQ(ask(*oneUser("ana")), "ana by one-user"); }

TEST_F(AuthTest, BasicAcceptsTheRightPassword) {
  credentials("bob:pa:ss");
  EXPECT_EQ(ask(*table), "bob by basic");
}

TEST_F(AuthTest, BasicRefusesWrongPasswordAndUnknownUserAlike) {
  credentials("ana:Secret");
  auto wrong = ask(*table);
  EXPECT_THAT(wrong, StartsWith("401 "));
  EXPECT_THAT(wrong, Not(HasSubstr("Secret")));
  EXPECT_EQ(challenge, "Basic realm=\"Cook \\\"1\\\"\", charset=\"UTF-8\"");
  request.headers.clear();
  credentials("eve:secret");
  EXPECT_EQ(ask(*table), wrong);
  request.headers.clear();
  credentials("ana:");
  EXPECT_EQ(ask(*table), wrong);
}

TEST_F(AuthTest, BasicRefusesMalformedHeaders) {
  EXPECT_THAT(ask(*table), HasSubstr("missing"));
  for (auto text : {"Basic", "Basic ", "Basic !!!", "Bearer YTpi", "Basic YQ==", "Basic Om5v"}) {
    request.headers.clear();
    header("authorization", text);
    EXPECT_THAT(ask(*table), StartsWith("401 malformed")) << text;
  }
  request.headers.clear();
  credentials("ana:secret");
  header("Authorization", line);
  EXPECT_THAT(ask(*table), StartsWith("401 malformed"));   // twice: which one counts?
}

TEST_F(AuthTest, BasicRefusesNamesThatWouldForgeALog) {
  auto open = basicAnyPassword("r");
  credentials("a\nb:x");
  EXPECT_THAT(ask(*open), StartsWith("401"));
  request.headers.clear();
  credentials("\xff:x");
  EXPECT_THAT(ask(*open), StartsWith("401"));
}

TEST_F(AuthTest, AnyPasswordBelievesTheName) {
  credentials("zoë:");
  EXPECT_EQ(ask(*basicAnyPassword("r")), "zoë by basic");
}

TEST_F(AuthTest, TrustedHeaderCountsOnlyFromTheProxy) {
  auto trusted = trustedHeader("X-Remote-User", AddressSet::parse({"10.0.0.0/8"}));
  header("x-remote-user", "ana");
  from("192.0.2.1");
  EXPECT_THAT(ask(*trusted), StartsWith("403"));
  from("10.1.2.3");
  EXPECT_EQ(ask(*trusted), "ana by trusted-header");
  header("X-Remote-User", "root");
  EXPECT_THAT(ask(*trusted), StartsWith("401"));
  request.headers.clear();
  EXPECT_THAT(ask(*trusted), StartsWith("401"));
}

TEST_F(AuthTest, AddressSetKnowsNetworks) {
  auto set = AddressSet::parse({"127.0.0.1", "10.0.0.0/9", "2001:db8::/33", "unix"});
  auto has = [&](std::string host, RemoteAddress::Kind kind = RemoteAddress::Kind::ip) {
    return set.contains({kind, std::move(host), 0});
  };
  EXPECT_TRUE(has("127.0.0.1"));
  EXPECT_TRUE(has("::ffff:127.0.0.1"));
  EXPECT_TRUE(has("10.127.255.255"));
  EXPECT_TRUE(has("2001:db8:7fff::1"));
  EXPECT_TRUE(has("unix", RemoteAddress::Kind::unixSocket));
  EXPECT_FALSE(has("127.0.0.2"));
  EXPECT_FALSE(has("10.128.0.0"));
  EXPECT_FALSE(has("2001:db8:8000::1"));
  EXPECT_FALSE(has("unknown", RemoteAddress::Kind::unknown));
  EXPECT_FALSE(AddressSet::parse({}).contains({RemoteAddress::Kind::ip, "127.0.0.1", 0}));
}

TEST_F(AuthTest, AddressSetNamesTheBadEntry) {
  for (auto entry : {"localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129", "10.0.0",
                     "10.0.0.0/8x", ""}) {
    auto failure = kj::runCatchingExceptions([&]() { AddressSet::parse({"127.0.0.1", entry}); });
    KJ_IF_MAYBE (exception, failure) {
      EXPECT_THAT(exception->getDescription().cStr(), HasSubstr(entry));
    } else {
      ADD_FAILURE() << entry;
    }
  }
}

}  // namespace
}  // namespace maitred::http
