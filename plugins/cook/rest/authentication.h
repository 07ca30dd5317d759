#pragma once
// Authentication as Cook's clients know it: the texts and the realm of a refusal, and a line in the
// log for each refusal.

#include <maitred/http.h>
#include <maitred/log.h>

namespace maitred::cook {

// Asks `inner`, and turns its refusals of HTTP Basic into Cook's. A refusal is logged with address
// and claimed name, never with what was given as the password; at most `REFUSALS_LOGGED` in a
// minute, then one line tells that there were more.
constexpr unsigned REFUSALS_LOGGED = 60;
kj::Own<http::Authenticator> cookAuthenticator(kj::Own<http::Authenticator> inner, log::Logger& log,
                                               kj::Timer& timer);

// 401 is plain text there, not an error object.
http::Response unauthenticated(const http::Rejection& rejection);

}  // namespace maitred::cook
