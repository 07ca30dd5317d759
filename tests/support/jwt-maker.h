#pragma once
// An identity provider of the test's own: keys, their public half as JSON, and tokens.

#include "certificates.h"

#include <nlohmann/json.hpp>

#include <string>

namespace maitred::testing {

using nlohmann::json;

std::string base64Url(std::string_view bytes);

class Issuer {
 public:
  enum class Kind { rsa, elliptic };
  Issuer(Kind kind, std::string id, unsigned bits = 2048);

  // The public key as a JSON Web Key.
  json jwk() const;
  // A token with these claims. The header is the usual one with `header` put over it.
  std::string token(const json& claims, const json& header = json::object()) const;
  // The signature that belongs behind `covered`, encoded.
  std::string sign(const std::string& covered) const;

  const Kind kind;
  const std::string id;
  const PrivateKey key;
};

std::string setOf(std::initializer_list<const Issuer*> issuers);

}  // namespace maitred::testing
