#include "fixture.h"

#include <maitred/http/config.h>

#include <capnp/message.h>

namespace maitred::http {
namespace {

class ConfigTest : public ::testing::Test {
 protected:
  ~ConfigTest() noexcept override {}
  std::vector<std::string> problems() {
    std::vector<std::string> result;
    for (auto& problem : checkAuth(auth)) {
      std::string path;
      for (auto& part : problem.path) path += part + ".";
      result.push_back(path + " " + problem.message);
    }
    return result;
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  Outside outside{io.provider->getTimer(), kj::systemCoarseCalendarClock(),
                  io.provider->getNetwork(), [](kj::StringPtr) {}};
  capnp::MallocMessageBuilder message;
  HttpConfig::Builder config = message.initRoot<HttpConfig>();
  HttpAuth::Builder auth = config.getAuth();
};

TEST_F(ConfigTest, DefaultsAreThoseOfTheHeader) {
  Limits expected, actual = limitsFrom(config.getLimits());
  EXPECT_EQ(actual.requestLine, expected.requestLine);
  EXPECT_EQ(actual.headers, expected.headers);
  EXPECT_EQ(actual.headerCount, expected.headerCount);
  EXPECT_EQ(actual.body, expected.body);
  EXPECT_EQ(actual.bodies, expected.bodies);
  EXPECT_EQ(actual.jsonDepth, expected.jsonDepth);
  EXPECT_EQ(actual.connections, expected.connections);
  EXPECT_EQ(actual.connectionsPerAddress, expected.connectionsPerAddress);
  EXPECT_TRUE(actual.handshakeTime == expected.handshakeTime);
  EXPECT_TRUE(actual.headerTime == expected.headerTime);
  EXPECT_TRUE(actual.bodyTime == expected.bodyTime);
  EXPECT_TRUE(actual.idleTime == expected.idleTime);
  EXPECT_TRUE(actual.handlerTime == expected.handlerTime);
  EXPECT_TRUE(actual.writeTime == expected.writeTime);
}

TEST_F(ConfigTest, NothingChosenLetsNobodyIn) {
  EXPECT_THAT(problems(), ::testing::ElementsAre(HasSubstr("expected one of")));
  EXPECT_ANY_THROW(authenticatorFrom(auth, outside));
  auth.initBasic();
  EXPECT_THAT(problems(), ::testing::ElementsAre(HasSubstr("'users' or 'any_password'")));
}

TEST_F(ConfigTest, NamesEachBadUser) {
  auto users = auth.initBasic().initUsers(3);
  users[0].setName("ana");
  users[0].setPassword("x");
  users[1].setName("a:b");
  users[1].setPassword("x");
  users[2].setName("ana");
  EXPECT_THAT(problems(), ::testing::ElementsAre(HasSubstr("basic.users.1. expected a name"),
                                                 HasSubstr("basic.users.2. the user 'ana' occurs"),
                                                 HasSubstr("users.2. the password is empty")));
}

TEST_F(ConfigTest, NamesEachBadSource) {
  auto sources = auth.initTrustedHeader().initSources(2);
  sources.set(0, "10.0.0.0/8");
  sources.set(1, "proxy.example");
  EXPECT_THAT(problems(), ::testing::ElementsAre(HasSubstr("sources.1. expected an address")));
}

TEST_F(ConfigTest, TokensNeedKeysAndWhomTheyAreFor) {
  auto jwt = auth.initJwt();
  EXPECT_THAT(problems(), ::testing::ElementsAre(HasSubstr("jwt. expected 'keys_file' or"),
                                                 HasSubstr("jwt.issuer. "),
                                                 HasSubstr("jwt.audience. ")));
  jwt.setIssuer("i");
  jwt.initAudience(1).set(0, "a");
  for (auto url : {"http://login.example.org/", "http://127.0.0.1.example.org/",
                   "http://localhost@example.org/"}) {
    jwt.setKeysUrl(url);
    EXPECT_THAT(problems(), ::testing::ElementsAre(HasSubstr("without TLS"))) << url;
  }
  for (auto url : {"https://login.example.org/", "http://127.0.0.1:80/x", "http://[::1]/"}) {
    jwt.setKeysUrl(url);
    EXPECT_THAT(problems(), ::testing::IsEmpty()) << url;
  }
  jwt.setKeysCa("/none");
  EXPECT_THAT(problems(), ::testing::ElementsAre(HasSubstr("keys_ca. /none cannot be read")));
  jwt.setKeysCa("");
  jwt.setKeysFile("/none");
  EXPECT_THAT(problems(), ::testing::ElementsAre(HasSubstr("keys_file. /none: cannot be read")));
}

TEST_F(ConfigTest, ClientCertificatesNeedAnAuthority) {
  auth.initClientCertificate();
  auto texts = [&](bool open) {
    std::string text;
    for (auto& problem : checkHttp(config, open)) {
      text += problem.path.back() + ": " + problem.message + "\n";
    }
    return text;
  };
  EXPECT_THAT(texts(false), HasSubstr("client_certificate: nobody shows a certificate"));
  auto& files = TestFiles::get();
  config.getTls().setClientCa(files.at("ca.pem"));
  EXPECT_EQ(texts(false),
            "certificate: TLS needs a certificate\nkey: TLS needs the certificate's private key\n");
  config.getTls().setCertificate(files.at("cert.pem"));
  config.getTls().setKey(files.at("cert.pem"));
  EXPECT_THAT(texts(false), HasSubstr("key: "));
  config.getTls().setKey(files.at("key.pem"));
  EXPECT_EQ(texts(false), "");
  config.initAuth();
  EXPECT_THAT(texts(false), HasSubstr("expected one of"));
  EXPECT_EQ(texts(true), "");
}

TEST_F(ConfigTest, BuildsWhatWasChosen) {
  Request request;
  request.remote = {RemoteAddress::Kind::unixSocket, "unix", 0};
  request.headers.add({"X-Remote-User", "cy"});
  request.headers.add({"Authorization", "Basic Ym9iOng="});   // bob:x
  auto who = [&]() {
    auto outcome = authenticatorFrom(auth, outside)->authenticate(request).wait(io.waitScope);
    auto* principal = std::get_if<Principal>(&outcome);
    return principal == nullptr ? "nobody" : principal->name;
  };
  auth.setOneUser("ana");
  EXPECT_EQ(who(), "ana");
  auto user = auth.initBasic().initUsers(1)[0];
  user.setName("bob");
  user.setPassword("x");
  EXPECT_EQ(who(), "bob");
  user.setPassword("y");
  EXPECT_EQ(who(), "nobody");
  auth.initBasic().setAnyPassword();
  EXPECT_EQ(who(), "bob");
  auth.initTrustedHeader().initSources(1).set(0, "unix");
  EXPECT_EQ(who(), "cy");
}

}  // namespace
}  // namespace maitred::http
