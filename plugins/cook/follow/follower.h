#pragma once
// A queue that follows another: it has no store and no jobs and starts nothing. Who reads or
// submits here is relayed to the leader with their own credentials; what Cook's followers leave to
// the leader is redirected there.

#include <rest/cross-origin.h>
#include <rest/rest.h>

#include <maitred/async.h>
#include <maitred/http/client.h>
#include <maitred/log.h>
#include <maitred/schema/queue.capnp.h>

namespace maitred::cook {

struct LeaderSettings {
  std::string follow;  // the leader's REST interface, without a slash at its end; empty: this leads
  std::string url;     // what clients are to call this queue; empty: as they do
  std::string ca;      // PEM file with whom to trust for https; empty: the system's authorities
  std::string trustedHeader;  // passed on with the user's name; empty: there is none
  kj::Duration interval = 2 * kj::SECONDS;
  kj::Duration timeout = 30 * kj::SECONDS;

  bool follows() const { return !follow.empty(); }
  bool operator==(const LeaderSettings&) const = default;
};

class Follower {
 public:
  // All must outlive it, and it the server of its router. `rest` may change between requests.
  Follower(kj::Timer& timer, kj::Network& network, log::Logger& log, const RestSettings& rest,
           LeaderSettings leader);
  KJ_DISALLOW_COPY(Follower);

  http::Router router();
  // Why it cannot do its part; empty: the leader answered when it was asked last.
  const std::string& trouble() const { return problem; }
  const LeaderSettings& leader() const { return settings; }

 private:
  kj::Timer& timer;
  log::Logger& log;
  const RestSettings& rest;
  LeaderSettings settings;
  CrossOrigin origins;
  http::Client client;
  std::string problem;
  kj::Promise<void> watching;

  Async<void> watch();
  Async<void> probe();
  void note(std::string seen);
  http::Response redirected(const http::Request& request) const;
  kj::Promise<http::Response> answer(http::Request& request);
  Async<http::Response> relayed(http::Request& request);
  http::ClientRequest forwarded(const http::Request& request) const;
};

// The Queue contract of a queue that follows: refuses, and says whom to ask.
queue::Queue::Client followingQueue(std::string leader);

}  // namespace maitred::cook
