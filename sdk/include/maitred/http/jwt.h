#pragma once
// Bearer tokens: signed JSON Web Tokens (RFC 7519), as identity providers issue them.
//
// Only RS256 and ES256 are known: what a token says about its own algorithm never chooses how it is
// verified, the key does. A token costs at most one verification of a signature, whatever it says,
// and none of its claims is looked at before the signature has been found good. Tokens are never
// logged, and nothing of them is in a refusal but, from a token with a good signature, the name.

#include <maitred/http/auth.h>
#include <maitred/tls/connector.h>

#include <kj/async-io.h>
#include <kj/function.h>
#include <kj/timer.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct evp_pkey_st;

namespace maitred::http {

// The public keys of an issuer (a JSON Web Key Set, RFC 7517).
class JwtKeys {
 public:
  enum class Algorithm { rs256, es256 };
  struct Key {
    std::string id;   // kid; may be empty
    Algorithm algorithm;
    std::shared_ptr<evp_pkey_st> key;
  };

  // At most 256 KiB and 100 keys. Keys that are for something else (encryption, other algorithms)
  // are left out. Throws FAILED with the reason: no JSON, a malformed key, an RSA key below 2048
  // bits, no key that could be used.
  static JwtKeys parse(std::string_view json);

  // The key with this id and algorithm; for a token without an id the only one of the algorithm.
  const Key* find(std::optional<std::string_view> id, Algorithm algorithm) const;
  size_t size() const { return keys.size(); }

 private:
  std::vector<Key> keys;
};

struct JwtRules {
  std::string issuer;                   // iss must be this
  std::vector<std::string> audiences;   // aud must hold one of these
  std::string principal = "sub";        // the claim with the user's name
  int64_t leeway = 60;                  // seconds, for exp, nbf and iat
  size_t tokenMax = 8192;               // bytes
  std::string realm = "maitred";
};

// What came of a token.
struct JwtVerdict {
  std::string user;       // accepted if this is not empty
  std::string refusal;    // otherwise: why, for the client and the log
  std::string claimed;    // the name in a token whose signature is good
  bool unknownKey = false;  // another set of keys may judge otherwise
};

// Pure: `nowUnix` in seconds.
JwtVerdict judgeJwt(std::string_view token, const JwtKeys& keys, const JwtRules& rules,
                    int64_t nowUnix);

// Where the keys come from, as JSON. Called again for fresh ones.
struct JwtKeySource {
  kj::Function<kj::Promise<std::string>()> fetch;
  kj::Duration oldAfter;      // keys are fetched anew when they are older than this
  kj::Duration pause;         // between two fetches at least, whatever tokens say
};
JwtKeySource jwtKeysFile(std::string path);
// `connector` may be null: the system's authorities. Ten seconds and 256 KiB at most.
JwtKeySource jwtKeysUrl(kj::Network& network, kj::Timer& timer, std::string url,
                        std::shared_ptr<tls::Connector> connector);

// `problem` is told when keys cannot be had; the former ones are used for up to a day then. Without
// any, requests are answered 503. Everything referred to must outlive it.
kj::Own<Authenticator> bearerJwt(JwtRules rules, JwtKeySource source, kj::Timer& timer,
                                 const kj::Clock& clock, kj::Function<void(kj::StringPtr)> problem);

}  // namespace maitred::http
