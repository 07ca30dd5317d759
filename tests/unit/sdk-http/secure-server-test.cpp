// The server behind TLS: who gets a connection, who is told nothing, and what handlers learn.
#include "fixture.h"

#include <maitred/http/tls-report.h>

namespace maitred::http {
namespace {

using testing::writeFile;

class SecureServerTest : public ServerTest {
 protected:
  ~SecureServerTest() noexcept override {}
  SecureServerTest() {
    router.on("GET", "/", [](Request& r) {
      return Response::text(200, std::string(r.scheme()) + (r.secure ? " secure " : " plain ") +
                                     (r.certificate ? r.certificate->commonName : "nobody") + " " +
                                     r.principal.name);
    });
  }
  static constexpr const char* get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

  // A connection whose bytes go to the server as they are.
  Peer& knock() {
    auto pipe = kj::newTwoWayPipe();
    server->serve(kj::mv(pipe.ends[0]));
    auto& peer = *peers.emplace_back(std::make_unique<Peer>(kj::mv(pipe.ends[1])));
    peer.read();
    turn();
    return peer;
  }
};

TEST_F(SecureServerTest, HandlersLearnOfIt) {
  secure = false;
  start();
  EXPECT_EQ(bodyOf(ask(get)), "http plain nobody ana");
  useTls();
  EXPECT_EQ(bodyOf(ask(get)), "https secure nobody ana");
  EXPECT_EQ(bodyOf(ask("GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: http\r\n\r\n")),
            "http secure nobody ana");
  EXPECT_EQ(server->counters().handshakes, 2u);
}

// Connections from before stay what they were, in both directions.
TEST_F(SecureServerTest, SwitchingLeavesConnectionsAlone) {
  secure = false;
  start();
  Peer& plain = connect();
  useTls();
  Peer& sealed = connect();
  server->setTls(nullptr);
  secure = false;
  for (auto* peer : {&plain, &sealed}) {
    peer->send(get);
    turn();
    EXPECT_THAT(peer->received, StartsWith("HTTP/1.1 200 "));
  }
  EXPECT_EQ(bodyOf(ask(get)), "http plain nobody ana");
}

TEST_F(SecureServerTest, PlainTextIsNotServed) {
  start();
  useTls();
  Peer& peer = knock();
  peer.send(get);
  turn();
  EXPECT_TRUE(peer.closed);
  EXPECT_THAT(peer.received, Not(HasSubstr("HTTP")));
  EXPECT_EQ(server->counters().handshakeFailures, 1u);
  EXPECT_EQ(server->counters().openConnections, 0u);
  EXPECT_TRUE(problems.empty()) << "an everyday event";
  EXPECT_THAT(log.at(0), HasSubstr("problem=the\\x20TLS\\x20handshake"));
}

TEST_F(SecureServerTest, SlowHandshakesAreCut) {
  Limits limits;
  limits.handshakeTime = 10 * kj::SECONDS;
  start(limits);
  useTls();
  Peer& silent = knock();
  Peer& slow = knock();
  slow.send("\x16");
  pass(9 * kj::SECONDS);
  EXPECT_FALSE(silent.closed || slow.closed);
  pass(1 * kj::SECONDS);
  EXPECT_TRUE(silent.closed && slow.closed);
  EXPECT_EQ(server->counters().timeouts, 2u);
  EXPECT_EQ(server->counters().handshakeFailures, 2u);
}

// Whoever has not shaken hands yet counts already; whoever comes on top is told nothing.
TEST_F(SecureServerTest, CapsCountHandshakes) {
  Limits limits;
  limits.connections = 2;
  start(limits);
  useTls();
  knock();
  Peer& second = connect();
  Peer& third = knock();
  EXPECT_TRUE(third.closed);
  EXPECT_EQ(third.received, "");
  EXPECT_EQ(server->counters().refusedConnections, 1u);
  second.send(get);
  turn();
  EXPECT_THAT(second.received, StartsWith("HTTP/1.1 200 "));
}

TEST_F(SecureServerTest, ADrainWaitsForNoHandshake) {
  start();
  useTls();
  Peer& silent = knock();
  bool drained = false;
  auto draining = server->drain(60 * kj::SECONDS).then([&]() { drained = true; })
                      .eagerlyEvaluate(nullptr);
  turn();
  EXPECT_TRUE(silent.closed);
  EXPECT_TRUE(drained);
}

class ClientCertificateTest : public SecureServerTest {
 protected:
  ~ClientCertificateTest() noexcept override {}
  testing::TemporaryDirectory folder;
  testing::Authority users{"users"};

  void serve(CertificateField field, bool required = true) {
    writeFile(folder.path() + "/users.pem", users.pem());
    secure = false;
    start({}, clientCertificate(field));
    auto files = TestFiles::get().server();
    files.clientCa = folder.path() + "/users.pem";
    files.clientCertificateRequired = required;
    useTls(files);
  }
  std::string askAs(const testing::Wish& wish) {
    auto issued = users.issue(wish);
    writeFile(folder.path() + "/user.pem", issued.certificate);
    writeFile(folder.path() + "/user.key", issued.key);
    auto files = TestFiles::get().client();
    files.certificate = folder.path() + "/user.pem";
    files.key = folder.path() + "/user.key";
    auto pipe = kj::newTwoWayPipe();
    server->serve(kj::mv(pipe.ends[0]));
    tls::Connector connector(files);
    auto stream = connector.connect(kj::mv(pipe.ends[1]), "localhost").wait(wait);
    auto& peer = *peers.emplace_back(std::make_unique<Peer>(kj::mv(stream)));
    peer.read();
    peer.send(get);
    turn();
    return peer.received;
  }
  static testing::Wish user(const char* name, const char* alternatives = "") {
    return {.commonName = name, .alternativeNames = alternatives, .extendedUsage = "clientAuth"};
  }
};

TEST_F(ClientCertificateTest, TheSubjectIsTheUser) {
  serve(CertificateField::commonName);
  EXPECT_EQ(bodyOf(askAs(user("zoë"))), "https secure zoë zoë");
  EXPECT_THAT(askAs(user("")), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(askAs(user("a\nb")), StartsWith("HTTP/1.1 403 ")) << "would forge a log";
}

TEST_F(ClientCertificateTest, AnAlternativeNameIsTheUser) {
  serve(CertificateField::email);
  EXPECT_EQ(bodyOf(askAs(user("x", "email:ana@example.org"))),
            "https secure x ana@example.org");
  EXPECT_THAT(askAs(user("x", "email:a@b,email:c@d")), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(askAs(user("x", "DNS:ana")), StartsWith("HTTP/1.1 403 "));
}

TEST_F(ClientCertificateTest, WithoutOneWhereItIsOptional) {
  serve(CertificateField::commonName, false);
  EXPECT_THAT(ask(get), StartsWith("HTTP/1.1 401 "));
}

TEST_F(SecureServerTest, MetricsAndHealthTellOfTheCertificate) {
  metrics::Registry registry;
  secure = false;
  start();
  reportTls(*server, registry, "x");
  EXPECT_EQ(registry.text(), "") << "nothing without TLS";
  EXPECT_TRUE(tlsHealth(*server).ready && tlsHealth(*server).message.empty());
  useTls();
  connect();
  knock().send("?");
  turn();
  reportTls(*server, registry, "x");
  auto text = registry.text();
  EXPECT_THAT(text, HasSubstr("x_certificate_expiry_seconds 4102444800\n"));
  EXPECT_THAT(text, HasSubstr("x_certificate_ok 1\n"));
  EXPECT_THAT(text, HasSubstr("x_tls_handshakes_total{outcome=\"done\"} 1\n"));
  EXPECT_TRUE(tlsHealth(*server).ready);
}

}  // namespace
}  // namespace maitred::http
