// Which tokens are believed: the good ones, and nothing that only looks like one.
#include "jwt-maker.h"

#include <maitred/http/jwt.h>

#include <kj/debug.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace maitred::http {
namespace {

using ::testing::HasSubstr;
using maitred::testing::base64Url;
using maitred::testing::Issuer;
using maitred::testing::setOf;
using nlohmann::json;

constexpr int64_t now = 1'800'000'000;

// Making RSA keys takes long, so that all tests share them.
const Issuer& rsa() {
  static Issuer issuer(Issuer::Kind::rsa, "r1");
  return issuer;
}
const Issuer& elliptic() {
  static Issuer issuer(Issuer::Kind::elliptic, "e1");
  return issuer;
}

class JwtTest : public ::testing::TestWithParam<const Issuer& (*)()> {
 protected:
  ~JwtTest() noexcept override {}
  const Issuer& issuer = GetParam()();
  JwtKeys keys = JwtKeys::parse(setOf({&rsa(), &elliptic()}));
  JwtRules rules{.issuer = "https://login/", .audiences = {"maitred", "other"}};
  json claims{{"iss", "https://login/"}, {"aud", "maitred"}, {"sub", "ana"}, {"exp", now + 600}};

  JwtVerdict judge(const std::string& token) { return judgeJwt(token, keys, rules, now); }
  // "ana", or why not.
  std::string outcome(const std::string& token) {
    auto verdict = judge(token);
    EXPECT_EQ(verdict.user.empty(), !verdict.refusal.empty());
    return verdict.user.empty() ? verdict.refusal : verdict.user;
  }
  std::string with(const char* claim, json value) {
    json changed = claims;
    changed[claim] = std::move(value);
    return outcome(issuer.token(changed));
  }
  std::string without(const char* claim) {
    json changed = claims;
    changed.erase(claim);
    return outcome(issuer.token(changed));
  }
};

TEST_P(JwtTest, GoodOnes) {
  EXPECT_EQ(outcome(issuer.token(claims)), "ana");
  EXPECT_EQ(outcome(issuer.token(claims, {{"typ", "at+JWT"}})), "ana");
  EXPECT_EQ(with("aud", json{"x", "other"}), "ana");
  rules.principal = "email";
  EXPECT_EQ(with("email", "ana@example.org"), "ana@example.org");
}

TEST_P(JwtTest, TimesCountWithALeeway) {
  EXPECT_EQ(with("exp", now - 59), "ana");
  EXPECT_EQ(with("exp", now - 60), "the token has expired");
  EXPECT_EQ(with("nbf", now + 60), "ana");
  EXPECT_EQ(with("nbf", now + 61), "the token is not valid yet");
  EXPECT_EQ(with("iat", now + 60), "ana");
  EXPECT_EQ(with("iat", now + 61), "the token was issued in the future");
  EXPECT_EQ(without("exp"), "the token has no time of expiry");
  EXPECT_EQ(with("exp", now + 0.5), "ana");
  for (json odd : {json("soon"), json(nullptr), json(-1), json(1e300)}) {
    EXPECT_EQ(with("exp", odd), "a time in the token is no number") << odd;
  }
}

TEST_P(JwtTest, IssuerAudienceAndUserMustFit) {
  EXPECT_EQ(with("iss", "https://login"), "the token is of another issuer");
  EXPECT_EQ(without("iss"), "the token is of another issuer");
  for (json odd : {json("maitre"), json(json::array()), json{"x"}, json(7), json{{"maitred", 1}}}) {
    EXPECT_EQ(with("aud", odd), "the token is for another audience") << odd;
  }
  EXPECT_EQ(without("aud"), "the token is for another audience");
  for (json odd : {json(""), json(7), json("a\nb"), json(std::string(300, 'a'))}) {
    EXPECT_EQ(with("sub", odd), "the token names no user in 'sub'");
  }
  EXPECT_EQ(judge(issuer.token(json{{"sub", "ana"}})).claimed, "ana") << "for the log";
}

// Every single change of a token is noticed, wherever it is.
TEST_P(JwtTest, TamperedOnesAreRefused) {
  std::string good = issuer.token(claims);
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    EXPECT_NE(outcome(bad), "ana") << at;
  }
  for (size_t size = 0; size < good.size(); size += 7) {
    EXPECT_NE(outcome(good.substr(0, size)), "ana") << size;
  }
  EXPECT_NE(outcome(good + "A"), "ana");
  EXPECT_NE(outcome(good + "="), "ana");
  EXPECT_NE(outcome(good + ".x"), "ana");
  json boss = claims;
  boss["sub"] = "boss";
  std::string other = issuer.token(boss);
  auto part = [](const std::string& token, int n) {
    size_t first = token.find('.'), second = token.find('.', first + 1);
    return n == 0 ? token.substr(0, first)
                  : n == 1 ? token.substr(first + 1, second - first - 1) : token.substr(second + 1);
  };
  EXPECT_THAT(outcome(part(good, 0) + "." + part(other, 1) + "." + part(good, 2)),
              HasSubstr("not signed by a key"));
}

// The algorithm is the key's business: a token cannot talk its verifier into another one.
TEST_P(JwtTest, NoOtherAlgorithmIsBelieved) {
  json head{{"alg", "none"}, {"kid", issuer.id}};
  std::string body = base64Url(claims.dump());
  for (const char* none : {"none", "None", "NONE", ""}) {
    head["alg"] = none;
    EXPECT_NE(outcome(base64Url(head.dump()) + "." + body + "."), "ana");
    EXPECT_NE(outcome(base64Url(head.dump()) + "." + body + "." + issuer.sign("x")), "ana");
  }
  // The public key, which everybody knows, as the secret of an HMAC.
  std::string secret = issuer.jwk().dump();
  for (const char* name : {"HS256", "HS512"}) {
    head["alg"] = name;
    std::string covered = base64Url(head.dump()) + "." + body;
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(covered.data()), covered.size(), mac, &size);
    std::string_view bytes(reinterpret_cast<char*>(mac), size);
    EXPECT_NE(outcome(covered + "." + base64Url(bytes)), "ana") << name;
  }
  for (const char* name : {"RS512", "PS256", "ES384", "EdDSA",
                           issuer.kind == Issuer::Kind::rsa ? "ES256" : "RS256"}) {
    EXPECT_NE(outcome(issuer.token(claims, {{"alg", name}})), "ana") << name;
  }
}

TEST_P(JwtTest, HeadersThatAreNotUnderstoodAreRefused) {
  EXPECT_NE(outcome(issuer.token(claims, {{"crit", {"exp"}}})), "ana");
  EXPECT_NE(outcome(issuer.token(claims, {{"typ", "dpop+jwt"}})), "ana");
  EXPECT_NE(outcome(issuer.token(claims, {{"kid", 7}})), "ana");
  std::string twice = base64Url(R"({"alg":"none","alg":")" +
                                std::string(issuer.kind == Issuer::Kind::rsa ? "RS256" : "ES256") +
                                R"(","kid":")" + issuer.id + "\"}") +
                      "." + base64Url(claims.dump());
  EXPECT_EQ(outcome(twice + "." + issuer.sign(twice)), "the token is malformed");
}

TEST_P(JwtTest, KeysAreFoundByTheirIds) {
  EXPECT_TRUE(judge(issuer.token(claims, {{"kid", "gone"}})).unknownKey);
  EXPECT_FALSE(judge(issuer.token(claims)).unknownKey);
  // Without an id, if there is but one of the algorithm.
  json head{{"alg", issuer.kind == Issuer::Kind::rsa ? "RS256" : "ES256"}};
  std::string covered = base64Url(head.dump()) + "." + base64Url(claims.dump());
  EXPECT_EQ(outcome(covered + "." + issuer.sign(covered)), "ana");
}

TEST_P(JwtTest, LongOnesAreNotLookedAt) {
  claims["more"] = std::string(9000, 'x');
  EXPECT_EQ(outcome(issuer.token(claims)), "the token is longer than 8192 bytes");
  rules.tokenMax = 20000;
  EXPECT_EQ(outcome(issuer.token(claims)), "ana");
}

INSTANTIATE_TEST_SUITE_P(Algorithms, JwtTest, ::testing::Values(&rsa, &elliptic), [](auto& info) {
  return info.param == &rsa ? "RS256" : "ES256";
});

class JwtKeysTest : public ::testing::Test {
 protected:
  ~JwtKeysTest() noexcept override {}
  std::string failure(const json& keys) {
    std::string text;
    auto outcome =
        kj::runCatchingExceptions([&]() { JwtKeys::parse(json{{"keys", keys}}.dump()); });
    KJ_IF_MAYBE (exception, outcome) text = exception->getDescription().cStr();
    return text;
  }
};

TEST_F(JwtKeysTest, WhatIsForSomethingElseIsLeftOut) {
  json encryption = rsa().jwk(), other = rsa().jwk(), signing = rsa().jwk();
  encryption["use"] = "enc";
  other["alg"] = "RS512";
  signing["key_ops"] = {"sign"};
  json unknown{{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "AA"}},
      shared{{"kty", "oct"}, {"k", "c2VjcmV0"}};
  json all{encryption, other, signing, unknown, shared};
  EXPECT_EQ(failure(all), "no key of the set is one for RS256 or ES256");
  all.push_back(elliptic().jwk());
  EXPECT_EQ(JwtKeys::parse(json{{"keys", all}}.dump()).size(), 1u);
}

TEST_F(JwtKeysTest, BadOnesAreNamed) {
  json key = rsa().jwk();
  key["n"] = "not base64!";
  EXPECT_EQ(failure(json::array({key})), "key 0: 'n' is not base64url");
  key = rsa().jwk();
  key["e"] = base64Url("\x02");
  EXPECT_THAT(failure(json::array({key})), HasSubstr("exponent"));
  key = Issuer(Issuer::Kind::rsa, "weak", 1024).jwk();
  EXPECT_THAT(failure(json::array({key})), HasSubstr("1024 bits"));
  key = elliptic().jwk();
  key["x"] = base64Url(std::string(32, 'x'));
  EXPECT_EQ(failure({rsa().jwk(), key}), "key 1 is not a key") << "not on the curve";
  key["x"] = base64Url("short");
  EXPECT_THAT(failure(json::array({key})), HasSubstr("32 bytes"));
  EXPECT_THAT(failure({rsa().jwk(), rsa().jwk()}), HasSubstr("two keys have the id 'r1'"));
  EXPECT_THAT(failure(7), HasSubstr("the array 'keys'"));
  json many = json::array();
  for (int i = 0; i < 101; ++i) many.push_back(json::object());
  EXPECT_THAT(failure(many), HasSubstr("at most 100 keys"));
  EXPECT_THAT(failure(json::array({std::string(300 << 10, 'x')})), HasSubstr("at most 256 KiB"));
}

}  // namespace
}  // namespace maitred::http
