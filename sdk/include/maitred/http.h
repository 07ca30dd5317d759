#pragma once
// maitred::http — the HTTP side of a plugin: a strict, bounded HTTP/1.1 server on KJ event loops,
// with routing, authentication, JSON, drain and counters; and a small client. Link `maitred_http`.
//
//   using namespace maitred;
//   http::Router router;
//   router.on("POST", "/jobs", [this](http::Request& r) -> Async<http::Response> {
//     nlohmann::json job = r.json();                    // 400 with line and column by itself
//     if (!job.contains("command")) throw http::HttpError(400, "job: \"command\" is missing");
//     auto uuid = co_await submit(job);      // exceptions: OVERLOADED -> 503, others -> 500
//     co_return http::Response::json(201, {{"jobs", {uuid}}});
//   });
//   router.on("GET", "/jobs/:uuid", [this](http::Request& r) { return show(r.param("uuid")); });
//   router.on("GET", "/metrics", metrics, {.authenticate = false});
//   router.beforeAuth([](auto& r) -> kj::Maybe<http::Response> { … nullptr goes on … });  // CORS
//   router.notFound([](auto&) { return http::Response::html(404, "<h1>Not a valid route</h1>"); });
//
//   http::ServerHooks hooks;
//   hooks.access = [&](const http::Access& a) { context.log().info(http::formatAccess(a)); };
//   hooks.problem = [&](kj::StringPtr text) { context.log().error(text); };
//   server = kj::heap<http::Server>(context.timer(), context.clock(),
//                                   http::limitsFrom(config.getHttp().getLimits()), kj::mv(router),
//                                   http::authenticatorFrom(config.getHttp().getAuth(), outside),
//                                   kj::mv(hooks));
//   server->setTls(http::acceptorFrom(config.getHttp().getTls(), context.timer(),
//                                     context.clock(), {}));       // nothing configured: plain
//   server->listen(context.listener("rest"));                     // in start(); several are fine
//   kj::Promise<void> drain(kj::Duration d) { return server->drain(d); }
//   server->counters()                                  // plain numbers, for the metrics registry
//
// In the plugin's config schema: `using Http = import "/maitred/schema/http.capnp";` and a field
// `http @N :Http.HttpConfig;`, which gives the keys http.limits, http.auth and http.tls; check()
// passes on what http::checkHttp() finds. A download:
// Response::streamed(200, "text/plain", size, [file = kj::mv(file)](kj::AsyncOutputStream& out)
// mutable { return pump(out); }). A client for tools and tests: http::Client(network,
// timer).get(url).

#include <maitred/http/auth.h>
#include <maitred/http/client.h>
#include <maitred/http/config.h>
#include <maitred/http/error.h>
#include <maitred/http/json.h>
#include <maitred/http/jwt.h>
#include <maitred/http/limits.h>
#include <maitred/http/query.h>
#include <maitred/http/request.h>
#include <maitred/http/response.h>
#include <maitred/http/router.h>
#include <maitred/http/server.h>
#include <maitred/http/tls-report.h>
