#include <maitred/http/config.h>

#include "capnp-text.h"

#include <maitred/http/jwt.h>

#include <kj/debug.h>

#include <map>

namespace maitred::http {

Limits limitsFrom(HttpLimits::Reader config) {
  Limits limits;
  limits.requestLine = config.getRequestLine();
  limits.headers = config.getHeaders();
  limits.headerCount = config.getHeaderCount();
  limits.body = config.getBody();
  limits.bodies = config.getBodies();
  limits.jsonDepth = config.getJsonDepth();
  limits.connections = config.getConnections();
  limits.connectionsPerAddress = config.getConnectionsPerAddress();
  limits.handshakeTime = config.getHandshakeTime() * kj::MILLISECONDS;
  limits.headerTime = config.getHeaderTime() * kj::MILLISECONDS;
  limits.bodyTime = config.getBodyTime() * kj::MILLISECONDS;
  limits.idleTime = config.getIdleTime() * kj::MILLISECONDS;
  limits.handlerTime = config.getHandlerTime() * kj::MILLISECONDS;
  limits.writeTime = config.getWriteTime() * kj::MILLISECONDS;
  return limits;
}

namespace {

kj::Own<Authenticator> basicFrom(BasicAuth::Reader settings) {
  if (settings.isAnyPassword()) return basicAnyPassword(text(settings.getRealm()));
  std::map<std::string, std::string> table;
  for (auto user : settings.getUsers()) table[text(user.getName())] = text(user.getPassword());
  return basic(table, text(settings.getRealm()));
}

kj::Own<Authenticator> jwtFrom(JwtAuth::Reader settings, Outside outside) {
  JwtRules rules;
  rules.issuer = text(settings.getIssuer());
  for (auto one : settings.getAudience()) rules.audiences.push_back(text(one));
  rules.principal = text(settings.getPrincipal());
  rules.leeway = settings.getLeeway() / 1000;
  rules.tokenMax = settings.getTokenMax();
  rules.realm = text(settings.getRealm());
  auto source = [&]() {
    if (settings.isKeysFile()) return jwtKeysFile(text(settings.getKeysFile()));
    std::shared_ptr<tls::Connector> connector;
    if (settings.getKeysCa().size() > 0) {
      connector =
          std::make_shared<tls::Connector>(tls::ConnectorFiles{text(settings.getKeysCa()), "", ""});
    }
    return jwtKeysUrl(outside.network, outside.timer, text(settings.getKeysUrl()), connector);
  };
  return bearerJwt(std::move(rules), source(), outside.timer, outside.clock,
                   [report = std::move(outside.problem)](kj::StringPtr line) { report(line); });
}

}  // namespace

kj::Own<Authenticator> authenticatorFrom(HttpAuth::Reader config, Outside outside) {
  auto problems = checkAuth(config);
  if (!problems.empty()) KJ_FAIL_REQUIRE("bad HTTP authentication", problems[0].message.c_str());
  switch (config.which()) {
    case HttpAuth::ONE_USER:
      return oneUser(text(config.getOneUser()));
    case HttpAuth::BASIC:
      return basicFrom(config.getBasic());
    case HttpAuth::JWT:
      return jwtFrom(config.getJwt(), std::move(outside));
    case HttpAuth::CLIENT_CERTIFICATE:
      // Both in the same order.
      return clientCertificate(
          static_cast<CertificateField>(config.getClientCertificate().getName()));
    default: {
      std::vector<std::string> sources;
      for (auto source : config.getTrustedHeader().getSources()) sources.push_back(text(source));
      return trustedHeader(text(config.getTrustedHeader().getHeader()), AddressSet::parse(sources));
    }
  }
}

bool isSecure(HttpTls::Reader config) {
  return config.getCertificate().size() > 0 || config.getKey().size() > 0 ||
         config.getClientCa().size() > 0;
}

tls::Files filesFrom(HttpTls::Reader config) {
  tls::Files files{text(config.getCertificate()), text(config.getKey()),
                   text(config.getClientCa())};
  files.clientCertificateRequired =
      config.getClientCertificates() == ClientCertificates::REQUIRED;
  return files;
}

kj::Maybe<kj::Own<tls::Acceptor>> acceptorFrom(HttpTls::Reader config, kj::Timer& timer,
                                               const kj::Clock& clock,
                                               tls::Acceptor::Hooks hooks) {
  if (!isSecure(config)) return nullptr;
  return kj::heap<tls::Acceptor>(timer, clock, filesFrom(config), kj::mv(hooks));
}

}  // namespace maitred::http
