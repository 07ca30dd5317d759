// Bytes through a connection: whole, in order, and never taken for an end that they are not.
#include "fixture.h"

#include <kj/thread.h>

#include <openssl/ssl.h>
#include <sys/socket.h>

namespace maitred::tls {
namespace {

class StreamTest : public TlsTest, public ::testing::WithParamInterface<bool> {
 protected:
  ~StreamTest() noexcept override {}
  kj::Own<Acceptor> accepting = acceptor();
  Connector connecting{ConnectorFiles{at("ca.pem"), "", ""}};
  Ends meet() { return TlsTest::meet(*accepting, connecting, "localhost", GetParam()); }
};

TEST_P(StreamTest, CarriesBothWays) {
  auto ends = meet();
  EXPECT_EQ(ends.server->protocol(), "TLSv1.3");
  EXPECT_EQ(ends.server->application(), "http/1.1");
  EXPECT_EQ(ends.client->application(), "http/1.1");
  EXPECT_EQ(ends.server->peerCertificate(), nullptr);
  EXPECT_EQ(ends.client->peerCertificate()->commonName, "localhost");
  auto writing = ends.client->write("question", 8);
  EXPECT_EQ(take(*ends.server, 8), "question");
  writing.wait(io.waitScope);
  auto answering = ends.server->write("answer", 6);
  EXPECT_EQ(take(*ends.client, 6), "answer");
  answering.wait(io.waitScope);
}

// Both write much before either has read all: nobody waits for the other for ever.
TEST_P(StreamTest, CarriesMuchInBothDirectionsAtOnce) {
  auto ends = meet();
  constexpr size_t size = 3'000'000;
  std::string there(size, '\0'), back(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    there[i] = static_cast<char>(i * 7 % 251);
    back[i] = static_cast<char>(i * 13 % 253);
  }
  auto writes = kj::heapArrayBuilder<kj::Promise<void>>(2);
  writes.add(ends.client->write(there.data(), size));
  writes.add(ends.server->write(back.data(), size));
  auto written = kj::joinPromises(writes.finish()).eagerlyEvaluate(nullptr);
  std::string gotThere(size, '\0'), gotBack(size, '\0');
  auto reads = kj::heapArrayBuilder<kj::Promise<void>>(2);
  reads.add(ends.server->read(gotThere.data(), size));
  reads.add(ends.client->read(gotBack.data(), size));
  kj::joinPromises(reads.finish()).wait(io.waitScope);
  written.wait(io.waitScope);
  EXPECT_TRUE(gotThere == there);
  EXPECT_TRUE(gotBack == back);
}

TEST_P(StreamTest, PiecesComeTogetherInOrder) {
  auto ends = meet();
  std::string large(40'000, 'y');
  kj::ArrayPtr<const kj::byte> pieces[3] = {kj::StringPtr("head ").asBytes(),
                                            kj::StringPtr("").asBytes(),
                                            kj::arrayPtr(large.data(), large.size()).asBytes()};
  auto few = ends.client->write(kj::arrayPtr(pieces, 2));
  EXPECT_EQ(take(*ends.server, 5), "head ");
  few.wait(io.waitScope);
  auto many = ends.client->write(kj::arrayPtr(pieces, 3));
  EXPECT_EQ(take(*ends.server, 40'005), "head " + large);
  many.wait(io.waitScope);
}

// A writer goes no further than buffers reach when nobody reads.
TEST_P(StreamTest, PressureReachesTheWriter) {
  auto ends = meet();
  std::string much(32 << 20, 'x');
  auto writing = ends.client->write(much.data(), much.size());
  EXPECT_FALSE(writing.poll(io.waitScope));
  EXPECT_EQ(take(*ends.server, much.size()).size(), much.size());
  writing.wait(io.waitScope);
}

TEST_P(StreamTest, AGoodbyeEndsOneDirection) {
  auto ends = meet();
  auto writing = ends.client->write("last", 4);
  ends.client->shutdownWrite();
  EXPECT_EQ(take(*ends.server, 100), "last");
  writing.wait(io.waitScope);
  EXPECT_EQ(take(*ends.server, 100), "");
  auto answering = ends.server->write("still here", 10);   // the other direction is open
  ends.server->shutdownWrite();
  EXPECT_EQ(take(*ends.client, 100), "still here");
  answering.wait(io.waitScope);
  ends.server->goodbyeSent().wait(io.waitScope);
}

TEST_P(StreamTest, ACutIsNoEnd) {
  auto pipe = GetParam() ? io.provider->newTwoWayPipe() : kj::newTwoWayPipe();
  auto& below = *pipe.ends[1];
  auto server = accepting->accept(kj::mv(pipe.ends[0]));
  auto serving = server->handshake().eagerlyEvaluate(nullptr);
  auto client = connecting.connect(kj::mv(pipe.ends[1]), "localhost").wait(io.waitScope);
  serving.wait(io.waitScope);
  auto writing = client->write("half of", 7);
  EXPECT_EQ(take(*server, 7), "half of");
  writing.wait(io.waitScope);
  below.shutdownWrite();   // without a goodbye
  auto fault = failureOf([&]() { take(*server, 100); });
  EXPECT_THAT(fault, HasSubstr("cut without a TLS goodbye"));
}

TEST_P(StreamTest, AReadThatIsDroppedLosesNothing) {
  auto ends = meet();
  char byte;
  {
    auto dropped = ends.server->tryRead(&byte, 1, 1);
    EXPECT_FALSE(dropped.poll(io.waitScope));
  }
  auto writing = ends.client->write("abc", 3);
  EXPECT_EQ(take(*ends.server, 3), "abc");
  writing.wait(io.waitScope);
}

// Whatever a stranger sends: no crash, an error, and nothing is served.
TEST_P(StreamTest, RefusesGarbage) {
  using namespace std::string_literals;
  for (auto& text : {"GET / HTTP/1.1\r\nHost: h\r\n\r\n"s, std::string(5000, '\0'),
                     "\x16\x03\x01\xff\xff"s, "\x16\x03\x01\x00\x02\x01"s,
                     "\x17\x03\x03\x00\x05hello"s}) {
    auto pipe = GetParam() ? io.provider->newTwoWayPipe() : kj::newTwoWayPipe();
    auto server = accepting->accept(kj::mv(pipe.ends[0]));
    auto shaking = server->handshake();
    auto writing = pipe.ends[1]->write(text.data(), text.size())
                       .then([&end = *pipe.ends[1]]() { end.shutdownWrite(); })
                       .eagerlyEvaluate([](kj::Exception&&) {});
    auto answer = pipe.ends[1]->readAllText().eagerlyEvaluate([](kj::Exception&&) {
      return kj::String();
    });
    auto fault = failureOf([&]() { shaking.wait(io.waitScope); });
    EXPECT_FALSE(fault.empty()) << text.substr(0, 10);
    EXPECT_THAT(fault, ::testing::Not(HasSubstr("HTTP/1.1")));
    server = nullptr;
  }
}

TEST_P(StreamTest, GarbageAfterTheHandshakeEndsTheConnection) {
  auto pipe = GetParam() ? io.provider->newTwoWayPipe() : kj::newTwoWayPipe();
  auto& below = *pipe.ends[1];
  auto server = accepting->accept(kj::mv(pipe.ends[0]));
  auto serving = server->handshake().eagerlyEvaluate(nullptr);
  auto client = connecting.connect(kj::mv(pipe.ends[1]), "localhost").wait(io.waitScope);
  serving.wait(io.waitScope);
  auto writing = below.write("\x17\x03\x03\x00\x20" "0123456789abcdef0123456789abcdef", 37)
                     .eagerlyEvaluate([](kj::Exception&&) {});
  EXPECT_THAT(failureOf([&]() { take(*server, 1); }), HasSubstr("broke the TLS protocol"));
}

INSTANTIATE_TEST_SUITE_P(Below, StreamTest, ::testing::Values(false, true),
                         [](auto& info) { return info.param ? "sockets" : "memory"; });

// The other side of a connection is OpenSSL's own, on a thread, over a blocking socket.
class ForeignClientTest : public TlsTest {
 protected:
  ~ForeignClientTest() noexcept override {}
  kj::Own<Acceptor> accepting = acceptor();

  // `client` gets a fresh SSL on the socket; `server` drives our side meanwhile.
  void between(kj::Function<void(SSL_CTX*)> settings, kj::Function<void(SSL*)> client,
               kj::Function<void(Stream&)> server) {
    int pair[2];
    KJ_SYSCALL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    kj::AutoCloseFd far(pair[1]);
    auto near = accepting->accept(io.lowLevelProvider->wrapSocketFd(
        pair[0], kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP));
    kj::Thread thread([&]() {
      SSL_CTX* context = SSL_CTX_new(TLS_client_method());
      settings(context);
      SSL* ssl = SSL_new(context);
      SSL_set_fd(ssl, far);
      client(ssl);
      SSL_free(ssl);
      SSL_CTX_free(context);
      shutdown(far, SHUT_RDWR);
    });
    server(*near);
    near = nullptr;   // so that nobody waits for it
  }
};

TEST_F(ForeignClientTest, RenegotiationIsRefused) {
  std::string outcome = "no connection";
  between([](SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION); },
          [&](SSL* ssl) {
            if (SSL_connect(ssl) != 1 || SSL_write(ssl, "a", 1) != 1) return;
            SSL_renegotiate(ssl);
            char byte;
            bool done = SSL_do_handshake(ssl) == 1 && SSL_read(ssl, &byte, 1) == 1;
            outcome = done ? "renegotiated" : "refused";
          },
          [&](Stream& server) {
            server.handshake().wait(io.waitScope);
            EXPECT_EQ(server.protocol(), "TLSv1.2");
            EXPECT_EQ(take(server, 1), "a");
            failureOf([&]() { take(server, 1); });   // sees the request, and then the end
          });
  EXPECT_EQ(outcome, "refused");
}

// Below TLS 1.2, and with ciphers that are not good, there is no connection.
TEST_F(ForeignClientTest, OldVersionsAndWeakCiphersAreRefused) {
  struct Try {
    int most;
    const char* ciphers;
    const char* expected;
  };
  for (Try attempt : {Try{TLS1_1_VERSION, "ALL:@SECLEVEL=0", "refused"},
                      Try{TLS1_2_VERSION, "AES128-GCM-SHA256", "refused"},
                      Try{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256", "refused"},
                      Try{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", "accepted"}}) {
    std::string outcome;
    between(
        [&](SSL_CTX* context) {
          SSL_CTX_set_min_proto_version(context, 0);
          SSL_CTX_set_max_proto_version(context, attempt.most);
          SSL_CTX_set_cipher_list(context, attempt.ciphers);
        },
        [&](SSL* ssl) { outcome = SSL_connect(ssl) == 1 ? "accepted" : "refused"; },
        [&](Stream& server) {
          failureOf([&]() {
            server.handshake().wait(io.waitScope);
            take(server, 1);   // the last of the handshake is on its way until the client hangs up
          });
        });
    EXPECT_EQ(outcome, attempt.expected) << attempt.ciphers;
  }
}

TEST_F(ForeignClientTest, AClientOfOtherProtocolsIsRefused) {
  std::string outcome;
  between([](SSL_CTX* context) {
            static const unsigned char h2[] = {2, 'h', '2'};
            SSL_CTX_set_alpn_protos(context, h2, sizeof h2);
          },
          [&](SSL* ssl) { outcome = SSL_connect(ssl) == 1 ? "accepted" : "refused"; },
          [&](Stream& server) {
            EXPECT_THAT(failureOf([&]() { server.handshake().wait(io.waitScope); }),
                        HasSubstr("no application protocol"));
          });
  EXPECT_EQ(outcome, "refused");
}

}  // namespace
}  // namespace maitred::tls
