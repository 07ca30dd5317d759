#pragma once
// Authentication: who is it? What they may do is the plugin's question.

#include <maitred/http/request.h>

#include <kj/async.h>
#include <kj/memory.h>

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace maitred::http {

// Not let in. `reason` is shown to the client and holds no secret.
struct Rejection {
  std::string reason;
  std::string challenge;      // value of WWW-Authenticate; empty: the header is left out
  std::string user;           // the name that was claimed, if any; for the log
  unsigned status = 401;      // or 403
};
using Authentication = std::variant<Principal, Rejection>;

// Names end up in logs, job records and file names: valid UTF-8 without controls, 1 to 256 bytes.
bool saneUserName(std::string_view name);

// Called once for each request of a route that asks for authentication, before its body is read.
// May wait (a directory, a token service) within the handler deadline; the request outlives the
// promise. An exception becomes 500 or 503, as from a handler, and lets nobody in.
class Authenticator {
 public:
  virtual ~Authenticator() noexcept(false) = default;
  virtual kj::Promise<Authentication> authenticate(const Request& request) = 0;
};

// Everybody is `user`. For a single person's machine and for tests.
kj::Own<Authenticator> oneUser(std::string user);

// HTTP Basic against a table user -> password. Kept as SHA-256 digests, compared in constant time;
// an unknown user costs the same as a wrong password. User names are matched exactly.
kj::Own<Authenticator> basic(const std::map<std::string, std::string>& passwords,
                             std::string realm);
// HTTP Basic where any password will do: the name is believed. For trusted networks only.
kj::Own<Authenticator> basicAnyPassword(std::string realm);

// Addresses and networks: "127.0.0.1", "10.0.0.0/8", "2001:db8::/32", "unix" (every Unix socket).
class AddressSet {
 public:
  // Throws a kj::Exception that names the entry which is none of the above. An empty list matches
  // nothing.
  static AddressSet parse(const std::vector<std::string>& entries);
  bool contains(const RemoteAddress& address) const;

 private:
  struct Network {
    std::array<unsigned char, 16> bytes;   // IPv4 is kept mapped into IPv6
    unsigned bits;
  };
  std::vector<Network> networks;
  bool unixSockets = false;
};

// The user stands in a header that a proxy in front of us sets, believed only from the proxies'
// addresses. A request from elsewhere, without the header, or with it twice, is refused.
kj::Own<Authenticator> trustedHeader(std::string header, AddressSet sources);

// The user stands in the client's TLS certificate, where `from` says, exactly once there.
enum class CertificateField { commonName, email, dns, uri };
kj::Own<Authenticator> clientCertificate(CertificateField from);

}  // namespace maitred::http
