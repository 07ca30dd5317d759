// The bearer authenticator: its header, and keys that come, change and stay away.
#include "fixture.h"
#include "jwt-maker.h"

#include <maitred/http/jwt.h>

#include <nlohmann/json.hpp>

namespace maitred::http {
namespace {

using maitred::testing::Issuer;
using maitred::testing::setOf;
using nlohmann::json;

class BearerTest : public ::testing::Test {
 protected:
  ~BearerTest() noexcept override {}
  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::TimerImpl timer{kj::origin<kj::TimePoint>()};
  FixedClock clock;   // 784111777
  Issuer first{Issuer::Kind::elliptic, "1"}, second{Issuer::Kind::elliptic, "2"};
  std::string published = setOf({&first});   // what the source answers with; empty: it fails
  int fetches = 0;
  std::vector<std::string> problems;
  std::string challenge;

  JwtRules rules{.issuer = "login", .audiences = {"maitred"}};
  kj::Own<Authenticator> make(JwtKeySource source) {
    return bearerJwt(rules, kj::mv(source), timer, clock,
                     [this](kj::StringPtr text) { problems.push_back(text.cStr()); });
  }
  kj::Own<Authenticator> bearer = make(
      {[this]() -> kj::Promise<std::string> {
         ++fetches;
         if (published.empty()) return KJ_EXCEPTION(DISCONNECTED, "away");
         return published;
       },
       10 * kj::MINUTES, 1 * kj::MINUTES});

  std::string token(const Issuer& issuer, int64_t expires = 784115000) {
    return issuer.token({{"iss", "login"}, {"aud", "maitred"}, {"sub", "ana"}, {"exp", expires}});
  }
  std::string ask(std::vector<std::string> headers) {
    Request request;
    for (auto& one : headers) request.headers.add({"Authorization", one});
    auto outcome = bearer->authenticate(request).wait(io.waitScope);
    if (auto* rejection = std::get_if<Rejection>(&outcome)) {
      challenge = rejection->challenge;
      return std::to_string(rejection->status) + " " + rejection->reason;
    }
    return std::get<Principal>(outcome).name + " by " + std::get<Principal>(outcome).scheme;
  }
  std::string with(const std::string& token) { return ask({"Bearer " + token}); }
  void pass(kj::Duration time) { timer.advanceTo(timer.now() + time); }
};

TEST_F(BearerTest, TakesTheTokenFromTheHeader) {
  std::string good = token(first);
  EXPECT_EQ(with(good), "ana by jwt");
  EXPECT_EQ(ask({"bEARER  " + good}), "ana by jwt");
  for (auto& odd : std::vector<std::vector<std::string>>{
           {}, {"Bearer"}, {"Bearer "}, {"Basic " + good}, {good}, {"Bearer " + good + " x"},
           {"Bearer " + good, "Bearer " + good}}) {
    EXPECT_THAT(ask(odd), StartsWith("401 malformed or missing Authorization header"));
    EXPECT_EQ(challenge, "Bearer realm=\"maitred\"");
  }
  EXPECT_THAT(with(token(first, 784000000)), StartsWith("401 the token has expired"));
  EXPECT_EQ(challenge, "Bearer realm=\"maitred\", error=\"invalid_token\"");
  EXPECT_EQ(fetches, 1);
}

TEST_F(BearerTest, ANewKeyIsFetchedOnceAMinute) {
  EXPECT_EQ(with(token(first)), "ana by jwt");
  published = setOf({&second});
  EXPECT_THAT(with(token(second)), StartsWith("401 ")) << "too early to ask again";
  EXPECT_EQ(fetches, 1);
  pass(1 * kj::MINUTES);
  EXPECT_EQ(with(token(second)), "ana by jwt");
  EXPECT_EQ(fetches, 2);
  EXPECT_THAT(with(token(first)), StartsWith("401 ")) << "a key that is gone is gone";
  // Made-up keys cost no more fetches than that.
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(with(token(Issuer(Issuer::Kind::elliptic, std::to_string(i)))), StartsWith("401 "));
  }
  EXPECT_EQ(fetches, 2);
}

TEST_F(BearerTest, OldKeysAreRenewedOnTheSide) {
  with(token(first));
  pass(11 * kj::MINUTES);
  EXPECT_EQ(with(token(first)), "ana by jwt");
  io.waitScope.poll();
  EXPECT_EQ(fetches, 2);
  published.clear();
  pass(11 * kj::MINUTES);
  EXPECT_EQ(with(token(first)), "ana by jwt") << "the source is away, the keys still serve";
  io.waitScope.poll();
  EXPECT_THAT(problems, ::testing::ElementsAre(HasSubstr("cannot be had: away")));
}

TEST_F(BearerTest, KeysThatCannotBeRenewedAreGivenUpAfterADay) {
  with(token(first));
  published.clear();
  pass(25 * kj::HOURS);
  EXPECT_ANY_THROW(with(token(first)));
  published = setOf({&first});
  pass(5 * kj::SECONDS);
  EXPECT_EQ(with(token(first)), "ana by jwt");
}

TEST_F(BearerTest, WithoutKeysNobodyGetsInAndNobodyIsRefused) {
  published = "{\"keys\": []}";
  EXPECT_ANY_THROW(with(token(first)));
  EXPECT_THAT(problems, ::testing::ElementsAre(HasSubstr("no key of the set")));
  EXPECT_ANY_THROW(with(token(first)));
  EXPECT_EQ(fetches, 1) << "not at every request";
  pass(5 * kj::SECONDS);
  published = setOf({&first});
  EXPECT_EQ(with(token(first)), "ana by jwt");
}

TEST_F(BearerTest, NothingOfATokenIsInARefusal) {
  std::string bad = token(second), good = token(first, 1);
  for (auto& one : {bad, good}) {
    auto text = with(one);
    EXPECT_THAT(text, Not(HasSubstr(one.substr(0, 12))));
    EXPECT_THAT(text, Not(HasSubstr(one.substr(one.size() - 12))));
  }
}

TEST_F(BearerTest, AFileIsReadAgainWhenItChanges) {
  testing::TemporaryDirectory folder;
  auto path = folder.path() + "/jwks.json";
  testing::writeFile(path, published);
  bearer = make(jwtKeysFile(path));
  EXPECT_EQ(with(token(first)), "ana by jwt");
  testing::writeFile(path, setOf({&second}));
  pass(1 * kj::SECONDS);
  EXPECT_EQ(with(token(second)), "ana by jwt");
  testing::writeFile(path, std::string(300 << 10, ' '));
  pass(11 * kj::SECONDS);
  EXPECT_EQ(with(token(second)), "ana by jwt");
}

TEST_F(BearerTest, AUrlIsAskedByTls) {
  auto& network = io.provider->getNetwork();
  auto& clockNow = kj::systemCoarseCalendarClock();
  Router router;
  std::string answer = published;
  router.on("GET", "/jwks", [&](Request&) { return Response::rawJson(200, answer); });
  Server server(io.provider->getTimer(), clockNow, {}, kj::mv(router), oneUser("x"));
  server.setTls(kj::heap<tls::Acceptor>(io.provider->getTimer(), clockNow,
                                        TestFiles::get().server()));
  auto listener = network.parseAddress("127.0.0.1").wait(io.waitScope)->listen();
  auto url = "https://127.0.0.1:" + std::to_string(listener->getPort()) + "/jwks";
  server.listen(kj::mv(listener));
  bearer = make(jwtKeysUrl(network, io.provider->getTimer(), url,
                           std::make_shared<tls::Connector>(TestFiles::get().client())));
  EXPECT_EQ(with(token(first)), "ana by jwt");
  answer = std::string(300 << 10, ' ');
  pass(2 * kj::MINUTES);
  EXPECT_THAT(with(token(second)), StartsWith("401 "));
  EXPECT_THAT(problems, ::testing::ElementsAre(HasSubstr("longer than allowed")));
  bearer = make(jwtKeysUrl(network, io.provider->getTimer(), url, nullptr));
  EXPECT_ANY_THROW(with(token(first))) << "a server that is not trusted";
}

}  // namespace
}  // namespace maitred::http
