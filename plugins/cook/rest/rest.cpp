#include "rest.h"

#include "answered.h"
#include "authentication.h"
#include "openapi.h"

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;

namespace {

constexpr std::size_t PROGRESS_BODY_MOST = 64 * 1024;  // of whoever knows an instance

}  // namespace

http::Handler Rest::as(Method method, bool bareErrors) {
  return [this, method, bareErrors](Request& request) -> kj::Promise<Response> {
    Identified who = callerOf(request, settings.access);
    if (who.refusal) return kj::mv(*who.refusal);
    auto answer = answered(bareErrors, [&] { return (this->*method)(request, who.caller); });
    if (!request.header("X-Cook-Impersonate")) return answer;
    // Tells whoever wants to act for somebody else whether they did.
    return answer.then([user = who.caller.user](Response response) {
      response.set("X-Cook-User", http::percentEncode(user));
      return response;
    });
  };
}

http::Handler Rest::open(Answer (Rest::*method)(Request&)) {
  return [this, method](Request& request) -> kj::Promise<Response> {
    return answered(false, [&] { return (this->*method)(request); });
  };
}

http::Router Rest::router() {
  http::Router router;
  origins.guard(router);
  router.notFound([](Request&) { return Response::html(404, "<h1>Not a valid route</h1>"); });
  router.unauthenticated(
      [](Request&, const http::Rejection& rejection) { return unauthenticated(rejection); });
  router.afterAuth([this](Request& request) { return beyondLimit(request); });
  for (const char* path : {"/jobs", "/rawscheduler"}) {
    router.on("POST", path, as(&Rest::submit));
    router.on("DELETE", path, as(&Rest::kill));
  }
  router.on("GET", "/jobs", as(&Rest::jobs));
  router.on("GET", "/jobs/:uuid", as(&Rest::job));
  router.on("GET", "/rawscheduler", as(&Rest::rawGet));
  router.on("GET", "/instances", as(&Rest::instances));
  router.on("GET", "/instances/:uuid", as(&Rest::instance));
  router.on("GET", "/group", as(&Rest::groups));
  router.on("DELETE", "/group", as(&Rest::killGroups));
  router.on("GET", "/list", as(&Rest::list, true));
  router.on("GET", "/queue", as(&Rest::showQueue));
  router.on("GET", "/running", as(&Rest::running));
  router.on("GET", "/stats/instances", as(&Rest::instanceStats));
  router.on("GET", "/unscheduled_jobs", as(&Rest::unscheduled));
  router.on("GET", "/usage", as(&Rest::usage));
  router.on("GET", "/explain", as(&Rest::explain));
  router.on("GET", "/retry", as(&Rest::getRetry));
  router.on("PUT", "/retry", as(&Rest::putRetry));
  router.on("POST", "/retry", as(&Rest::postRetry));
  using enum LimitKind;
  router.on("GET", "/share", as(&Rest::ofKind<share, &Rest::getLimit>));
  router.on("POST", "/share", as(&Rest::ofKind<share, &Rest::setLimit>));
  router.on("DELETE", "/share", as(&Rest::ofKind<share, &Rest::removeLimit>));
  router.on("GET", "/quota", as(&Rest::ofKind<quota, &Rest::getLimit>));
  router.on("POST", "/quota", as(&Rest::ofKind<quota, &Rest::setLimit>));
  router.on("DELETE", "/quota", as(&Rest::ofKind<quota, &Rest::removeLimit>));
  router.on("GET", "/pools", as(&Rest::pools));
  router.on("GET", "/failure_reasons", as(&Rest::failureReasons));
  router.on("GET", "/settings", as(&Rest::showSettings));
  router.on("GET", "/compute-clusters", as(&Rest::getClusters));
  router.on("POST", "/compute-clusters", as(&Rest::createCluster));
  router.on("PUT", "/compute-clusters", as(&Rest::updateCluster));
  router.on("DELETE", "/compute-clusters", as(&Rest::deleteCluster));
  router.on("GET", "/incremental-config", as(&Rest::getIncremental));
  router.on("POST", "/incremental-config", as(&Rest::setIncremental));
  router.on("POST", "/shutdown-leader", as(&Rest::shutdownLeader));
  router.on("POST", "/progress/:uuid", open(&Rest::takeProgress),
            {.authenticate = false, .maxBody = PROGRESS_BODY_MOST});
  for (const char* path : {"/openapi.json", "/swagger-docs"}) {
    router.on("GET", path, [this](Request&) -> kj::Promise<Response> {
      return Response::rawJson(200, openApi(settings.version).dump());
    });
  }
  router.on("GET", "/swagger-ui", [this](Request&) -> kj::Promise<Response> {
    return Response::html(200, openApiPage(settings.version));
  });
  router.on("GET", "/info",
            [this](Request& request) -> kj::Promise<Response> {
              return infoOf(settings, request);
            },
            {.authenticate = false});
  router.on("GET", "/debug", open(&Rest::debug), {.authenticate = false});
  return router;
}

std::string Rest::poolOf(const Request& request, const std::string& inBody,
                         bool virtualToo) const {
  std::string pool = inBody;
  if (pool.empty()) pool = request.query.get("pool").value_or("");
  if (pool.empty()) pool = request.header("x-cook-pool").value_or("");
  if (virtualToo && queue.extensions().virtualPool(pool) != nullptr) return pool;
  if (!pool.empty() && queue.pools().find(pool) == nullptr) {
    throw Refused(400, pool.substr(0, 200) + " is not a valid pool name.");
  }
  return pool;
}

AuditLine Rest::auditLine(const Caller& caller, const char* action, std::string target,
                          std::string reason) const {
  AuditLine line;
  line.atMs = queue.nowMs();
  bool acting = !caller.impersonator.empty();
  line.user = acting ? caller.impersonator : caller.user;
  if (acting) line.onBehalfOf = caller.user;
  line.action = action;
  line.target = std::move(target);
  line.reason = std::move(reason);
  return line;
}

RenderOptions Rest::renderOptions(RenderOptions::Form form) const {
  return {&queue.book().limits(), form, [this](const std::string& name) { return typeOf(name); }};
}

std::string Rest::typeOf(const std::string& cluster) const {
  auto said = settings.clusters.find(cluster);
  if (said != settings.clusters.end() && !said->second.type.empty()) return said->second.type;
  for (const auto& one : queue.clusters()) {
    if (one->name() == cluster && one->kind() == "kubernetes") return "kubernetes";
  }
  return "mesos";
}

}  // namespace maitred::cook
