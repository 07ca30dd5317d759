// What is asked of the process that leads: whether it is there, and that it ends.

#include "admin-bodies.h"
#include "rest.h"

namespace maitred::cook {

using http::Request;
using http::Response;

Rest::Answer Rest::debug(Request&) {
  Response response = versionOf(settings);
  if (settings.leaderReportsUnhealthy) response.status = 503;
  return kj::mv(response);
}

Rest::Answer Rest::shutdownLeader(Request& request, const Caller& caller) {
  std::string reason = readShutdown(request.json());
  if (!settings.access.allows(caller, Verb::create, Item::system, "")) {
    throw Refused(403, "You are not authorized to shutdown the leader");
  }
  AuditLine line = auditLine(caller, "leader.shutdown", "", reason);
  auto decide = [line](const Entitlements&) { return AdminChange{.audit = {line}}; };
  return queue.administer(std::move(decide)).then([this, line] {
    process.shutdown(line.user, line.reason);
    return Response::json(202, {{"message", "the leader ends in 5 seconds"}});
  });
}

}  // namespace maitred::cook
