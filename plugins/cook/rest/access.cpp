#include "access.h"

namespace maitred::cook {

bool AccessRules::allows(const std::string& user, Verb verb, const std::string& owner) const {
  switch (function) {
    case Function::open:
      return true;
    case Function::adminsOpenGets:
      if (verb == Verb::get) return true;
      [[fallthrough]];
    case Function::admins:
      return isAdmin(user) || (!owner.empty() && owner == user);
  }
  return false;
}

Caller callerOf(const http::Request& request, const AccessRules& rules) {
  Caller caller{request.principal.name, std::nullopt};
  auto header = request.header("X-Cook-Impersonate");
  if (!header || rules.impersonators.empty()) return caller;
  std::string wanted(header->substr(0, header->find_first_of("/@")));
  if (wanted.empty() || wanted == caller.user) return caller;
  if (!rules.impersonators.contains(caller.user)) {
    caller.refusal = http::Response::text(
        403, "User " + caller.user + " does not have impersonation privileges.");
    return caller;
  }
  caller.user = wanted;
  return caller;
}

}  // namespace maitred::cook
