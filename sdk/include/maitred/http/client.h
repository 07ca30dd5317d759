#pragma once
// A small client for command line tools and tests: one request a connection, the whole answer in
// memory. Not for busy data paths. A server's certificate is always verified.

#include <maitred/tls/connector.h>

#include <kj/async-io.h>
#include <kj/timer.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace maitred::http {

struct ClientRequest {
  std::string method = "GET";
  // "http://host[:port]/path?query" or "https://…", sent as it is: encode it with percentEncode()
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  // sent with Content-Length if not empty, or if the method is neither GET nor HEAD
  std::string body;
};

struct ClientResponse {
  unsigned status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::optional<std::string_view> header(std::string_view name) const;
};

struct ClientOptions {
  // for all of it: look-up, connection, request, response
  kj::Duration timeout = 30 * kj::SECONDS;
  size_t maxResponse = 64 << 20;               // bytes of body
  // whom to trust and who one is, for https; null: the system's authorities, no certificate
  std::shared_ptr<tls::Connector> tls;
};

class Client {
 public:
  // Both must outlive the client and its promises.
  Client(kj::Network& network, kj::Timer& timer, ClientOptions options = {})
      : network(network), timer(timer), options(options) {}

  // Any status is a success. Throws: FAILED for a URL or response that is malformed or too long,
  // DISCONNECTED if the server cannot be reached or hangs up, OVERLOADED at the timeout; the text
  // names the URL without its query. Redirects are not followed. A server
  // whose certificate does not stand the test counts as one that cannot be reached.
  kj::Promise<ClientResponse> send(ClientRequest request);

  kj::Promise<ClientResponse> get(std::string url);
  kj::Promise<ClientResponse> post(std::string url, std::string body,
                                   std::string contentType = "application/json");
  kj::Promise<ClientResponse> del(std::string url);

 private:
  kj::Network& network;
  kj::Timer& timer;
  ClientOptions options;
};

}  // namespace maitred::http
