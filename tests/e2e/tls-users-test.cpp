// Users who show a certificate or a token: curl and the command line against a whole maitred.
#include "jwt-maker.h"
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

namespace maitred::e2e {
namespace {

using testing::Issuer;
using testing::setOf;
using testing::writeFile;
using ::testing::HasSubstr;
using ::testing::Not;

class Users : public ::testing::Test {
 protected:
  System system{System::Options{.tls = true}};

  void authenticate(const std::string& auth) {
    system.editConfig("{ one_user: operator }", auth);
    system.editConfig("admins: [operator]", "admins: [boss]");
  }
  std::string at(const std::string& name) const { return system.folder() + "/" + name; }
  // The status, or curl's own words.
  std::string curl(std::vector<std::string> words) {
    std::vector<std::string> all{"/usr/bin/curl", "-q", "-sS", "--max-time", "20", "--cacert",
                                 at("ca.pem"), "-o", "/dev/null", "-w", "%{http_code}"};
    all.insert(all.end(), words.begin(), words.end());
    return run(all).out;
  }
};

TEST_F(Users, WithCertificates) {
  testing::Authority users("users"), strangers("users");
  writeFile(at("users.pem"), users.pem());
  system.editConfig("{ one_user: operator }, tls: { ",
                    "{ client_certificate: { name: common_name } }, "
                    "tls: { client_ca: users.pem, ");
  system.editConfig("admins: [operator]", "admins: [boss]");
  auto give = [&](const testing::Authority& by, const char* name) {
    auto issued = by.issue({.commonName = name, .extendedUsage = "clientAuth"});
    writeFile(at(std::string(name) + ".pem"), issued.certificate);
    writeFile(at(std::string(name) + ".key"), issued.key);
  };
  give(users, "ana");
  give(users, "boss");
  give(strangers, "eve");
  system.start();
  auto as = [&](const std::string& name, const std::string& path) {
    return curl({"--cert", at(name + ".pem"), "--key", at(name + ".key"),
                 system.restUrl() + path});
  };
  EXPECT_EQ(as("ana", "/pools"), "200");
  EXPECT_EQ(as("ana", "/queue"), "403");
  EXPECT_EQ(as("boss", "/queue"), "200");
  EXPECT_THAT(as("eve", "/pools"), Not(HasSubstr("200")));
  EXPECT_THAT(curl({system.restUrl() + "/info"}), HasSubstr("000")) << "not even without a name";

  std::vector<std::string> own{"--certificate", at("ana.pem"), "--key", at("ana.key")};
  auto words = std::vector<std::string>{"cook", "submit", "true"};
  words.insert(words.end(), own.begin(), own.end());
  auto submitted = system.maitred(words);
  ASSERT_EQ(submitted.exitCode, 0) << submitted.out;
  std::string uuid = submitted.out.substr(0, submitted.out.find('\n'));
  auto shown = run({"/usr/bin/curl", "-q", "-sS", "--cacert", at("ca.pem"), "--cert",
                    at("boss.pem"), "--key", at("boss.key"), system.restUrl() + "/jobs/" + uuid});
  EXPECT_EQ(json::parse(shown.out)["user"], "ana");
}

TEST_F(Users, WithTokens) {
  Issuer first(Issuer::Kind::rsa, "1"), second(Issuer::Kind::elliptic, "2");
  writeFile(at("jwks.json"), setOf({&first}));
  authenticate("{ jwt: { keys_file: jwks.json, issuer: login, audience: maitred } }");
  system.start();
  auto token = [&](const Issuer& by, const char* user, int64_t seconds = 600) {
    return by.token({{"iss", "login"}, {"aud", "maitred"}, {"sub", user},
                     {"exp", std::time(nullptr) + seconds}});
  };
  auto with = [&](const std::string& token, const std::string& path = "/pools") {
    return curl({"-H", "Authorization: Bearer " + token, system.restUrl() + path});
  };
  EXPECT_EQ(curl({system.restUrl() + "/pools"}), "401");
  EXPECT_EQ(curl({system.restUrl() + "/info"}), "200");
  EXPECT_EQ(with(token(first, "ana")), "200");
  EXPECT_EQ(with(token(first, "ana"), "/queue"), "403");
  EXPECT_EQ(with(token(first, "boss"), "/queue"), "200");
  EXPECT_EQ(with(token(first, "ana", -600)), "401");
  EXPECT_EQ(with(token(second, "ana")), "401");

  writeFile(at("jwks.json"), setOf({&second}));   // the keys rotate
  system.eventually("the new key counts", [&]() { return with(token(second, "ana")) == "200"; });
  EXPECT_EQ(with(token(first, "ana")), "401");

  std::string good = token(second, "ana"), stale = token(second, "ana", -600);
  writeFile(at("token"), good + "\n");
  auto submitted = system.maitred({"cook", "submit", "true", "--token", at("token")});
  EXPECT_EQ(submitted.exitCode, 0) << submitted.out;
  writeFile(at("stale"), stale + "\n");
  auto refused = system.maitred({"cook", "pools", "--token", at("stale")});
  EXPECT_EQ(refused.exitCode, 1);
  EXPECT_THAT(refused.out, HasSubstr("the token has expired"));
  EXPECT_THAT(system.log(), HasSubstr("credentials refused: the token has expired"));
  for (auto& one : {good, stale}) {
    EXPECT_THAT(system.log(), Not(HasSubstr(one.substr(one.rfind('.') + 1)))) << "a signature";
  }
}

}  // namespace
}  // namespace maitred::e2e
