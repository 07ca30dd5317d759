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
  EXPECT_TRUE(actual.headerTime == expected.headerTime);
  EXPECT_TRUE(actual.bodyTime == expected.bodyTime);
  EXPECT_TRUE(actual.idleTime == expected.idleTime);
  EXPECT_TRUE(actual.handlerTime == expected.handlerTime);
  EXPECT_TRUE(actual.writeTime == expected.writeTime);
}

TEST_F(ConfigTest, NothingChosenLetsNobodyIn) {
  EXPECT_THAT(problems(), ::testing::ElementsAre(HasSubstr("expected one of")));
  EXPECT_ANY_THROW(authenticatorFrom(auth));
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

TEST_F(ConfigTest, BuildsWhatWasChosen) {
  kj::EventLoop loop;
  kj::WaitScope wait(loop);
  Request request;
  request.remote = {RemoteAddress::Kind::unixSocket, "unix", 0};
  request.headers.add({"X-Remote-User", "cy"});
  request.headers.add({"Authorization", "Basic Ym9iOng="});   // bob:x
  auto who = [&]() {
    auto outcome = authenticatorFrom(auth)->authenticate(request).wait(wait);
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
