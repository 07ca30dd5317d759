// A certificate that is kept fresh while connections come and go; clients with certificates.
#include "fixture.h"

#include <unistd.h>

namespace maitred::tls {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using maitred::testing::writeFile;

class AcceptorTest : public TlsTest {
 protected:
  ~AcceptorTest() noexcept override {}

  // The name that a new connection is shown.
  std::string shown(Acceptor& serving) {
    auto connecting = connector();
    return meet(serving, connecting).client->peerCertificate()->commonName;
  }
  void issue(const char* name, Wish wish = {}) {
    wish.commonName = name;
    writeServerFiles(folder.path(), authority, wish);
  }
};

TEST_F(AcceptorTest, TakesANewCertificateByItself) {
  issue("first");
  auto serving = acceptor();
  auto connecting = connector();
  auto old = meet(*serving, connecting);
  issue("second", {.notAfter = 4'000'000'000});
  until([&]() { return serving->expires() == 4'000'000'000; }, "the new certificate is in use");
  EXPECT_EQ(shown(*serving), "second");
  EXPECT_THAT(infos, ElementsAre(HasSubstr("it expires at 2096-10-02 07:06:40 UTC")));
  EXPECT_THAT(warnings, IsEmpty());
  // The connection of before lives on.
  auto writing = old.client->write("abc", 3);
  EXPECT_EQ(take(*old.server, 3), "abc");
  writing.wait(io.waitScope);
}

TEST_F(AcceptorTest, KeepsTheLastGoodOne) {
  issue("good");
  auto serving = acceptor();
  EXPECT_EQ(serving->trouble(), "");
  writeFile(at("key.pem"), authority.issue().key);
  until([&]() { return !serving->trouble().empty(); }, "the fault was noticed");
  EXPECT_THAT(serving->trouble(), HasSubstr("the former certificate is used until 2100-01-01"));
  EXPECT_THAT(serving->trouble(), HasSubstr("is not the one of the certificate"));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("stays in use")));
  EXPECT_FALSE(serving->expired());
  EXPECT_EQ(shown(*serving), "good");
  issue("better");
  until([&]() { return serving->trouble().empty(); }, "the cure was noticed");
  EXPECT_EQ(shown(*serving), "better");
}

// Certificate and key are two files: between the two renames nothing is wrong yet.
TEST_F(AcceptorTest, SaysNothingOfAHalfDoneReplacement) {
  issue("first");
  auto serving = acceptor();
  auto next = authority.issue({.commonName = "second"});
  writeFile(at("cert.pem"), next.certificate, 0644);
  auto looked = io.provider->getTimer().afterDelay(1200 * kj::MILLISECONDS);   // one look
  looked.wait(io.waitScope);
  writeFile(at("key.pem"), next.key);
  until([&]() { return !infos.empty(); }, "the new certificate is in use");
  EXPECT_EQ(shown(*serving), "second");
  EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(AcceptorTest, ReloadsWhenTold) {
  issue("first");
  auto serving = acceptor();
  issue("second");
  serving->reload().wait(io.waitScope);
  EXPECT_EQ(shown(*serving), "second");
  unlink(at("cert.pem").c_str());
  serving->reload().wait(io.waitScope);
  EXPECT_THAT(serving->trouble(), HasSubstr("cert.pem cannot be read"));
  EXPECT_EQ(shown(*serving), "second");
}

TEST_F(AcceptorTest, AReloadEndsWithIt) {
  auto serving = acceptor();
  auto reloading = serving->reload();
  serving = nullptr;
  EXPECT_NE(failureOf([&]() { reloading.wait(io.waitScope); }), "");
}

TEST_F(AcceptorTest, DoesNotBeginWithFilesThatAreNotGood) {
  issue("old", {.notAfter = 1'000'000'000});
  EXPECT_THAT(failureOf([&]() { acceptor(); }),
              ::testing::AllOf(HasSubstr("expired at 2001-09-09"),
                               ::testing::Not(HasSubstr("textOf"))));
}

TEST_F(AcceptorTest, ACertificateThatExpiresSoonIsWorthAWarning) {
  auto now = (clock.now() - kj::UNIX_EPOCH) / kj::SECONDS;
  issue("brief", {.notAfter = now + 3});
  auto serving = acceptor();
  until([&]() { return serving->expired(); }, "it expired");
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("expires at ")));
  EXPECT_THAT(serving->trouble(), HasSubstr("the TLS certificate expired at "));
}

class ClientCertificateTest : public AcceptorTest {
 protected:
  ~ClientCertificateTest() noexcept override {}
  Authority users{"users"};

  ClientCertificateTest() { writeFile(at("users.pem"), users.pem(), 0644); }
  kj::Own<Acceptor> asking(bool required) {
    auto given = files();
    given.clientCa = at("users.pem");
    given.clientCertificateRequired = required;
    return acceptor(given);
  }
  Connector as(const Authority& by, Wish wish) {
    auto issued = by.issue(wish);
    writeFile(at("user.pem"), issued.certificate);
    writeFile(at("user.key"), issued.key);
    return Connector(ConnectorFiles{at("ca.pem"), at("user.pem"), at("user.key")});
  }
  // Whether a client gets as far as a byte. In TLS 1.3 it learns of a refusal only when it reads.
  bool served(Acceptor& serving, Connector& connecting) {
    auto fault = failureOf([&]() {
      auto ends = meet(serving, connecting, "localhost", true);
      if (!serverFault.empty()) KJ_FAIL_REQUIRE("refused", serverFault.c_str());
      auto writing = ends.server->write("x", 1);
      KJ_REQUIRE(take(*ends.client, 1) == "x");
      writing.wait(io.waitScope);
    });
    return fault.empty();
  }
};

TEST_F(ClientCertificateTest, NamesAreTakenFromIt) {
  auto serving = asking(true);
  auto connecting = as(users, {.commonName = "ana",
                               .alternativeNames = "email:ana@example.org,DNS:desk,URI:spiffe://x",
                               .extendedUsage = "clientAuth"});
  auto ends = meet(*serving, connecting);
  auto peer = ends.server->peerCertificate();
  ASSERT_NE(peer, nullptr);
  EXPECT_EQ(peer->commonName, "ana");
  EXPECT_THAT(peer->emails, ElementsAre("ana@example.org"));
  EXPECT_THAT(peer->dnsNames, ElementsAre("desk"));
  EXPECT_THAT(peer->uris, ElementsAre("spiffe://x"));
}

TEST_F(ClientCertificateTest, RequiredMeansRequired) {
  auto serving = asking(true);
  auto without = connector();
  EXPECT_FALSE(served(*serving, without));
  EXPECT_THAT(serverFault, HasSubstr("peer did not return a certificate"));
  auto stranger = as(Authority("users"), {.commonName = "ana", .extendedUsage = "clientAuth"});
  EXPECT_FALSE(served(*serving, stranger)) << "of an authority with the same name";
  auto expired = as(users, {.extendedUsage = "clientAuth", .notAfter = 1'000'000'000});
  EXPECT_FALSE(served(*serving, expired));
  EXPECT_THAT(serverFault, HasSubstr("certificate has expired"));
  auto server = as(users, {.extendedUsage = "serverAuth"});
  EXPECT_FALSE(served(*serving, server)) << "not meant for clients";
  auto good = as(users, {.extendedUsage = "clientAuth"});
  EXPECT_TRUE(served(*serving, good));
}

TEST_F(ClientCertificateTest, OptionalLetsStrangersWithoutOneIn) {
  auto serving = asking(false);
  auto without = connector();
  EXPECT_TRUE(served(*serving, without));
  EXPECT_EQ(meet(*serving, without).server->peerCertificate(), nullptr);
  auto stranger = as(Authority("users"), {.extendedUsage = "clientAuth"});
  EXPECT_FALSE(served(*serving, stranger));
}

}  // namespace
}  // namespace maitred::tls
