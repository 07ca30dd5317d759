// JSON Web Keys to OpenSSL's.
#include "base64url.h"

#include <maitred/http/json.h>
#include <maitred/http/jwt.h>

#include <kj/debug.h>
#include <nlohmann/json.hpp>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

namespace maitred::http {

namespace {

using nlohmann::json;

constexpr size_t longestKeySet = 256 << 10;
constexpr size_t mostKeys = 100;
constexpr int fewestRsaBits = 2048;
// More would let a set of keys make each token expensive.
constexpr int mostRsaBits = 8192;
constexpr size_t coordinateBytes = 32;

[[noreturn]] void refuse(const std::string& text) {
  kj::throwFatalException(
      kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::heapString(text.c_str())));
}

std::string memberOf(const json& key, const char* name) {
  auto found = key.find(name);
  return found != key.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string bytesIn(const json& key, const char* name, const std::string& shown) {
  auto bytes = decodeBase64Url(memberOf(key, name));
  if (!bytes || bytes->empty()) refuse(shown + ": '" + name + "' is not base64url");
  return *bytes;
}

struct Free {
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using Parameters = std::unique_ptr<OSSL_PARAM_BLD, Free>;
using Number = std::unique_ptr<BIGNUM, Free>;

Number numberOf(const std::string& bytes) {
  return Number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                          static_cast<int>(bytes.size()), nullptr));
}

std::shared_ptr<EVP_PKEY> build(const char* type, const Parameters& builder,
                                const std::string& shown) {
  OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(builder.get());
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr);
  EVP_PKEY* key = nullptr;
  bool good = context != nullptr && EVP_PKEY_fromdata_init(context) == 1 &&
              EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  ERR_clear_error();
  if (!good) refuse(shown + " is not a key");
  return {key, &EVP_PKEY_free};
}

std::shared_ptr<EVP_PKEY> rsaKey(const json& entry, const std::string& shown) {
  Number modulus = numberOf(bytesIn(entry, "n", shown));
  Number exponent = numberOf(bytesIn(entry, "e", shown));
  int bits = BN_num_bits(modulus.get()), exponentBits = BN_num_bits(exponent.get());
  if (bits < fewestRsaBits || bits > mostRsaBits) {
    refuse(shown + " has " + std::to_string(bits) + " bits, 2048 to 8192 are accepted");
  }
  if (BN_is_odd(exponent.get()) == 0 || exponentBits < 2 || exponentBits > 64) {
    refuse(shown + " has an exponent that is not accepted");
  }
  Parameters builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  return build("RSA", builder, shown);
}

std::shared_ptr<EVP_PKEY> ellipticKey(const json& entry, const std::string& shown) {
  std::string x = bytesIn(entry, "x", shown), y = bytesIn(entry, "y", shown);
  if (x.size() != coordinateBytes || y.size() != coordinateBytes) {
    refuse(shown + ": a coordinate of P-256 has 32 bytes");
  }
  std::string point = "\x04" + x + y;
  Parameters builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return build("EC", builder, shown);
}

// Whether the key says of itself that it is for signatures of this algorithm, or says nothing.
bool meantFor(const json& entry, const char* algorithm) {
  std::string use = memberOf(entry, "use"), alg = memberOf(entry, "alg");
  if ((!use.empty() && use != "sig") || (!alg.empty() && alg != algorithm)) return false;
  auto operations = entry.find("key_ops");
  if (operations == entry.end() || !operations->is_array()) return true;
  return std::find(operations->begin(), operations->end(), "verify") != operations->end();
}

std::optional<JwtKeys::Key> keyOf(const json& entry, const std::string& shown) {
  if (!entry.is_object()) refuse(shown + " is not an object");
  std::string type = memberOf(entry, "kty");
  JwtKeys::Key key{memberOf(entry, "kid"), JwtKeys::Algorithm::rs256, nullptr};
  if (type == "RSA" && meantFor(entry, "RS256")) {
    key.key = rsaKey(entry, shown);
  } else if (type == "EC" && memberOf(entry, "crv") == "P-256" && meantFor(entry, "ES256")) {
    key.algorithm = JwtKeys::Algorithm::es256;
    key.key = ellipticKey(entry, shown);
  } else {
    return std::nullopt;
  }
  return key;
}

json parseSet(std::string_view text) {
  if (text.size() > longestKeySet) refuse("a set of keys has at most 256 KiB");
  json set;
  KJ_IF_MAYBE (problem, kj::runCatchingExceptions([&]() { set = parseJson(text, 16); })) {
    refuse(std::string("the set of keys is no JSON: ") + problem->getDescription().cStr());
  }
  auto found = set.is_object() ? set.find("keys") : set.end();
  if (!set.is_object() || found == set.end() || !found->is_array()) {
    refuse("a set of keys is an object with the array 'keys'");
  }
  if (found->size() > mostKeys) refuse("a set has at most 100 keys");
  return *found;
}

}  // namespace

JwtKeys JwtKeys::parse(std::string_view text) {
  JwtKeys result;
  size_t index = 0;
  for (auto& entry : parseSet(text)) {
    if (auto key = keyOf(entry, "key " + std::to_string(index++))) {
      bool twice = result.find(key->id, key->algorithm) != nullptr && !key->id.empty();
      if (twice) refuse("two keys have the id '" + key->id.substr(0, 100) + "'");
      result.keys.push_back(std::move(*key));
    }
  }
  if (result.keys.empty()) refuse("no key of the set is one for RS256 or ES256");
  return result;
}

const JwtKeys::Key* JwtKeys::find(std::optional<std::string_view> id, Algorithm algorithm) const {
  const Key* found = nullptr;
  for (auto& key : keys) {
    if (key.algorithm != algorithm) continue;
    if (id ? key.id == *id : true) {
      if (found != nullptr) return nullptr;   // which one?
      found = &key;
    }
  }
  return found;
}

}  // namespace maitred::http
