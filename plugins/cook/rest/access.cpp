#include "access.h"

namespace maitred::cook {
namespace {

bool throughImpersonation(Verb verb, Item item) {
  switch (item) {
    case Item::job:
    case Item::group:
      return true;
    case Item::share:
    case Item::quota:
    case Item::usage:
      return verb == Verb::get;
    case Item::system:
      return false;
  }
  return false;
}

}  // namespace

bool AccessRules::allows(const Caller& caller, Verb verb, Item item,
                         const std::string& owner) const {
  if (!caller.impersonator.empty() && !throughImpersonation(verb, item)) return false;
  switch (function) {
    case Function::open:
      return true;
    case Function::openNoKilling:
      return verb != Verb::destroy || (item != Item::job && item != Item::group);
    case Function::adminsOpenGetsAllowedUsers:
      if (!allowed.contains(caller.user)) return false;
      [[fallthrough]];
    case Function::adminsOpenGets:
      if (verb == Verb::get) return true;
      [[fallthrough]];
    case Function::admins:
      return isAdmin(caller.user) || (!owner.empty() && owner == caller.user);
  }
  return false;
}

Identified callerOf(const http::Request& request, const AccessRules& rules) {
  Identified found{{request.principal.name, ""}, std::nullopt};
  auto header = request.header("X-Cook-Impersonate");
  if (!header || rules.impersonators.empty()) return found;
  std::string wanted(header->substr(0, header->find_first_of("/@")));
  if (wanted.empty() || wanted == found.caller.user) return found;
  if (!rules.impersonators.contains(found.caller.user)) {
    found.refusal = http::Response::text(
        403, "User " + found.caller.user + " does not have impersonation privileges.");
    return found;
  }
  found.caller = {wanted, found.caller.user};
  return found;
}

}  // namespace maitred::cook
