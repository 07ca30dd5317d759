#include "jwt-maker.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <stdexcept>

namespace maitred::testing {

namespace {

std::string bytesOf(const BIGNUM* number, int size) {
  std::string bytes(static_cast<size_t>(size), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), size);
  return bytes;
}

std::string number(const PrivateKey& key, const char* name, int size = 0) {
  BIGNUM* value = nullptr;
  if (EVP_PKEY_get_bn_param(key.get(), name, &value) != 1) throw std::runtime_error(name);
  std::string bytes = bytesOf(value, size > 0 ? size : BN_num_bytes(value));
  BN_free(value);
  return bytes;
}

// r and s side by side.
std::string rawSignature(const std::string& asn1) {
  auto* bytes = reinterpret_cast<const unsigned char*>(asn1.data());
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(asn1.size()));
  std::string raw = bytesOf(ECDSA_SIG_get0_r(signature), 32) +
                    bytesOf(ECDSA_SIG_get0_s(signature), 32);
  ECDSA_SIG_free(signature);
  return raw;
}

}  // namespace

std::string base64Url(std::string_view bytes) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  unsigned bits = 0, count = 0;
  for (unsigned char byte : bytes) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 6;) text += alphabet[bits >> (count -= 6) & 63];
    bits &= 63;
  }
  if (count > 0) text += alphabet[bits << (6 - count) & 63];
  return text;
}

Issuer::Issuer(Kind kind, std::string id, unsigned bits)
    : kind(kind), id(std::move(id)),
      key(kind == Kind::rsa ? makeRsaKey(bits) : makeEllipticKey()) {}

json Issuer::jwk() const {
  json entry{{"kid", id}, {"use", "sig"}};
  if (kind == Kind::rsa) {
    entry.update({{"kty", "RSA"},
                  {"alg", "RS256"},
                  {"n", base64Url(number(key, OSSL_PKEY_PARAM_RSA_N))},
                  {"e", base64Url(number(key, OSSL_PKEY_PARAM_RSA_E))}});
  } else {
    entry.update({{"kty", "EC"},
                  {"crv", "P-256"},
                  {"alg", "ES256"},
                  {"x", base64Url(number(key, OSSL_PKEY_PARAM_EC_PUB_X, 32))},
                  {"y", base64Url(number(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32))}});
  }
  return entry;
}

std::string Issuer::sign(const std::string& covered) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  auto* bytes = reinterpret_cast<const unsigned char*>(covered.data());
  size_t size = 0;
  EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key.get());
  EVP_DigestSign(context, nullptr, &size, bytes, covered.size());
  std::string signature(size, '\0');
  EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                 covered.size());
  signature.resize(size);
  EVP_MD_CTX_free(context);
  return base64Url(kind == Kind::rsa ? signature : rawSignature(signature));
}

std::string Issuer::token(const json& claims, const json& header) const {
  json head{{"alg", kind == Kind::rsa ? "RS256" : "ES256"}, {"typ", "JWT"}, {"kid", id}};
  head.update(header);
  std::string covered = base64Url(head.dump()) + "." + base64Url(claims.dump());
  return covered + "." + sign(covered);
}

std::string setOf(std::initializer_list<const Issuer*> issuers) {
  json keys = json::array();
  for (auto* issuer : issuers) keys.push_back(issuer->jwk());
  return json{{"keys", keys}}.dump();
}

}  // namespace maitred::testing
