// The client, and the server on real sockets.
#include <maitred/http/client.h>

#include "fixture.h"

#include <cstdlib>

namespace maitred::http {
namespace {

class ClientTest : public ::testing::Test {
 protected:
  ~ClientTest() noexcept override {}
  ClientTest() {
    router.on("GET", "/", [](Request& r) {
      return Response::text(200, r.remote.host + " " + std::string(r.query.get("q").value_or("")));
    });
    router.on("POST", "/", [](Request& r) {
      return Response::text(201, std::string(*r.header("content-type")) + " " +
                                     std::to_string(r.body.size()));
    });
    router.on("DELETE", "/", [](Request&) { return Response::empty(); });
    router.on("GET", "/chunked", [](Request&) {
      return Response::streamed(200, "text/plain", std::nullopt, [](kj::AsyncOutputStream& out) {
        return out.write("ab", 2).then([&out]() { return out.write("cd", 2); });
      });
    });
    router.on("GET", "/large",
              [](Request&) { return Response::text(200, std::string(5000, 'x')); });
    router.on("GET", "/never", [](Request&) { return kj::Promise<Response>(kj::NEVER_DONE); });
  }
  void start(Limits limits = {}, kj::StringPtr listenOn = "127.0.0.1") {
    server = std::make_unique<Server>(io.provider->getTimer(), clock, limits, kj::mv(router),
                                      oneUser("ana"));
    auto listener = io.provider->getNetwork().parseAddress(listenOn).wait(io.waitScope)->listen();
    url = "http://127.0.0.1:" + std::to_string(listener->getPort());
    server->listen(kj::mv(listener));
  }
  std::string failure(kj::Promise<ClientResponse> promise) {
    auto outcome = kj::runCatchingExceptions([&]() { promise.wait(io.waitScope); });
    KJ_IF_MAYBE (exception, outcome) {
      type = exception->getType();
      return exception->getDescription().cStr();
    }
    return "no failure";
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  FixedClock clock;
  Router router;
  std::unique_ptr<Server> server;
  std::string url;
  // The same server with TLS, as the client's options trust it.
  void startSecure() {
    start();
    server->setTls(kj::heap<tls::Acceptor>(io.provider->getTimer(),
                                           kj::systemCoarseCalendarClock(),
                                           TestFiles::get().server()));
    options.tls = std::make_shared<tls::Connector>(TestFiles::get().client());
    port = url.substr(url.rfind(':'));
  }
  std::string port;   // with its colon
  ClientOptions options;
  kj::Exception::Type type = kj::Exception::Type::UNIMPLEMENTED;
};

TEST_F(ClientTest, GetsPostsAndDeletes) {
  start();
  Client client(io.provider->getNetwork(), io.provider->getTimer());
  auto got = client.get(url + "/?q=" + percentEncode("a b&c")).wait(io.waitScope);
  EXPECT_EQ(got.status, 200u);
  EXPECT_EQ(got.body, "127.0.0.1 a b&c");
  EXPECT_EQ(got.header("content-type"), "text/plain; charset=utf-8");
  EXPECT_TRUE(got.header("X-Request-Id").has_value());
  EXPECT_EQ(client.post(url + "/", std::string(100000, 'x')).wait(io.waitScope).body,
            "application/json 100000");
  EXPECT_EQ(client.del(url).wait(io.waitScope).status, 204u);
  EXPECT_EQ(client.get(url + "/chunked").wait(io.waitScope).body, "abcd");
  EXPECT_EQ(client.get(url + "/none").wait(io.waitScope).status, 404u);
  EXPECT_EQ(client.send({"HEAD", url + "/large", {}, ""}).wait(io.waitScope).body, "");
}

TEST_F(ClientTest, SpeaksHttps) {
  startSecure();
  Client client(io.provider->getNetwork(), io.provider->getTimer(), options);
  for (std::string host : {"https://127.0.0.1", "https://localhost"}) {
    EXPECT_EQ(client.get(host + port + "/?q=x").wait(io.waitScope).body, "127.0.0.1 x");
  }
  auto posted = client.post("https://127.0.0.1" + port + "/", std::string(5 << 20, 'x'));
  EXPECT_EQ(posted.wait(io.waitScope).body, "application/json 5242880");
  EXPECT_EQ(client.get("https://127.0.0.1" + port + "/chunked").wait(io.waitScope).body, "abcd");
  EXPECT_EQ(server->counters().handshakes, 4u);
}

TEST_F(ClientTest, VerifiesTheServer) {
  startSecure();
  Client stranger(io.provider->getNetwork(), io.provider->getTimer());
  EXPECT_THAT(failure(stranger.get("https://127.0.0.1" + port + "/?secret")),
              ::testing::AllOf(HasSubstr("certificate verify failed"), Not(HasSubstr("secret"))));
  EXPECT_EQ(type, kj::Exception::Type::DISCONNECTED);
  Client client(io.provider->getNetwork(), io.provider->getTimer(), options);
  EXPECT_THAT(failure(client.get("https://127.0.0.2" + port + "/")), HasSubstr("127.0.0.2"));
  EXPECT_THAT(failure(client.get("http://127.0.0.1" + port + "/")), HasSubstr("127.0.0.1"))
      << "no falling back to plain text";
}

TEST_F(ClientTest, ReadsTheRefusalOfAnUploadThatIsTooLong) {
  Limits limits;
  limits.body = 1000;
  start(limits);
  Client client(io.provider->getNetwork(), io.provider->getTimer());
  auto response = client.post(url + "/", std::string(20 << 20, 'x')).wait(io.waitScope);
  EXPECT_EQ(response.status, 413u);
  EXPECT_THAT(response.body, HasSubstr("1000 bytes"));
}

TEST_F(ClientTest, BoundsTimeAndSize) {
  start();
  options.timeout = 50 * kj::MILLISECONDS;
  options.maxResponse = 4999;
  Client client(io.provider->getNetwork(), io.provider->getTimer(), options);
  EXPECT_THAT(failure(client.get(url + "/never?token=secret")),
              ::testing::AllOf(HasSubstr("no response in time"), Not(HasSubstr("secret"))));
  EXPECT_EQ(type, kj::Exception::Type::OVERLOADED);
  EXPECT_THAT(failure(client.get(url + "/large")), HasSubstr("longer than allowed"));
  EXPECT_EQ(type, kj::Exception::Type::FAILED);
}

TEST_F(ClientTest, SaysWhatIsWrong) {
  start();
  Client client(io.provider->getNetwork(), io.provider->getTimer());
  EXPECT_THAT(failure(client.get("ftp://h/?secret")),
              ::testing::AllOf(HasSubstr("http://"), Not(HasSubstr("secret"))));
  EXPECT_THAT(failure(client.get(url + "/a b")), HasSubstr("visible ASCII"));
  EXPECT_THAT(failure(client.send({"GET", url, {{"A", "b\r\nC: d"}}, ""})),
              HasSubstr("invalid header"));
  EXPECT_THAT(failure(client.send({"FETCH", url, {}, ""})), HasSubstr("unknown HTTP method"));
  server = nullptr;
  EXPECT_THAT(failure(client.get(url)), HasSubstr(url));
  EXPECT_EQ(type, kj::Exception::Type::DISCONNECTED);
}

TEST_F(ClientTest, UnixSocketsHaveAnAddressToo) {
  std::string folder = std::string(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp") + "/httpXXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  auto path = kj::str("unix:", folder.c_str(), "/s");
  start({}, path);
  auto stream = io.provider->getNetwork().parseAddress(path).wait(io.waitScope)->connect().wait(
      io.waitScope);
  static constexpr std::string_view request = "GET / HTTP/1.0\r\n\r\n";
  stream->write(request.data(), request.size()).wait(io.waitScope);
  auto text = stream->readAllText().wait(io.waitScope);
  EXPECT_THAT(text.cStr(), EndsWith("unix "));
  server = nullptr;
  unlink((folder + "/s").c_str());
  rmdir(folder.c_str());
}

}  // namespace
}  // namespace maitred::http
