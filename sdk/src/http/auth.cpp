#include <maitred/http/auth.h>
#include <maitred/utf8.h>

#include <kj/debug.h>
#include <kj/encoding.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace maitred::http {

namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest digestOf(std::string_view text) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

class OneUser final : public Authenticator {
 public:
  explicit OneUser(std::string user) : user(std::move(user)) {}
  kj::Promise<Authentication> authenticate(const Request&) override {
    return Authentication(Principal{user, "one-user"});
  }

 private:
  std::string user;
};

struct Credentials {
  std::string user, password;
};

// RFC 7617. Nothing if the header is missing or malformed.
std::optional<Credentials> basicCredentials(const Request& request) {
  auto lines = request.headers.all("authorization");
  if (lines.size() != 1) return std::nullopt;
  std::string_view line = lines[0];
  size_t space = line.find(' ');
  if (space == line.npos || !sameText(line.substr(0, space), "basic")) return std::nullopt;
  line.remove_prefix(std::min(line.find_first_not_of(' ', space), line.size()));
  auto decoded = kj::decodeBase64(kj::arrayPtr(line.data(), line.size()));
  if (decoded.hadErrors || line.empty()) return std::nullopt;
  std::string_view text(reinterpret_cast<const char*>(decoded.begin()), decoded.size());
  size_t colon = text.find(':');
  if (colon == text.npos || !saneUserName(text.substr(0, colon))) return std::nullopt;
  return Credentials{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

class Basic final : public Authenticator {
 public:
  // No table: any password will do.
  Basic(std::optional<std::map<std::string, Digest>> table, std::string_view realm)
      : table(std::move(table)), challenge(quoted(realm)) {}

  kj::Promise<Authentication> authenticate(const Request& request) override {
    auto given = basicCredentials(request);
    if (!given) {
      return Authentication(Rejection{
          "malformed or missing Authorization header, expected 'Basic' with user and password",
          challenge, ""});
    }
    if (table && !matches(*given)) {
      return Authentication(Rejection{"unknown user or wrong password", challenge, given->user});
    }
    return Authentication(Principal{std::move(given->user), "basic"});
  }

 private:
  static std::string quoted(std::string_view realm) {
    std::string result = "Basic realm=\"";
    for (char c : realm) {
      if (c == '"' || c == '\\') result.push_back('\\');
      result.push_back(c);
    }
    return result + "\", charset=\"UTF-8\"";
  }

  // An unknown user is compared as well, with a digest that nothing has.
  bool matches(const Credentials& given) const {
    auto found = table->find(given.user);
    bool known = found != table->end();
    Digest expected = known ? found->second : Digest{};
    Digest actual = digestOf(given.password);
    return (CRYPTO_memcmp(expected.data(), actual.data(), actual.size()) == 0) & known;
  }

  std::optional<std::map<std::string, Digest>> table;
  std::string challenge;
};

class TrustedHeader final : public Authenticator {
 public:
  TrustedHeader(std::string header, AddressSet sources)
      : header(std::move(header)), sources(std::move(sources)) {}

  kj::Promise<Authentication> authenticate(const Request& request) override {
    if (!sources.contains(request.remote)) {
      return Authentication(Rejection{"requests must come through the authenticating proxy", "", "",
                                      403});
    }
    auto values = request.headers.all(header);
    if (values.size() != 1 || !saneUserName(values[0])) {
      return Authentication(
          Rejection{"expected the header " + header + " once, with a user's name", "", ""});
    }
    return Authentication(Principal{std::string(values[0]), "trusted-header"});
  }

 private:
  std::string header;
  AddressSet sources;
};

class ClientCertificate final : public Authenticator {
 public:
  explicit ClientCertificate(CertificateField from) : from(from) {}

  kj::Promise<Authentication> authenticate(const Request& request) override {
    if (request.certificate == nullptr) {
      return Authentication(Rejection{"a TLS client certificate is expected", "", ""});
    }
    auto names = namesIn(*request.certificate);
    if (names.size() != 1 || !saneUserName(names[0])) {
      return Authentication(
          Rejection{"the client certificate does not name one user where it is expected", "", "",
                    403});
    }
    return Authentication(Principal{names[0], "client-certificate"});
  }

 private:
  CertificateField from;

  std::vector<std::string> namesIn(const tls::PeerCertificate& certificate) const {
    switch (from) {
      case CertificateField::email:
        return certificate.emails;
      case CertificateField::dns:
        return certificate.dnsNames;
      case CertificateField::uri:
        return certificate.uris;
      default:
        return {certificate.commonName};
    }
  }
};

}  // namespace

bool saneUserName(std::string_view name) {
  return !name.empty() && name.size() <= 256 && invalidUtf8(name) == std::string_view::npos &&
         std::none_of(name.begin(), name.end(),
                      [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

kj::Own<Authenticator> oneUser(std::string user) {
  KJ_REQUIRE(saneUserName(user), "expected a user's name without control characters");
  return kj::heap<OneUser>(std::move(user));
}

kj::Own<Authenticator> basic(const std::map<std::string, std::string>& passwords,
                             std::string realm) {
  std::map<std::string, Digest> table;
  for (auto& [user, password] : passwords) {
    KJ_REQUIRE(saneUserName(user) && user.find(':') == user.npos,
               "expected a user's name without ':' and control characters", user.c_str());
    table.emplace(user, digestOf(password));
  }
  return kj::heap<Basic>(std::move(table), realm);
}

kj::Own<Authenticator> basicAnyPassword(std::string realm) {
  return kj::heap<Basic>(std::nullopt, realm);
}

kj::Own<Authenticator> clientCertificate(CertificateField from) {
  return kj::heap<ClientCertificate>(from);
}

kj::Own<Authenticator> trustedHeader(std::string header, AddressSet sources) {
  KJ_REQUIRE(validFieldName(header), "expected the name of a header", header.c_str());
  return kj::heap<TrustedHeader>(std::move(header), std::move(sources));
}

}  // namespace maitred::http
