#include "cross-origin.h"

#include <algorithm>

namespace maitred::cook {

using http::Request;
using http::Response;

void CrossOrigin::guard(http::Router& router) {
  router.beforeAuth([this](Request& request) { return filter(request); });
  router.finish([this](const Request& request, Response& response) { finish(request, response); });
}

bool CrossOrigin::allowed(const std::string& origin, const Request& request) {
  std::string scheme(request.scheme());
  if (origin == scheme + "://" + std::string(request.header("Host").value_or(""))) return true;
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const Pattern& one) { return one.matches(origin); });
}

kj::Maybe<Response> CrossOrigin::filter(Request& request) {
  auto header = request.header("Origin");
  if (!header || request.path == "/debug") return nullptr;  // which comes before everything
  std::string origin(*header);
  bool preflight = request.method == "OPTIONS";
  if (!allowed(origin, request)) {
    return Response::text(403, preflight ? "Origin " + origin + " not allowed"
                                         : "Cross origin request denied from " + origin);
  }
  if (!preflight) return nullptr;
  Response response = Response::empty(200);
  response.set("Access-Control-Allow-Headers",
               std::string(request.header("Access-Control-Request-Headers").value_or("")));
  response.set("Access-Control-Allow-Methods", "PUT, GET, OPTIONS, DELETE");
  response.set("Access-Control-Max-Age", "86400");
  return kj::mv(response);
}

void CrossOrigin::finish(const Request& request, Response& response) {
  response.set("Cache-Control", "max-age=0");
  auto origin = request.header("Origin");
  if (!origin || !allowed(std::string(*origin), request)) return;
  response.set("Access-Control-Allow-Credentials", "true");
  response.set("Access-Control-Allow-Origin", std::string(*origin));
}

}  // namespace maitred::cook
