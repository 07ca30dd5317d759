// What the schema's ranges cannot say about the HTTP side's configuration.
#include <maitred/http/config.h>

#include "capnp-text.h"

#include <maitred/http/jwt.h>

#include <kj/debug.h>

#include <fstream>
#include <set>
#include <sstream>

namespace maitred::http {

namespace {

void checkUsers(BasicAuth::Reader basic, std::vector<ConfigProblem>& problems) {
  std::set<std::string> names;
  unsigned index = 0;
  for (auto user : basic.getUsers()) {
    std::string name = text(user.getName());
    std::vector<std::string> path{"basic", "users", std::to_string(index++)};
    if (name.empty() || name.find(':') != name.npos) {
      problems.push_back({path, "expected a name without ':', got '" + name + "'"});
    } else if (!names.insert(name).second) {
      problems.push_back({path, "the user '" + name + "' occurs twice"});
    }
    if (user.getPassword().size() == 0) problems.push_back({path, "the password is empty"});
  }
}

void checkSources(TrustedHeaderAuth::Reader trusted, std::vector<ConfigProblem>& problems) {
  if (!validFieldName(text(trusted.getHeader()))) {
    problems.push_back({{"trusted_header", "header"}, "expected the name of a header"});
  }
  if (trusted.getSources().size() == 0) {
    problems.push_back({{"trusted_header", "sources"}, "expected the addresses of the proxies"});
  }
  unsigned index = 0;
  for (auto source : trusted.getSources()) {
    auto failure = kj::runCatchingExceptions([&]() { AddressSet::parse({text(source)}); });
    if (failure != nullptr) {
      problems.push_back({{"trusted_header", "sources", std::to_string(index)},
                          "expected an address (10.0.0.7), a network (10.0.0.0/8) or unix, got '" +
                              text(source) + "'"});
    }
    ++index;
  }
}

bool onLoopback(const std::string& url) {
  for (const char* host : {"127.0.0.1", "[::1]", "localhost"}) {
    std::string start = std::string("http://") + host;
    if (url.starts_with(start) && (url.size() == start.size() || url[start.size()] == ':' ||
                                   url[start.size()] == '/')) {
      return true;
    }
  }
  return false;
}

void checkKeys(JwtAuth::Reader jwt, std::vector<ConfigProblem>& problems) {
  if (jwt.isUnspecified()) {
    problems.push_back({{"jwt"}, "expected 'keys_file' or 'keys_url'"});
  } else if (jwt.isKeysFile()) {
    std::ifstream file(text(jwt.getKeysFile()));
    std::stringstream content;
    content << file.rdbuf();
    auto failure = kj::runCatchingExceptions([&]() {
      KJ_REQUIRE(file.good() || file.eof(), "cannot be read");
      JwtKeys::parse(content.str());
    });
    KJ_IF_MAYBE (exception, failure) {
      bool readable = file.good() || file.eof();
      problems.push_back({{"jwt", "keys_file"},
                          text(jwt.getKeysFile()) + ": " +
                              (readable ? exception->getDescription().cStr() : "cannot be read")});
    }
  } else if (std::string url = text(jwt.getKeysUrl());
             !url.starts_with("https://") && !onLoopback(url)) {
    problems.push_back({{"jwt", "keys_url"},
                        "keys that come over a network without TLS can be replaced on the way",
                        "write https://"});
  }
}

void checkJwt(JwtAuth::Reader jwt, std::vector<ConfigProblem>& problems) {
  checkKeys(jwt, problems);
  if (jwt.getIssuer().size() == 0) problems.push_back({{"jwt", "issuer"}, "expected the issuer"});
  if (jwt.getAudience().size() == 0) {
    problems.push_back({{"jwt", "audience"}, "expected whom tokens must be meant for"});
  }
  if (jwt.getKeysCa().size() == 0) return;
  auto failure = kj::runCatchingExceptions(
      [&]() { tls::Connector({text(jwt.getKeysCa()), "", ""}); });
  KJ_IF_MAYBE (exception, failure) {
    problems.push_back({{"jwt", "keys_ca"}, exception->getDescription().cStr()});
  }
}

}  // namespace

std::vector<ConfigProblem> checkAuth(HttpAuth::Reader config) {
  std::vector<ConfigProblem> problems;
  switch (config.which()) {
    case HttpAuth::ONE_USER:
      if (config.getOneUser().size() == 0) {
        problems.push_back({{"one_user"}, "expected a user's name"});
      }
      break;
    case HttpAuth::BASIC:
      if (config.getBasic().isUsers()) {
        checkUsers(config.getBasic(), problems);
      } else if (!config.getBasic().isAnyPassword()) {
        problems.push_back({{"basic"}, "expected 'users' or 'any_password'"});
      }
      break;
    case HttpAuth::TRUSTED_HEADER:
      checkSources(config.getTrustedHeader(), problems);
      break;
    case HttpAuth::JWT:
      checkJwt(config.getJwt(), problems);
      break;
    case HttpAuth::CLIENT_CERTIFICATE:
      break;
    default:
      problems.push_back({{},
                          "expected one of 'one_user', 'basic', 'trusted_header', 'jwt', "
                          "'client_certificate'"});
  }
  return problems;
}

std::vector<ConfigProblem> checkTls(HttpTls::Reader config) {
  std::vector<ConfigProblem> problems;
  if (!isSecure(config)) return problems;
  auto files = filesFrom(config);
  if (files.certificate.empty()) problems.push_back({{"certificate"}, "TLS needs a certificate"});
  if (files.key.empty()) problems.push_back({{"key"}, "TLS needs the certificate's private key"});
  if (!problems.empty()) return problems;
  auto now = (kj::systemCoarseCalendarClock().now() - kj::UNIX_EPOCH) / kj::SECONDS;
  for (auto& fault : tls::faultsIn(files, now)) {
    const char* key = fault.field == tls::Fault::Field::certificate ? "certificate"
                      : fault.field == tls::Fault::Field::key       ? "key"
                                                                    : "client_ca";
    problems.push_back({{key}, fault.message, fault.hint});
  }
  return problems;
}

std::vector<ConfigProblem> checkHttp(HttpConfig::Reader config, bool mayBeOpen) {
  std::vector<ConfigProblem> problems;
  auto add = [&](const char* section, std::vector<ConfigProblem> found) {
    for (auto& one : found) {
      one.path.insert(one.path.begin(), section);
      problems.push_back(std::move(one));
    }
  };
  auto auth = config.getAuth();
  if (!auth.isUnspecified() || !mayBeOpen) add("auth", checkAuth(auth));
  add("tls", checkTls(config.getTls()));
  if (auth.isClientCertificate() && config.getTls().getClientCa().size() == 0) {
    problems.push_back({{"auth", "client_certificate"},
                        "nobody shows a certificate, since 'tls.client_ca' is missing",
                        "name the authorities of the clients' certificates there"});
  }
  return problems;
}

}  // namespace maitred::http
