#include <maitred/http/client.h>

#include "within.h"

#include <kj/compat/http.h>
#include <kj/debug.h>

#include <maitred/async.h>
#include <maitred/http/wire.h>

namespace maitred::http {

namespace {

struct Url {
  bool secure = false;
  std::string authority;   // host[:port]
  std::string host;        // without brackets
  std::string path;        // with the query
  kj::String shown;        // without the query, which may hold secrets
};

std::string hostOf(const std::string& authority) {
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.find(':'));
}

Url parseUrl(const std::string& text) {
  bool secure = text.starts_with("https://");
  size_t start = secure ? 8 : 7;
  std::string shown = text.substr(0, text.find('?'));
  KJ_REQUIRE(secure || text.starts_with("http://"),
             "expected a URL that begins with http:// or https://", shown.c_str());
  size_t slash = std::min(text.find('/', start), text.size());
  std::string authority = text.substr(start, slash - start);
  Url url{secure, authority, hostOf(authority), text.substr(slash), kj::str(shown.c_str())};
  if (url.path.empty()) url.path = "/";
  bool plain = !url.authority.empty();
  for (unsigned char c : url.authority + url.path) plain = plain && c > 0x20 && c < 0x7f;
  KJ_REQUIRE(plain && url.authority.find_first_of("@?#") == std::string::npos,
             "expected a URL http[s]://host[:port]/path in visible ASCII", url.shown);
  return url;
}

kj::String kjString(std::string_view text) { return kj::heapString(text.data(), text.size()); }

kj::HttpMethod methodOf(const ClientRequest& request) {
  KJ_IF_MAYBE (method, kj::tryParseHttpMethod(request.method.c_str())) return *method;
  KJ_FAIL_REQUIRE("unknown HTTP method", request.method.c_str());
}

Async<std::string> readBody(kj::AsyncInputStream& stream, size_t most) {
  std::string body;
  auto piece = kj::heapArray<char>(16 << 10);
  while (size_t got = co_await stream.tryRead(piece.begin(), 1, piece.size())) {
    KJ_REQUIRE(body.size() + got <= most, "the response is longer than allowed", most);
    body.append(piece.begin(), got);
  }
  co_return body;
}

Async<kj::Own<kj::AsyncIoStream>> connect(kj::Network& network, const Url& url,
                                          const ClientOptions& options) {
  auto address = co_await network.parseAddress(url.authority.c_str(), url.secure ? 443 : 80);
  auto stream = co_await address->connect();
  if (!url.secure) co_return kj::mv(stream);
  auto connector = options.tls ? options.tls : std::make_shared<tls::Connector>();
  co_return co_await connector->connect(kj::mv(stream), url.host);
}

Async<ClientResponse> exchange(kj::Network& network, const Url& url, const ClientRequest& request,
                               const ClientOptions& options) {
  auto stream = co_await connect(network, url, options);
  kj::HttpHeaderTable table;
  auto client = kj::newHttpClient(table, *stream);
  kj::HttpHeaders headers(table);
  headers.set(kj::HttpHeaderId::HOST, kjString(url.authority));
  for (auto& [name, value] : request.headers) {
    KJ_REQUIRE(validFieldName(name) && validFieldValue(value), "invalid header", name.c_str());
    headers.add(kjString(name), kjString(value));
  }
  // KJ would send an empty chunked body with a DELETE whose length is not told.
  bool hasBody = !request.body.empty() || (request.method != "GET" && request.method != "HEAD");
  kj::Maybe<uint64_t> length;
  if (hasBody) length = request.body.size();
  auto sent = client->request(methodOf(request), url.path.c_str(), headers, length);
  // A server may answer and hang up before it has read everything: the answer counts, not the
  // failed write.
  auto writing = sent.body->write(request.body.data(), request.body.size())
                     .catch_([](kj::Exception&&) {})
                     .eagerlyEvaluate(nullptr);
  auto received = co_await sent.response;
  ClientResponse response;
  response.status = received.statusCode;
  received.headers->forEach([&](kj::StringPtr name, kj::StringPtr value) {
    response.headers.emplace_back(name.cStr(), value.cStr());
  });
  response.body = co_await readBody(*received.body, options.maxResponse);
  co_return response;
}

}  // namespace

std::optional<std::string_view> ClientResponse::header(std::string_view name) const {
  for (auto& [key, value] : headers) {
    if (sameText(key, name)) return value;
  }
  return std::nullopt;
}

kj::Promise<ClientResponse> Client::send(ClientRequest request) {
  return kj::evalNow([&]() -> kj::Promise<ClientResponse> {
    auto url = kj::heap<Url>(parseUrl(request.url));
    auto kept = kj::heap<ClientRequest>(std::move(request));
    auto work = exchange(network, *url, *kept, options).promise();
    auto& shown = url->shown;
    return within(timer, options.timeout, kj::mv(work))
        .then(
            [&shown](kj::Maybe<ClientResponse>&& response) {
              KJ_IF_MAYBE (result, response) return kj::mv(*result);
              kj::throwFatalException(KJ_EXCEPTION(OVERLOADED, "no response in time", shown));
            },
            [&shown](kj::Exception&& exception) -> ClientResponse {
              auto type = exception.getType();
              if (type != kj::Exception::Type::DISCONNECTED) type = kj::Exception::Type::FAILED;
              kj::throwFatalException(kj::Exception(
                  type, __FILE__, __LINE__, kj::str(shown, ": ", exception.getDescription())));
            })
        .attach(kj::mv(url), kj::mv(kept));
  });
}

kj::Promise<ClientResponse> Client::get(std::string url) {
  return send({"GET", std::move(url), {}, ""});
}

kj::Promise<ClientResponse> Client::post(std::string url, std::string body,
                                         std::string contentType) {
  return send(
      {"POST", std::move(url), {{"Content-Type", std::move(contentType)}}, std::move(body)});
}

kj::Promise<ClientResponse> Client::del(std::string url) {
  return send({"DELETE", std::move(url), {}, ""});
}

}  // namespace maitred::http
