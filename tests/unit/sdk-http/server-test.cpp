// What a handler sees and what the client gets back.
#include "fixture.h"

#include <maitred/async.h>

#include <nlohmann/json.hpp>

namespace maitred::http {
namespace {

TEST_F(ServerTest, GivesTheHandlerTheRequest) {
  router.on("POST", "/jobs/:uuid", [](Request& r) {
    EXPECT_EQ(r.method, "POST");
    EXPECT_EQ(r.path, "/jobs/ä b");
    EXPECT_EQ(r.param("uuid"), "ä b");
    EXPECT_EQ(r.query.all("x").size(), 2u);
    EXPECT_EQ(r.header("content-type"), "text/plain");
    EXPECT_EQ(r.body, "hello");
    EXPECT_EQ(r.principal.name, "ana");
    EXPECT_EQ(r.remote.host, "unknown");
    EXPECT_EQ(r.id, "my-id");
    EXPECT_ANY_THROW(r.param("nothing"));
    return Response::text(201, "done").with("X-Extra", "1");
  });
  start();
  auto response = ask(
      "POST /jobs/%C3%A4%20b?x=1&x=2 HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\n"
      "X-Request-Id: my-id\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(response,
            "HTTP/1.1 201 Created\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Request-Id: my-id\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nX-Extra: 1\r\nContent-Length: 4\r\n\r\n"
            "done");
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0],
            "remote=unknown user=ana \"POST /jobs/%C3%A4%20b?x=1&x=2\" status=201 in=5 out=4 "
            "ms=0.000 id=my-id");
}

TEST_F(ServerTest, MakesARequestIdUnlessTheClientsIsSane) {
  router.on("GET", "/", [](Request& r) { return Response::text(200, r.id); });
  start();
  auto first = bodyOf(ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  auto second = bodyOf(ask("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: \"<x>\"\r\n\r\n"));
  EXPECT_FALSE(first.empty());
  EXPECT_NE(first, second);
  EXPECT_EQ(second.find_first_of("\"<"), std::string::npos);
}

TEST_F(ServerTest, KeepsTheConnectionAndAnswersInOrder) {
  router.on("POST", "/echo", [this](Request& r) -> Async<Response> {
    std::string body(r.body);
    if (body == "slow") co_await timer.afterDelay(1 * kj::SECONDS);
    co_return Response::text(200, body);
  });
  start();
  Peer& peer = connect();
  std::string pipelined;
  for (std::string body : {"slow", "fast", "last"}) {
    pipelined += "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n" + body;
  }
  peer.send(pipelined);
  turn();
  EXPECT_EQ(peer.received, "");
  pass(1 * kj::SECONDS);
  size_t slow = peer.received.find("\r\n\r\nslow"), fast = peer.received.find("\r\n\r\nfast");
  ASSERT_NE(slow, std::string::npos);
  EXPECT_LT(slow, fast);
  EXPECT_THAT(peer.received, EndsWith("last"));
  EXPECT_FALSE(peer.closed);
  EXPECT_EQ(server->counters().accepted, 1u);
  EXPECT_EQ(server->counters().responses[Counters::post][2], 3u);
}

TEST_F(ServerTest, ClosesWhenAskedTo) {
  router.on("GET", "/", [](Request&) { return Response::text(200, "x"); });
  start();
  for (auto request : {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                       "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"}) {
    Peer& peer = connect();
    peer.send(request);
    turn();
    EXPECT_THAT(peer.received, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_TRUE(peer.closed);
  }
}

TEST_F(ServerTest, HeadHasHeadersButNoBody) {
  router.on("GET", "/", [](Request&) { return Response::text(200, "12345"); });
  start();
  auto response = ask("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(response, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_EQ(bodyOf(response), "");
}

TEST_F(ServerTest, AnswersUnknownRoutes) {
  router.on("GET", "/a", [](Request&) { return Response::empty(); });
  router.on("DELETE", "/a", [](Request&) { return Response::empty(); });
  start();
  EXPECT_EQ(bodyOf(ask("GET /b HTTP/1.1\r\nHost: h\r\n\r\n")),
            R"({"error":"no such resource: /b"})");
  auto response = ask("PUT /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(response, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(response, HasSubstr("\r\nAllow: DELETE, GET, HEAD\r\n"));
  auto empty = ask("DELETE /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(empty, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(empty, Not(HasSubstr("Content-Length")));
}

TEST_F(ServerTest, LetsThePluginPhraseItsErrors) {
  router.notFound([](Request&) { return Response::html(404, "<h1>Not a valid route</h1>"); });
  router.unauthenticated(
      [](Request&, const Rejection& r) { return Response::text(401, r.reason); });
  router.on("GET", "/a", [](Request&) { return Response::empty(); });
  router.methodNotAllowed([](Request&, std::string_view) { return Response::text(405, "no"); });
  start();
  EXPECT_EQ(bodyOf(ask("GET /b HTTP/1.1\r\nHost: h\r\n\r\n")), "<h1>Not a valid route</h1>");
  auto response = ask("POST /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(bodyOf(response), "no");
  EXPECT_THAT(response, HasSubstr("Allow: GET, HEAD"));
  server->setAuthenticator(basic({{"ana", "x"}}, "Cook"));
  response = ask("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(response, HasSubstr("WWW-Authenticate: Basic realm=\"Cook\""));
  EXPECT_THAT(bodyOf(response), HasSubstr("malformed or missing"));
}

TEST_F(ServerTest, MapsExceptions) {
  router.on("GET", "/:kind", [](Request& r) -> Async<Response> {
    auto kind = r.param("kind");
    if (kind == "http") throw HttpError(409, "taken");
    if (kind == "overloaded") kj::throwFatalException(KJ_EXCEPTION(OVERLOADED, "internals"));
    if (kind == "gone") kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "internals"));
    if (kind == "std") throw std::runtime_error("internals");
    KJ_FAIL_REQUIRE("internals");
    co_return Response::empty();
  });
  router.on("GET", "/not/a/coroutine", [](Request&) -> kj::Promise<Response> {
    throw HttpError(410, "gone for good");
  });
  start();
  auto get = [&](std::string path) { return ask("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n"); };
  EXPECT_THAT(get("/http"), StartsWith("HTTP/1.1 409 "));
  EXPECT_EQ(bodyOf(get("/http")), R"({"error":"taken"})");
  EXPECT_THAT(get("/not/a/coroutine"), StartsWith("HTTP/1.1 410 "));
  EXPECT_TRUE(problems.empty());
  for (auto path : {"/overloaded", "/gone"}) {
    auto response = get(path);
    EXPECT_THAT(response, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(response, HasSubstr("Retry-After: 1\r\n"));
    EXPECT_THAT(response, Not(HasSubstr("internals")));
  }
  for (auto path : {"/std", "/failed"}) {
    auto response = get(path);
    EXPECT_THAT(response, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(response, Not(HasSubstr("internals")));
    EXPECT_THAT(problems.back(), HasSubstr("internals"));
  }
  EXPECT_EQ(problems.size(), 2u);
}

TEST_F(ServerTest, ReadsJsonAndFormBodies) {
  router.on("POST", "/json", [](Request& r) { return Response::json(200, r.json()["a"]); });
  router.on("POST", "/form", [](Request& r) {
    return Response::text(200, std::string(*r.form().get("a")));
  });
  start();
  auto post = [&](std::string path, std::string body) {
    return ask("POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  EXPECT_EQ(bodyOf(post("/json", R"({"a":[1,2]})")), "[1,2]");
  EXPECT_EQ(bodyOf(post("/form", "b=1&a=x+y")), "x y");
  EXPECT_THAT(post("/json", "{\"a\":"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(post("/json", ""), HasSubstr("empty body"));
}

TEST_F(ServerTest, RunsFiltersInTheirOrder) {
  std::string order;
  router.beforeAuth([&](Request& r) -> kj::Maybe<Response> {
    order += "b" + r.principal.name + ",";
    if (r.path == "/debug") return Response::text(200, "up");
    return nullptr;
  });
  router.afterAuth([&](Request& r) -> kj::Maybe<Response> {
    order += "a" + r.principal.name + ",";
    if (r.path == "/limited") return Response::error(429, "slow down");
    return nullptr;
  });
  router.finish([&](const Request&, Response& response) {
    order += "f" + std::to_string(response.status) + ";";
    response.set("Access-Control-Allow-Origin", "*");
  });
  router.on("GET", "/", [&](Request&) {
    order += "h,";
    return Response::empty();
  });
  router.on("GET", "/open", [&](Request& r) { return Response::text(200, r.principal.name); },
            {.authenticate = false});
  start();
  auto get = [&](std::string path) { return ask("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n"); };
  get("/");
  get("/debug");
  get("/limited");
  EXPECT_THAT(get("/none"), HasSubstr("Access-Control-Allow-Origin: *\r\n"));
  EXPECT_EQ(bodyOf(get("/open")), "");
  EXPECT_EQ(order, "b,aana,h,f204;b,f200;b,aana,f429;b,aana,f404;b,a,f200;");
}

TEST_F(ServerTest, RefusesResponsesThatWouldBreakTheProtocol) {
  router.on("GET", "/split", [](Request&) {
    return Response::empty().with("Location", "/x\r\nSet-Cookie: a=b");
  });
  router.on("GET", "/length",
            [](Request&) { return Response::empty().with("content-length", "9"); });
  router.on("GET", "/body", [](Request&) {
    auto response = Response::text(200, "x");
    response.status = 304;
    return response;
  });
  start();
  for (std::string path : {"/split", "/length", "/body"}) {
    auto response = ask("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THAT(response, StartsWith("HTTP/1.1 500 ")) << path;
    EXPECT_THAT(response, Not(HasSubstr("Set-Cookie")));
  }
  EXPECT_EQ(problems.size(), 3u);
}

TEST_F(ServerTest, LogsNoCredentials) {
  router.on("GET", "/", [](Request&) { return Response::empty(); });
  start({}, basic({{"ana", "hunter2"}}, "r"));
  // ana:hunter2, ana:hunter3
  ask("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YW5hOmh1bnRlcjI=\r\n\r\n");
  ask("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YW5hOmh1bnRlcjM=\r\n\r\n");
  ASSERT_EQ(log.size(), 2u);
  EXPECT_THAT(log[0], HasSubstr("user=ana \"GET /\" status=204"));
  EXPECT_THAT(log[1], HasSubstr("user=- \"GET /\" status=401"));
  for (auto& line : log) {
    EXPECT_THAT(line, Not(HasSubstr("hunter")));
    EXPECT_THAT(line, Not(HasSubstr("YW5h")));
  }
}

}  // namespace
}  // namespace maitred::http
