#include "follower.h"

#include <rest/authentication.h>

#include <kj/debug.h>

#include <algorithm>
#include <cctype>

namespace maitred::cook {

using http::Request;
using http::Response;

namespace {

// In every answer of a follower, so that it is not taken for a leader; and in every request of one,
// so that two who follow each other do not ask each other for ever.
constexpr const char* FOLLOWING = "X-Maitred-Following";
constexpr size_t RESPONSE_MOST = 256 << 20;

// Cook's own list, by the first segment of the path.
bool isForLeader(const Request& request) {
  const std::string& first = request.segments[0];
  if (first == "share" || first == "quota") {
    return request.method == "POST" || request.method == "DELETE";
  }
  for (const char* one :
       {"unscheduled_jobs", "compute-clusters", "shutdown-leader", "progress", "queue"}) {
    if (first == one) return true;
  }
  return false;
}

bool equalName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

// The server's own, and those that this queue adds itself.
bool isOurs(std::string_view name) {
  for (const char* one : {"Connection", "Content-Length", "Transfer-Encoding", "Date",
                          "X-Request-Id", "Cache-Control", "Access-Control-Allow-Origin",
                          "Access-Control-Allow-Credentials", "Keep-Alive"}) {
    if (equalName(name, one)) return true;
  }
  return false;
}

Response unavailable(const std::string& text) {
  Response response = Response::json(503, {{"message", text}});
  response.set("Retry-After", "2");
  return response;
}
constexpr const char* NO_LEADER = "Leader is temporarily unavailable.";

http::ClientOptions optionsOf(const LeaderSettings& settings) {
  http::ClientOptions options;
  options.timeout = settings.timeout;
  options.maxResponse = RESPONSE_MOST;
  if (settings.follow.starts_with("https:")) {
    options.tls = std::make_shared<tls::Connector>(tls::ConnectorFiles{settings.ca, "", ""});
  }
  return options;
}

class FollowingQueue final : public queue::Queue::Server {
 public:
  explicit FollowingQueue(std::string leader) : leader(std::move(leader)) {}

  kj::Promise<void> submit(SubmitContext) override { return refusal(); }
  kj::Promise<void> kill(KillContext) override { return refusal(); }
  kj::Promise<void> query(QueryContext) override { return refusal(); }
  kj::Promise<void> watch(WatchContext) override { return refusal(); }

 private:
  std::string leader;

  kj::Exception refusal() const {
    return KJ_EXCEPTION(OVERLOADED, "this queue follows another and has no jobs: ask that one",
                        leader.c_str());
  }
};

}  // namespace

queue::Queue::Client followingQueue(std::string leader) {
  return kj::heap<FollowingQueue>(std::move(leader));
}

Follower::Follower(kj::Timer& timer, kj::Network& network, log::Logger& log,
                   const RestSettings& rest, LeaderSettings leader)
    : timer(timer),
      log(log),
      rest(rest),
      settings(std::move(leader)),
      origins(rest.corsOrigins),
      client(network, timer, optionsOf(settings)),
      problem("the leader " + settings.follow + " has not answered yet"),
      watching(watch().promise().eagerlyEvaluate(nullptr)) {}

Async<void> Follower::watch() {
  for (;;) {
    co_await probe();
    co_await timer.afterDelay(settings.interval);
  }
}

Async<void> Follower::probe() {
  std::string seen;
  try {
    http::ClientResponse answer = co_await client.get(settings.follow + "/info");
    if (answer.header(FOLLOWING)) {
      seen = "it follows another queue itself";
    } else if (answer.status != 200) {
      seen = "it answers " + std::to_string(answer.status) + " to GET /info, 200 was expected";
    }
  } catch (const kj::Exception& e) {
    seen = e.getDescription().cStr();
  }
  note(seen.empty() ? "" : "the leader " + settings.follow + " cannot be asked: " + seen);
}

void Follower::note(std::string seen) {
  if (seen == problem) return;
  problem = std::move(seen);
  if (problem.empty()) {
    log.info("follows ", settings.follow.c_str());
  } else {
    log.warning(problem.c_str());
  }
}

http::Router Follower::router() {
  http::Router router;
  origins.guard(router);
  router.finish([](const Request&, Response& response) { response.set(FOLLOWING, "1"); });
  router.unauthenticated(
      [](Request&, const http::Rejection& rejection) { return unauthenticated(rejection); });
  router.on("GET", "/info",
            [this](Request& request) -> kj::Promise<Response> { return infoOf(rest, request); },
            {.authenticate = false});
  router.on("GET", "/debug",
            [this](Request&) -> kj::Promise<Response> { return versionOf(rest); },
            {.authenticate = false});
  // Which the leader does not authenticate either.
  router.on("POST", "/progress/:uuid",
            [this](Request& request) -> kj::Promise<Response> { return redirected(request); },
            {.authenticate = false});
  router.on("*", "/*path",
            [this](Request& request) -> kj::Promise<Response> { return answer(request); });
  return router;
}

kj::Promise<Response> Follower::answer(Request& request) {
  if (isForLeader(request)) return redirected(request);
  return relayed(request).promise();
}

Response Follower::redirected(const Request& request) const {
  if (!problem.empty()) return unavailable(NO_LEADER);
  std::string_view target = request.target;
  if (request.segments[0] == "queue") target = target.substr(0, target.find('?'));
  std::string location = settings.follow + std::string(target);
  Response response =
      Response::json(307, {{"location", location}, {"message", "redirecting to leader"}});
  response.set("Location", location);
  return response;
}

http::ClientRequest Follower::forwarded(const Request& request) const {
  http::ClientRequest out;
  out.method = std::string(request.method);
  out.url = settings.follow + std::string(request.target);
  out.body = std::string(request.body);
  for (const char* name : {"Authorization", "Content-Type", "Accept", "User-Agent", "X-Cook-Pool",
                           "X-Cook-Impersonate", "X-Request-Id"}) {
    if (auto value = request.header(name)) out.headers.emplace_back(name, std::string(*value));
  }
  if (!settings.trustedHeader.empty()) {
    out.headers.emplace_back(settings.trustedHeader, request.principal.name);
  }
  out.headers.emplace_back(FOLLOWING, "1");
  return out;
}

Async<Response> Follower::relayed(Request& request) {
  if (request.header(FOLLOWING)) {
    co_return unavailable("This queue follows " + settings.follow +
                          " and was asked by one that follows it: one of them must lead.");
  }
  if (!problem.empty()) co_return unavailable(NO_LEADER);
  http::ClientResponse answer;
  std::string lost;
  try {
    answer = co_await client.send(forwarded(request));
  } catch (const kj::Exception& e) {
    lost = e.getDescription().cStr();
  }
  if (!lost.empty()) {
    note("the leader " + settings.follow + " cannot be asked: " + lost);
    bool reads = request.method == "GET" || request.method == "HEAD";
    co_return unavailable(reads ? NO_LEADER
                                : std::string(NO_LEADER) + " It is not known whether the request "
                                                           "was taken: look, or send it again.");
  }
  Response response;
  response.status = answer.status;
  for (auto& [name, value] : answer.headers) {
    if (!isOurs(name)) response.headers.emplace_back(name, value);
  }
  response.body = std::move(answer.body);
  co_return response;
}

}  // namespace maitred::cook
