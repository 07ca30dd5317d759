#pragma once
// The calls of Cook's REST interface that the commands make. Each waits for its answer.

#include <maitred/http/client.h>

#include <nlohmann/json.hpp>

#include <kj/async-io.h>

#include <string>
#include <vector>

namespace maitred::cook::cli {

using nlohmann::json;

struct ListQuery {
  std::string user;
  std::vector<std::string> states;  // waiting, running, completed, success, failed
  int64_t startMs = 0;              // by time of submission: from …
  int64_t endMs = 0;                // … to, exclusive
  uint32_t limit = 150;
  std::string name;  // with * as a wildcard; empty: any
};

// How the queue is reached, and as whom.
struct Connection {
  std::string url;
  std::string user;           // on whose behalf (X-Cook-Impersonate); empty: the authenticated user
  std::string authorization;  // value of that header; empty: none
  tls::ConnectorFiles tls;    // for https
};

class Api {
 public:
  // Throws Failure(usage) for TLS files that are not good.
  explicit Api(Connection connection);

  // All throw Failure: `no` with the server's own text, or `unreachable`.
  void submit(const json& jobs, const std::string& pool);  // one request, all or nothing
  json jobs(const std::vector<std::string>& uuids, bool partial);
  json list(const ListQuery& query);
  void kill(const std::vector<std::string>& uuids);
  // GET, with parameters that are not empty; DELETE; POST or PUT of a body.
  using Parameters = std::vector<std::pair<const char*, std::string>>;
  json get(const char* path, const Parameters& parameters = {});
  void remove(const char* path, const Parameters& parameters);
  json change(const char* method, const char* path, const json& body);
  // A piece of a file in a sandbox, by the instance's output_url. `size` tells the file's size for
  // offset -1.
  struct Piece {
    std::string data;
    uint64_t offset;
  };
  Piece read(const std::string& outputUrl, const std::string& file, int64_t offset,
             uint32_t length);

  // Like jobs(), but a server that is away is asked again, with growing pauses, until `deadline`
  // (in kj::TimePoint of timer()); `notice` is told once each time it goes away and comes back.
  json jobsPatiently(const std::vector<std::string>& uuids, kj::TimePoint deadline,
                     kj::Function<void(bool away)>& notice);

  kj::Timer& timer() { return io.provider->getTimer(); }
  void pause(kj::Duration duration) { timer().afterDelay(duration).wait(io.waitScope); }

 private:
  http::ClientResponse send(const std::string& method, const std::string& path,
                            const std::string& body = "");
  // Once, before something is changed on behalf of `user`: throws if the server would do it in
  // another name.
  void checkUser();
  json answer(const http::ClientResponse& response);

  // Credentials do not leave a connection that is safe for one that is not.
  bool mayKnowCredentials(const std::string& target) const;

  kj::AsyncIoContext io;
  std::string base;
  std::string user;
  std::string authorization;
  http::ClientOptions options;
  bool userChecked = false;
};

}  // namespace maitred::cook::cli
