#include "rest.h"

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;

namespace {

// A function that throws one of ours answers with it.
template <typename Work>
kj::Promise<Response> answering(Work&& work) {
  try {
    return work();
  } catch (const SchemaError& error) {
    return Response::rawJson(400, error.what());
  } catch (const Refused& refused) {
    return Response::error(refused.status, refused.what());
  }
}

}  // namespace

http::Handler Rest::as(Method method) {
  return [this, method](Request& request) -> kj::Promise<Response> {
    Caller caller = callerOf(request, settings.access);
    if (caller.refusal) return kj::mv(*caller.refusal);
    return answering([&] { return (this->*method)(request, caller.user); });
  };
}

http::Router Rest::router() {
  http::Router router;
  router.beforeAuth([this](Request& request) { return crossOrigin(request); });
  router.finish([this](const Request& request, Response& response) {
    response.set("Cache-Control", "max-age=0");
    auto origin = request.header("Origin");
    if (origin && allowed(std::string(*origin), request)) {
      response.set("Access-Control-Allow-Credentials", "true");
      response.set("Access-Control-Allow-Origin", std::string(*origin));
    }
  });
  router.notFound([](Request&) { return Response::html(404, "<h1>Not a valid route</h1>"); });
  for (const char* path : {"/jobs", "/rawscheduler"}) {
    router.on("POST", path, as(&Rest::submit));
    router.on("DELETE", path, as(&Rest::kill));
  }
  router.on("GET", "/jobs", as(&Rest::jobs));
  router.on("GET", "/jobs/:uuid", as(&Rest::job));
  router.on("GET", "/rawscheduler", as(&Rest::rawGet));
  router.on("GET", "/pools", as(&Rest::pools));
  router.on("GET", "/failure_reasons", as(&Rest::failureReasons));
  router.on("GET", "/settings", as(&Rest::showSettings));
  router.on("GET", "/info", [this](Request&) -> kj::Promise<Response> { return info(); },
            {.authenticate = false});
  router.on("GET", "/debug",
            [this](Request&) -> kj::Promise<Response> {
              return Response::text(200, "Server is running version: " + settings.version +
                                             " (commit " + settings.version + ")");
            },
            {.authenticate = false});
  return router;
}

bool Rest::allowed(const std::string& origin, const Request& request) {
  std::string scheme(request.header("X-Forwarded-Proto").value_or("http"));
  if (origin == scheme + "://" + std::string(request.header("Host").value_or(""))) return true;
  std::string text;
  for (const std::string& one : settings.corsOrigins) text += one + '\n';
  if (text != regexText) {
    origins.clear();
    for (const std::string& one : settings.corsOrigins) origins.emplace_back(one);
    regexText = text;
  }
  return std::any_of(origins.begin(), origins.end(),
                     [&](const std::regex& one) { return std::regex_match(origin, one); });
}

kj::Maybe<Response> Rest::crossOrigin(Request& request) {
  auto header = request.header("Origin");
  if (!header) return nullptr;
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

RenderOptions Rest::renderOptions(bool groupsWithNames) const {
  return {&queue.book().limits(), groupsWithNames, [this](const std::string& name) {
            for (const auto& cluster : queue.clusters()) {
              if (cluster->name() == name) return cluster->kind();
            }
            return std::string();
          }};
}

void Rest::checkPool(const std::string& name) const {
  if (!name.empty() && name != queue.settings().pool) {
    throw Refused(400, name + " is not a valid pool name.");
  }
}

void Rest::checkGroups(const Submission& submission) const {
  for (const Uuid& group : submission.declaredGroups) {
    if (queue.book().groupExists(group)) {
      throw Refused(400, "Group UUID " + group.text() + " already used");
    }
  }
  if (submission.overrideGroups) return;
  for (const Uuid& group : submission.implicitGroups) {
    if (!queue.book().groupExists(group)) continue;
    throw Refused(400, "Invalid group UUID " + group.text() +
                           " provided. A valid group UUID either: 1. belongs to a group created in "
                           "the same request or 2. does not belong to any existing group, or group "
                           "created in this request");
  }
}

kj::Promise<Response> Rest::submit(Request& request, const std::string& user) {
  std::string pool = queue.settings().pool;
  Submission submission = readSubmission(request.json(), user, pool.empty() ? "no-pool" : pool);
  if (submission.pool.empty()) submission.pool = request.header("x-cook-pool").value_or("");
  if (submission.jobs.empty()) check(submission, settings.limits);
  checkPool(submission.pool);
  check(submission, settings.limits);
  checkGroups(submission);
  if (!settings.access.allows(user, Verb::create, user)) {
    throw Refused(403, "You are not authorized to create jobs");
  }
  std::string used, text = "submitted jobs";
  for (JobSpec& job : submission.jobs) {
    if (queue.known(job.id)) used += (used.empty() ? "" : ", ") + job.id.text();
    job.submitPool = submission.pool;
    text += " " + job.id.text();
  }
  if (!used.empty()) throw Refused(409, "The following job UUIDs were already used: " + used);
  auto groups = submission.declaredGroups;
  groups.insert(groups.end(), submission.implicitGroups.begin(), submission.implicitGroups.end());
  if (!groups.empty()) text += " submitted groups";
  for (const Uuid& group : groups) text += " " + group.text();
  return queue.submit(std::move(submission.jobs))
      .then([text] { return Response::text(201, text); },
            [](kj::Exception&& exception) -> Response {
              if (exception.getType() == kj::Exception::Type::OVERLOADED) {
                return Response::error(503,
                                       "no job was accepted: the queue's store cannot keep it at "
                                       "the moment; try again later")
                    .with("Retry-After", "1");
              }
              if (exception.getType() != kj::Exception::Type::FAILED) {
                kj::throwFatalException(kj::mv(exception));  // 503: try again later
              }
              return Response::error(500, "Exception occurred while creating job - " +
                                              std::string(exception.getDescription().cStr()));
            });
}

kj::Promise<Response> Rest::kill(Request& request, const std::string& user) {
  auto texts = request.query.all("job");
  for (std::string_view more : request.query.all("uuid")) texts.push_back(more);
  std::vector<Uuid> jobs = uuids(texts), instances = uuids(request.query.all("instance"));
  if (jobs.empty() && instances.empty()) {
    throw Refused(400, "must supply at least one job or instance query param");
  }
  std::string forbidden, missing;
  auto look = [&](const Uuid& id, const Job* job, const char* what) {
    std::string owner = job == nullptr ? "" : job->spec.user;
    if (!settings.access.allows(user, Verb::destroy, owner)) forbidden += " " + id.text();
    if (job == nullptr && missing.empty()) {
      missing = "UUID " + id.text() + " didn't correspond to " + what;
    }
  };
  for (const Uuid& id : jobs) look(id, queue.book().find(id), "a job");
  for (const Uuid& id : instances) look(id, queue.book().findTask(id).job, "an instance");
  if (!forbidden.empty()) {
    throw Refused(403, "You are not authorized to kill the following jobs:" + forbidden);
  }
  if (!missing.empty()) throw Refused(404, missing);
  return queue.kill(jobs, instances).then([] { return Response::empty(204); });
}

kj::Promise<Response> Rest::pools(Request&, const std::string&) {
  json list = json::array();
  if (const std::string& name = queue.settings().pool; !name.empty()) {
    list.push_back({{"name", name}, {"purpose", "all jobs"}, {"state", "active"}});
  }
  return Response::json(200, list);
}

kj::Promise<Response> Rest::failureReasons(Request&, const std::string&) {
  json list = json::array();
  const MeaCulpaLimits& limits = queue.book().limits();
  for (const Reason& reason : reasons()) {
    json one{{"code", reason.code},
             {"name", reason.name},
             {"description", reason.text},
             {"mea_culpa", reason.meaCulpa}};
    if (reason.meaCulpa) {
      one["failure_limit"] = attemptOf(reason.code, limits).ownLimit.value_or(limits.global);
    }
    list.push_back(std::move(one));
  }
  return Response::json(200, list);
}

Response Rest::info() {
  return Response::json(200, {{"authentication-scheme", settings.authenticationScheme},
                              {"commit", settings.version},
                              {"start-time", settings.startedAt},
                              {"version", settings.version},
                              {"leader-url", settings.leaderUrl}});
}

kj::Promise<Response> Rest::showSettings(Request&, const std::string&) {
  const QueueSettings& q = queue.settings();
  json clusters = json::array();
  for (const auto& cluster : queue.clusters()) {
    bool kubernetes = cluster->kind() == "kubernetes";
    clusters.push_back(
        {{"factory-fn", kubernetes ? "cook.kubernetes.compute-cluster/factory-fn"
                                   : "cook.mesos.mesos-compute-cluster/factory-fn"},
         {"config", {{"compute-cluster-name", cluster->name()}, {"framework-id", "unsupported"}}}});
  }
  json constraints{{"cpus", settings.limits.cpus},
                   {"memory-gb", settings.limits.memMib / 1024},
                   {"retry-limit", settings.limits.retries},
                   {"max-ports", settings.limits.ports},
                   {"timeout-hours", q.runtimeMostMs / 3'600'000.0}};
  if (settings.limits.commandBytes != 0) {
    constraints["command-length-limit"] = settings.limits.commandBytes;
  }
  json pools = nullptr;
  if (!q.pool.empty()) pools = {{"default", q.pool}};
  return Response::json(200, {{"authorization-middleware", settings.authenticationScheme},
                              {"compute-clusters", clusters},
                              {"cors-origins", settings.corsOrigins},
                              {"kubernetes", json::object()},
                              {"mea-culpa-failure-limit", q.meaCulpa.global},
                              {"mesos-gpu-enabled", false},
                              {"plugins", json::object()},
                              {"pools", pools},
                              {"queue-limits", json::object()},
                              {"rate-limit", json::object()},
                              {"task-constraints", constraints},
                              {"version", settings.version}});
}

}  // namespace maitred::cook
