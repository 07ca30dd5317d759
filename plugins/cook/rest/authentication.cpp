#include "authentication.h"

#include <kj/timer.h>

namespace maitred::cook {
namespace {

// What the SDK's realm is when the configuration leaves it alone.
constexpr std::string_view UNNAMED = "Basic realm=\"maitred\"";

class Cooks final : public http::Authenticator {
 public:
  Cooks(kj::Own<http::Authenticator> inner, log::Logger& log, kj::Timer& timer)
      : inner(kj::mv(inner)), log(log), timer(timer), since(timer.now()) {}

  kj::Promise<http::Authentication> authenticate(const http::Request& request) override {
    return inner->authenticate(request).then([this, &request](http::Authentication result) {
      if (auto* rejection = std::get_if<http::Rejection>(&result)) refused(request, *rejection);
      return result;
    });
  }

 private:
  kj::Own<http::Authenticator> inner;
  log::Logger& log;
  kj::Timer& timer;
  kj::TimePoint since;  // of the minute that is being counted
  unsigned count = 0;

  void refused(const http::Request& request, http::Rejection& rejection) {
    note(request, rejection);
    if (!rejection.challenge.starts_with("Basic")) return;
    rejection.reason = rejection.user.empty()
                           ? "malformed or missing authorization header in basic auth"
                           : "User, password (" + rejection.user + ") not valid";
    // Cook names its realm, and no character set.
    if (rejection.challenge.starts_with(UNNAMED)) rejection.challenge = "Basic realm=\"Cook\"";
    if (auto charset = rejection.challenge.find(", charset="); charset != std::string::npos) {
      rejection.challenge.resize(charset);
    }
  }

  void note(const http::Request& request, const http::Rejection& rejection) {
    if (timer.now() - since >= 1 * kj::MINUTES) {
      since = timer.now();
      count = 0;
    }
    if (++count > REFUSALS_LOGGED) {
      if (count == REFUSALS_LOGGED + 1) {
        log.warning("more credentials are being refused; the next of them are logged in a minute");
      }
      return;
    }
    log.warning("credentials refused: ", rejection.reason.c_str(),
                "; claimed user: ", rejection.user.empty() ? "none" : rejection.user.c_str(),
                "; from ", request.remote.host.c_str(), "; request ", request.id.c_str());
  }
};

}  // namespace

kj::Own<http::Authenticator> cookAuthenticator(kj::Own<http::Authenticator> inner, log::Logger& log,
                                               kj::Timer& timer) {
  return kj::heap<Cooks>(kj::mv(inner), log, timer);
}

http::Response unauthenticated(const http::Rejection& rejection) {
  return http::Response::text(rejection.status, rejection.reason);
}

}  // namespace maitred::cook
