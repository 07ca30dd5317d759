#pragma once
// What the connections of one server have in common.

#include <maitred/http/server.h>

#include <kj/timer.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::http {

class Connection;

struct Shared {
  Shared(kj::Timer& timer, const kj::Clock& clock, Limits limits, Router router,
         kj::Own<Authenticator> authenticator, ServerHooks hooks);
  KJ_DISALLOW_COPY(Shared);

  kj::Timer& timer;
  const kj::Clock& clock;
  Limits limits;
  Router router;
  // Shared with the requests that wait for it while another takes its place.
  std::shared_ptr<kj::Own<Authenticator>> authenticator;
  ServerHooks hooks;
  kj::Maybe<kj::Own<tls::Acceptor>> acceptor;
  Counters counters;
  bool draining = false;

  std::set<Connection*> connections;
  std::map<std::string, size_t> perAddress;
  std::vector<kj::Own<kj::PromiseFulfiller<void>>> whenEmpty;   // drains that wait for it

  // The value of the header Date; made anew once a second.
  std::string_view date();
  std::string makeRequestId();
  void problem(std::string_view text);

 private:
  std::string idPrefix;
  uint64_t nextId = 1;
  int64_t dateSecond = -1;
  std::string dateText;
};

}  // namespace maitred::http
