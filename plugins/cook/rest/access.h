#pragma once
// Who may do what: authorisation functions, admins, impersonation.

#include <maitred/http.h>

#include <optional>
#include <set>
#include <string>

namespace maitred::cook {

// `read` is for what shows the whole system; the functions that open gets do not open it.
enum class Verb { get, create, update, destroy, retry, read };

// What a request is about. Whoever acts for somebody else may do everything on jobs, may look at
// shares, quotas and usage, and may do nothing on the system.
enum class Item { job, group, share, quota, usage, system };

// On whose behalf a request is made, and who made it if that is somebody else.
struct Caller {
  std::string user;
  std::string impersonator;  // empty: nobody
};

struct AccessRules {
  // The names in Cook's configuration stand beside them.
  enum class Function {
    open,                        // open-auth
    openNoKilling,               // open-auth-no-job-killing
    admins,                      // configfile-admins-auth
    adminsOpenGets,              // configfile-admins-auth-open-gets
    adminsOpenGetsAllowedUsers,  // configfile-admins-open-gets-allowed-users-auth
  };
  Function function = Function::adminsOpenGets;
  std::set<std::string> admins;
  std::set<std::string> impersonators;
  std::set<std::string> allowed;  // for the last function

  bool isAdmin(const std::string& user) const { return admins.contains(user); }
  // `owner` empty: the thing belongs to nobody, so that only admins pass (reads aside).
  bool allows(const Caller& caller, Verb verb, Item item, const std::string& owner) const;
};

// The caller by the request's principal and the header X-Cook-Impersonate, of which what follows a
// `/` or `@` is cut off. Naming oneself is no impersonation. Without impersonators there is no such
// feature: the header changes nothing. A response instead: refused.
struct Identified {
  Caller caller;
  std::optional<http::Response> refusal;
};
Identified callerOf(const http::Request& request, const AccessRules& rules);

}  // namespace maitred::cook
