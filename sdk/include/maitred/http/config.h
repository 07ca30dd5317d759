#pragma once
// From the configuration (sdk/schema/http.capnp) to what the server takes. Kept apart so that code
// without a plugin's configuration does not pull in the schema.

#include <maitred/http/auth.h>
#include <maitred/http/limits.h>
#include <maitred/schema/http.capnp.h>
#include <maitred/tls/acceptor.h>

#include <kj/async-io.h>

#include <functional>
#include <string>
#include <vector>

namespace maitred::http {

Limits limitsFrom(HttpLimits::Reader config);

// What the schema's ranges cannot say, for a plugin's check(): one sentence each, with the path of
// the key below the given struct ("basic", "users", "2"). Files that are named are read.
struct ConfigProblem {
  std::vector<std::string> path;
  std::string message;
  std::string hint = "";   // what to do; may be empty
};
std::vector<ConfigProblem> checkAuth(HttpAuth::Reader config);
std::vector<ConfigProblem> checkTls(HttpTls::Reader config);
// Both, and what they need of each other. `mayBeOpen`: no authentication need be chosen.
std::vector<ConfigProblem> checkHttp(HttpConfig::Reader config, bool mayBeOpen = false);

// What some authenticators need besides. All must outlive them.
struct Outside {
  kj::Timer& timer;
  const kj::Clock& clock;
  kj::Network& network;
  std::function<void(kj::StringPtr)> problem;   // a line for the log
};
// Throws what checkAuth() would have reported.
kj::Own<Authenticator> authenticatorFrom(HttpAuth::Reader config, Outside outside);

// Whether TLS is configured at all.
bool isSecure(HttpTls::Reader config);
tls::Files filesFrom(HttpTls::Reader config);
// For Server::setTls(): null for plain connections. Throws as tls::Acceptor does.
kj::Maybe<kj::Own<tls::Acceptor>> acceptorFrom(HttpTls::Reader config, kj::Timer& timer,
                                               const kj::Clock& clock, tls::Acceptor::Hooks hooks);

}  // namespace maitred::http
