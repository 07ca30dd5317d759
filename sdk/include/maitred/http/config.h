#pragma once
// From the configuration (sdk/schema/http.capnp) to what the server takes. Kept apart so that code
// without a plugin's configuration does not pull in the schema.

#include <maitred/http/auth.h>
#include <maitred/http/limits.h>
#include <maitred/schema/http.capnp.h>

#include <string>
#include <vector>

namespace maitred::http {

Limits limitsFrom(HttpLimits::Reader config);

// What the schema's ranges cannot say, for a plugin's check(): one sentence each, with the path of
// the key below the given struct ("basic", "users", "2").
struct ConfigProblem {
  std::vector<std::string> path;
  std::string message;
};
std::vector<ConfigProblem> checkAuth(HttpAuth::Reader config);

// Throws what checkAuth() would have reported.
kj::Own<Authenticator> authenticatorFrom(HttpAuth::Reader config);

}  // namespace maitred::http
