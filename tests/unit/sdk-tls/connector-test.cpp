// A client that takes nobody's word: authority, name, address and time are verified.
#include "fixture.h"

namespace maitred::tls {
namespace {

using maitred::testing::writeFile;

class ConnectorTest : public TlsTest {
 protected:
  ~ConnectorTest() noexcept override {}
  // What comes of a connection to `host`: empty if it is good.
  std::string connect(const std::string& host, const Wish& wish, Connector& connecting) {
    writeServerFiles(folder.path(), authority, wish);
    auto serving = acceptor();
    return failureOf([&]() { meet(*serving, connecting, host); });
  }
  std::string connect(const std::string& host, const Wish& wish = {}) {
    auto connecting = connector();
    return connect(host, wish, connecting);
  }
};

TEST_F(ConnectorTest, NamesMustFit) {
  EXPECT_EQ(connect("localhost"), "");
  EXPECT_EQ(connect("LOCALHOST"), "");
  EXPECT_THAT(connect("other"), HasSubstr("hostname mismatch"));
  EXPECT_EQ(connect("a.example.org", {.alternativeNames = "DNS:*.example.org"}), "");
  EXPECT_THAT(connect("a.b.example.org", {.alternativeNames = "DNS:*.example.org"}),
              HasSubstr("hostname mismatch"));
  EXPECT_THAT(connect("abc.example.org", {.alternativeNames = "DNS:a*.example.org"}),
              HasSubstr("hostname mismatch"));
  // A certificate with alternative names means these alone.
  EXPECT_THAT(connect("here", {.commonName = "here"}), HasSubstr("hostname mismatch"));
}

TEST_F(ConnectorTest, AddressesMustFit) {
  EXPECT_EQ(connect("127.0.0.1"), "");
  EXPECT_THAT(connect("127.0.0.2"), HasSubstr("IP address mismatch"));
  EXPECT_EQ(connect("::1", {.alternativeNames = "IP:::1"}), "");
  EXPECT_THAT(connect("127.0.0.1", {.alternativeNames = "DNS:127.0.0.1"}),
              HasSubstr("IP address mismatch"));
}

TEST_F(ConnectorTest, TheAuthorityMustBeTrusted) {
  Connector system;   // knows nothing of the test's own
  EXPECT_THAT(connect("localhost", {}, system), HasSubstr("unable to get local issuer"));
  writeFile(at("other.pem"), Authority("test authority").pem());
  Connector other(ConnectorFiles{at("other.pem"), "", ""});
  EXPECT_THAT(connect("localhost", {}, other), HasSubstr("certificate verify failed"));
}

TEST_F(ConnectorTest, TheServerIsToldOfARefusal) {
  auto serving = acceptor();
  auto pipe = io.provider->newTwoWayPipe();
  auto server = serving->accept(kj::mv(pipe.ends[0]));
  auto shaking = server->handshake().eagerlyEvaluate(nullptr);
  Connector system;
  auto connecting = system.connect(kj::mv(pipe.ends[1]), "localhost");
  EXPECT_THAT(failureOf([&]() { connecting.wait(io.waitScope); }), HasSubstr("verify failed"));
  EXPECT_THAT(failureOf([&]() { shaking.wait(io.waitScope); }), HasSubstr("unknown ca"));
}

TEST_F(ConnectorTest, FilesThatAreNotGoodAreNamed) {
  auto failure = [&](ConnectorFiles files) { return failureOf([&]() { Connector made(files); }); };
  EXPECT_THAT(failure({at("none"), "", ""}), HasSubstr("none cannot be read"));
  EXPECT_THAT(failure({at("key.pem"), "", ""}), HasSubstr("key.pem holds no PEM certificate"));
  EXPECT_THAT(failure({"", at("cert.pem"), ""}), HasSubstr("one of them is missing"));
  EXPECT_THAT(failure({"", at("cert.pem"), at("ca.pem")}), HasSubstr("no usable PEM private key"));
  writeFile(at("key.pem"), authority.issue().key);
  EXPECT_THAT(failure({"", at("cert.pem"), at("key.pem")}), HasSubstr("cannot be used"));
}

TEST_F(ConnectorTest, AServerWithoutTlsIsNoServer) {
  auto pipe = kj::newTwoWayPipe();
  auto connecting = connector();
  auto shaking = connecting.connect(kj::mv(pipe.ends[1]), "localhost");
  auto answering = pipe.ends[0]->write("HTTP/1.1 400 Bad Request\r\n\r\n", 28)
                       .eagerlyEvaluate([](kj::Exception&&) {});
  EXPECT_THAT(failureOf([&]() { shaking.wait(io.waitScope); }),
              HasSubstr("the TLS handshake failed"));
}

}  // namespace
}  // namespace maitred::tls
