// The routes that tell about the queue itself: pools, failure reasons, who it is.

#include "rest.h"

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;

Rest::Answer Rest::pools(Request&, const Caller&) {
  json list = json::array();
  for (const Pool& pool : queue.pools().all()) {
    if (!queue.pools().named()) break;
    list.push_back({{"name", pool.name},
                    {"purpose", pool.purpose},
                    {"state", pool.active ? "active" : "inactive"}});
  }
  return Response::json(200, list);
}

Rest::Answer Rest::failureReasons(Request&, const Caller&) {
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

Response infoOf(const RestSettings& settings, const Request& request) {
  std::string leader = settings.leaderUrl;
  if (leader.empty()) {
    leader = std::string(request.scheme()) + "://" +
             std::string(request.header("Host").value_or(""));
  }
  return Response::json(200, {{"authentication-scheme", settings.authenticationScheme},
                              {"commit", settings.version},
                              {"start-time", settings.startedAt},
                              {"version", settings.version},
                              {"leader-url", leader}});
}

Response versionOf(const RestSettings& settings) {
  return Response::text(200, "Server is running version: " + settings.version + " (commit " +
                                 settings.version + ")");
}

}  // namespace maitred::cook
