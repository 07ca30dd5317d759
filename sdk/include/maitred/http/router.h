#pragma once
// Which function answers which request.
//
//   Router router;
//   router.on("GET", "/jobs/:uuid", [&](Request& r) { … r.param("uuid") … });
//   router.on("GET", "/files/*path", …);   // the rest of the path, with its slashes
//   router.on("GET", "/info", info, {.authenticate = false});
//
// A literal segment wins over a parameter, a parameter over the rest; a trailing slash makes
// another path. Segments are split before they are decoded. HEAD is served by the GET handler if it
// has none of its own.
//
// The order for a request: beforeAuth filters, authentication, afterAuth filters, route or 404/405,
// body read, handler, then the finish hooks on whatever response came out of that, error or not.
// Requests that are malformed at the HTTP level are answered 4xx without any of it.

#include <maitred/http/auth.h>
#include <maitred/http/request.h>
#include <maitred/http/response.h>

#include <kj/async.h>
#include <kj/function.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::http {

// May return a Response, a kj::Promise<Response>, or be a coroutine returning Async<Response>. The
// lambda is kept as long as the server, so a coroutine lambda may use its captures. Dropped at its
// deadline and when a drain ends; never because the client went away: what changes state hands it
// to a TaskSet of its owner, and waits.
using Handler = kj::Function<kj::Promise<Response>(Request&)>;
// Returns a response to end the matter there, or nullptr to go on. Must not block.
using Filter = kj::Function<kj::Maybe<Response>(Request&)>;
// Amends a response on its way out (CORS headers, …).
using Finish = kj::Function<void(const Request&, Response&)>;

struct RouteOptions {
  bool authenticate = true;
  std::optional<size_t> maxBody;              // instead of Limits::body
  // instead of Limits::handlerTime; 0: unlimited (long polls)
  std::optional<kj::Duration> handlerTime;
};

class Router {
 public:
  Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  ~Router() noexcept;

  // method "*": any that has no route of its own there. Throws for a pattern that is malformed or
  // taken.
  void on(std::string_view method, std::string_view pattern, Handler handler,
          RouteOptions options = {});

  void beforeAuth(Filter filter);
  void afterAuth(Filter filter);
  void finish(Finish hook);

  // Instead of the envelope with 404; 405 (the header Allow is added in any case); 401 or 403 (the
  // header WWW-Authenticate is added).
  void notFound(kj::Function<Response(Request&)> make);
  void methodNotAllowed(kj::Function<Response(Request&, std::string_view allow)> make);
  void unauthenticated(kj::Function<Response(Request&, const Rejection&)> make);

  // What there is, one line a route, sorted: "GET /jobs/:uuid", with " open"
  // behind it where no authentication is asked for.
  std::vector<std::string> list() const;

  // --- For the server, and for tests without one. ---
  struct Route {
    Handler handler;
    RouteOptions options;
    std::vector<std::string> names;   // of the parameters, in order
  };
  struct Match {
    Route* route = nullptr;
    std::string allow;      // if the path exists but the method does not: "GET, HEAD, POST"
  };
  // Fills request.params on success.
  Match find(Request& request);
  kj::Maybe<Response> runBeforeAuth(Request& request);
  kj::Maybe<Response> runAfterAuth(Request& request);
  void runFinish(const Request& request, Response& response);
  Response makeNotFound(Request& request);
  Response makeMethodNotAllowed(Request& request, std::string_view allow);
  Response makeUnauthenticated(Request& request, const Rejection& rejection);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

}  // namespace maitred::http
