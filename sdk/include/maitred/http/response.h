#pragma once
// What a handler answers with. Move-only.

#include <kj/async-io.h>
#include <kj/function.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace maitred::http {

struct Response {
  // A body written piece by piece: a download, a tail, an event stream. `write` is called once,
  // after the head has been sent, and not at all for HEAD. It must write exactly `length` bytes, if
  // that is given; otherwise the body is sent chunked, each write() as a chunk at once. The stream
  // handed to it applies the write deadline and the pressure of the client. If `write` fails, or
  // writes another number of bytes, the connection is cut, so that the client can tell. Whatever
  // `write` needs it must own.
  struct Stream {
    std::optional<uint64_t> length;
    kj::Function<kj::Promise<void>(kj::AsyncOutputStream&)> write;
  };
  using Header = std::pair<std::string, std::string>;

  unsigned status = 200;
  // In the order of sending. Connection, Content-Length, Transfer-Encoding, Date and X-Request-Id
  // belong to the server; setting one of them, or a name or value that is not valid in HTTP,
  // becomes a 500.
  std::vector<Header> headers;
  std::string body;           // sent if there is no stream
  std::optional<Stream> stream;
  bool close = false;         // close the connection afterwards

  // `value` as compact JSON. Text that is not UTF-8 inside it is replaced by U+FFFD.
  static Response json(unsigned status, const nlohmann::json& value);
  // JSON that was composed elsewhere.
  static Response rawJson(unsigned status, std::string body);
  static Response text(unsigned status, std::string body);
  static Response html(unsigned status, std::string body);
  static Response empty(unsigned status = 204);
  // The error envelope `{"error": message}`.
  static Response error(unsigned status, std::string_view message);
  static Response streamed(unsigned status, std::string contentType, std::optional<uint64_t> length,
                           kj::Function<kj::Promise<void>(kj::AsyncOutputStream&)> write);

  // Chaining: `return Response::json(201, x).with("Location", url);`
  Response&& with(std::string name, std::string value) &&;
  void set(std::string_view name, std::string value);   // replaces all of that name
  std::optional<std::string_view> header(std::string_view name) const;
};

}  // namespace maitred::http
