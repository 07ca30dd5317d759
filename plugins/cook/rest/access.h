#pragma once
// Who may do what: authorisation functions, admins, impersonation.

#include <maitred/http.h>

#include <optional>
#include <set>
#include <string>

namespace maitred::cook {

enum class Verb { get, create, destroy };

struct AccessRules {
  enum class Function { open, admins, adminsOpenGets };
  Function function = Function::adminsOpenGets;
  std::set<std::string> admins;
  std::set<std::string> impersonators;

  bool isAdmin(const std::string& user) const { return admins.contains(user); }
  // `owner` empty: the thing belongs to nobody, so that only admins pass (reads aside).
  bool allows(const std::string& user, Verb verb, const std::string& owner) const;
};

// On whose behalf the request is made: its principal, or whom the header X-Cook-Impersonate names.
// A response instead: refused.
struct Caller {
  std::string user;
  std::optional<http::Response> refusal;
};
Caller callerOf(const http::Request& request, const AccessRules& rules);

}  // namespace maitred::cook
