#include "leader-settings.h"

namespace maitred::cook {

LeaderSettings leaderSettings(CookConfig::Reader config) {
  auto its = config.getLeader();
  LeaderSettings settings;
  settings.follow = its.getFollow().cStr();
  if (settings.follow.ends_with('/')) settings.follow.pop_back();
  settings.url = its.getUrl().cStr();
  if (settings.url.ends_with('/')) settings.url.pop_back();
  settings.ca = its.getCa().cStr();
  settings.interval = its.getInterval() * kj::MILLISECONDS;
  settings.timeout = its.getTimeout() * kj::MILLISECONDS;
  auto auth = config.getHttp().getAuth();
  if (auth.isTrustedHeader()) {
    settings.trustedHeader = auth.getTrustedHeader().getHeader().cStr();
  }
  return settings;
}

void checkLeader(CookConfig::Reader config, std::vector<ConfigFault>& faults) {
  LeaderSettings settings = leaderSettings(config);
  bool secure = settings.follow.starts_with("https:");
  if (!settings.ca.empty() && !secure) {
    faults.push_back({{"leader", "ca"}, "has a meaning only if `follow` is an https URL"});
  }
  if (secure) {
    try {
      tls::Connector connector(tls::ConnectorFiles{settings.ca, "", ""});
    } catch (const kj::Exception& e) {
      faults.push_back({{"leader", "ca"}, e.getDescription().cStr()});
    }
  }
  if (settings.follows() && config.getHttp().getAuth().isClientCertificate()) {
    faults.push_back({{"leader", "follow"},
                      "a request cannot be passed on to the leader with its client's certificate",
                      "let users authenticate themselves by `basic`, `jwt` or a trusted header"});
  }
}

}  // namespace maitred::cook
