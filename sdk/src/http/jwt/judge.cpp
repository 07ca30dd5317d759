// Whether a token is good. Pure.
#include "base64url.h"

#include <maitred/http/json.h>
#include <maitred/http/jwt.h>

#include <kj/debug.h>
#include <nlohmann/json.hpp>

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cmath>

namespace maitred::http {

namespace {

using nlohmann::json;
using Algorithm = JwtKeys::Algorithm;

constexpr const char* MALFORMED = "the token is malformed";
constexpr const char* UNTRUSTED = "the token is not signed by a key that is trusted here";

// header.payload.signature
struct Parts {
  std::string_view head, payload, signature, covered;   // as sent
};

std::optional<Parts> split(std::string_view token) {
  size_t first = token.find('.');
  size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
               token.substr(second + 1), token.substr(0, second)};
}

// An object without a key that occurs twice, which readers would understand differently.
std::optional<json> objectIn(std::string_view encoded) {
  auto text = decodeBase64Url(encoded);
  if (!text) return std::nullopt;
  std::optional<json> result;
  auto failure = kj::runCatchingExceptions([&]() { result = parseJson(*text, 16); });
  if (failure != nullptr || !result->is_object()) return std::nullopt;
  return result;
}

std::optional<std::string> textIn(const json& object, const char* name) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

struct Header {
  Algorithm algorithm;
  std::optional<std::string> key;
};

std::optional<Header> headerIn(const json& object) {
  auto algorithm = textIn(object, "alg");
  if (algorithm != "RS256" && algorithm != "ES256") return std::nullopt;
  // Extensions that must be understood: we understand none.
  if (object.contains("crit")) return std::nullopt;
  auto type = object.contains("typ") ? textIn(object, "typ") : "JWT";
  if (!type || (!sameText(*type, "JWT") && !sameText(*type, "at+jwt"))) return std::nullopt;
  if (object.contains("kid") && !textIn(object, "kid")) return std::nullopt;
  return Header{algorithm == "RS256" ? Algorithm::rs256 : Algorithm::es256, textIn(object, "kid")};
}

// Tokens hold the two numbers of an ECDSA signature side by side, OpenSSL wants them in ASN.1.
std::string asn1(const std::string& raw) {
  if (raw.size() != 64) return "";
  auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
  ECDSA_SIG* signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
  unsigned char* encoded = nullptr;
  int size = i2d_ECDSA_SIG(signature, &encoded);
  ECDSA_SIG_free(signature);
  std::string result(reinterpret_cast<const char*>(encoded), size > 0 ? size_t(size) : 0);
  OPENSSL_free(encoded);
  return result;
}

bool verified(const JwtKeys::Key& key, std::string_view covered, std::string signature) {
  if (key.algorithm == Algorithm::es256) signature = asn1(signature);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  auto bytes = [](std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  bool good =
      EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key.key.get()) == 1 &&
      EVP_DigestVerify(context, bytes(signature), signature.size(), bytes(covered),
                       covered.size()) == 1;
  EVP_MD_CTX_free(context);
  ERR_clear_error();
  return good;
}

// A time claim in seconds; `absent` if it is not there. Nothing if it is no sane number.
std::optional<double> timeIn(const json& claims, const char* name, double absent) {
  auto found = claims.find(name);
  if (found == claims.end()) return absent;
  if (!found->is_number()) return std::nullopt;
  double value = found->get<double>();
  if (!std::isfinite(value) || value < 0 || value > 1e12) return std::nullopt;
  return value;
}

bool meantForUs(const json& claims, const std::vector<std::string>& audiences) {
  auto found = claims.find("aud");
  if (found == claims.end()) return false;
  auto ours = [&](const json& one) {
    return one.is_string() && std::find(audiences.begin(), audiences.end(),
                                        one.get_ref<const std::string&>()) != audiences.end();
  };
  return found->is_array() ? std::any_of(found->begin(), found->end(), ours) : ours(*found);
}

// Why the claims are refused; empty if they are not.
std::string faultIn(const json& claims, const JwtRules& rules, double now) {
  auto leeway = static_cast<double>(rules.leeway);
  auto expires = timeIn(claims, "exp", -1), begins = timeIn(claims, "nbf", 0),
       issued = timeIn(claims, "iat", 0);
  if (!expires || !begins || !issued) return "a time in the token is no number";
  if (*expires < 0) return "the token has no time of expiry";
  if (*expires + leeway <= now) return "the token has expired";
  if (*begins - leeway > now) return "the token is not valid yet";
  if (*issued - leeway > now) return "the token was issued in the future";
  if (textIn(claims, "iss") != rules.issuer) return "the token is of another issuer";
  if (!meantForUs(claims, rules.audiences)) return "the token is for another audience";
  auto user = textIn(claims, rules.principal.c_str());
  if (!user || !saneUserName(*user)) return "the token names no user in '" + rules.principal + "'";
  return "";
}

}  // namespace

JwtVerdict judgeJwt(std::string_view token, const JwtKeys& keys, const JwtRules& rules,
                    int64_t nowUnix) {
  JwtVerdict verdict;
  verdict.refusal = MALFORMED;
  if (token.size() > rules.tokenMax) {
    verdict.refusal = "the token is longer than " + std::to_string(rules.tokenMax) + " bytes";
    return verdict;
  }
  auto parts = split(token);
  auto head = parts ? objectIn(parts->head) : std::nullopt;
  auto signature = parts ? decodeBase64Url(parts->signature) : std::nullopt;
  if (!head || !signature) return verdict;
  verdict.refusal = UNTRUSTED;
  auto header = headerIn(*head);
  if (!header) return verdict;
  const JwtKeys::Key* key = keys.find(header->key, header->algorithm);
  verdict.unknownKey = key == nullptr;
  if (key == nullptr || !verified(*key, parts->covered, *signature)) return verdict;

  auto claims = objectIn(parts->payload);
  verdict.refusal = MALFORMED;
  if (!claims) return verdict;
  auto name = textIn(*claims, rules.principal.c_str());
  if (name && saneUserName(*name)) verdict.claimed = *name;
  verdict.refusal = faultIn(*claims, rules, static_cast<double>(nowUnix));
  if (verdict.refusal.empty()) verdict.user = verdict.claimed;
  return verdict;
}

}  // namespace maitred::http
