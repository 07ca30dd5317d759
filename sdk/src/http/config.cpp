#include <maitred/http/config.h>

#include <kj/debug.h>

#include <set>

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
  limits.headerTime = config.getHeaderTime() * kj::MILLISECONDS;
  limits.bodyTime = config.getBodyTime() * kj::MILLISECONDS;
  limits.idleTime = config.getIdleTime() * kj::MILLISECONDS;
  limits.handlerTime = config.getHandlerTime() * kj::MILLISECONDS;
  limits.writeTime = config.getWriteTime() * kj::MILLISECONDS;
  return limits;
}

namespace {

std::string text(capnp::Text::Reader value) { return std::string(value.begin(), value.size()); }

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
    default:
      problems.push_back({{}, "expected one of 'one_user', 'basic', 'trusted_header'"});
  }
  return problems;
}

kj::Own<Authenticator> authenticatorFrom(HttpAuth::Reader config) {
  auto problems = checkAuth(config);
  if (!problems.empty()) KJ_FAIL_REQUIRE("bad HTTP authentication", problems[0].message.c_str());
  switch (config.which()) {
    case HttpAuth::ONE_USER:
      return oneUser(text(config.getOneUser()));
    case HttpAuth::BASIC: {
      auto settings = config.getBasic();
      if (settings.isAnyPassword()) return basicAnyPassword(text(settings.getRealm()));
      std::map<std::string, std::string> table;
      for (auto user : settings.getUsers()) table[text(user.getName())] = text(user.getPassword());
      return basic(table, text(settings.getRealm()));
    }
    default: {
      std::vector<std::string> sources;
      for (auto source : config.getTrustedHeader().getSources()) sources.push_back(text(source));
      return trustedHeader(text(config.getTrustedHeader().getHeader()), AddressSet::parse(sources));
    }
  }
}

}  // namespace maitred::http
