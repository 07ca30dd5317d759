// How many requests are answered in a minute.

#include "rest.h"

namespace maitred::cook {

using http::Request;
using http::Response;

// Whoever is authenticated is told apart by name, everybody else by address. Metrics have a count
// of their own, so that a scraper and a crowd do not take each other's; /debug, by which the queue
// is found to be alive, has none.
kj::Maybe<Response> Rest::beyondLimit(const Request& request) {
  const std::string& user = request.principal.name;
  const RequestLimits& limits = settings.requestLimits;
  RequestWindow::Verdict verdict;
  std::int64_t limit = 0;
  const char* kind = "user";
  if (!user.empty()) {
    limit = limits.user;
    verdict = userRequests.count(user, limit, queue.steadyMs());
  } else if (request.path == "/metrics") {
    kind = "metrics";
    limit = limits.metrics;
    verdict = metricsRequests.count(request.remote.host, limit, queue.steadyMs());
  } else if (request.path != "/debug") {
    kind = "open";
    limit = limits.open;
    verdict = openRequests.count(request.remote.host, limit, queue.steadyMs());
  }
  if (verdict.allowed) return nullptr;
  process.limited(kind);
  std::string seconds = std::to_string((verdict.resetMs + 999) / 1000);
  return Response::error(429, "Too Many Requests: at most " + std::to_string(limit) +
                                  " in a minute. Try again in " + seconds + " seconds.")
      .with("X-RateLimit-Limit", std::to_string(limit))
      .with("X-RateLimit-Remaining", "0")
      .with("X-RateLimit-Reset", seconds)
      .with("Retry-After", seconds);
}

}  // namespace maitred::cook
