// The strict HTTP syntax against itself and against Boost.Beast: how the bytes were split must not
// matter, and what we accept Beast must accept, with the same meaning. JSON and percent-decoding
// get the same bytes.
#include <maitred/http/json.h>
#include <maitred/http/query.h>
#include <maitred/http/wire.h>
#include <maitred/utf8.h>

#include <kj/exception.h>
#include <nlohmann/json.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace {

using namespace maitred::http;
namespace beast = boost::beast;

struct Message {
  bool accepted = false;
  std::string method, target, body;
  std::vector<std::pair<std::string, std::string>> fields;
  size_t consumed = 0;

  bool operator==(const Message&) const = default;
};

void check(bool good, const char* what) {
  if (good) return;
  std::cerr << "violated: " << what << std::endl;
  std::abort();
}

// Reads one request from bytes that arrive `step` at a time.
Message readOurs(std::string_view bytes, size_t step) {
  Limits limits;
  HeadScanner scanner(limits);
  Message message;
  size_t seen = 0, size = 0;
  while (size == 0 && seen < bytes.size() && !scanner.error()) {
    seen = std::min(seen + step, bytes.size());
    size = scanner.scan(bytes.substr(0, seen));
  }
  RequestHead head;
  if (size == 0 || parseRequestHead(bytes.substr(0, size), head)) return message;
  message.method = head.method;
  message.target = head.target;
  for (auto& field : head.fields) message.fields.emplace_back(field.name, field.value);
  if (head.chunked) {
    ChunkedDecoder decoder(1 << 20, 1 << 12);
    while (size < bytes.size() && !decoder.done() && !decoder.error()) {
      std::string_view piece = bytes.substr(size, step);
      size_t offered = piece.size();
      while (!piece.empty() && !decoder.done() && !decoder.error()) {
        message.body += decoder.next(piece);
      }
      size += offered - piece.size();
    }
    message.accepted = decoder.done();
  } else {
    uint64_t length = head.contentLength.value_or(0);
    message.accepted = length <= bytes.size() - size;
    if (message.accepted) message.body = bytes.substr(size, length);
    size += message.body.size();
  }
  message.consumed = size;
  return message;
}

class Referee final : public beast::http::basic_parser<true> {
 public:
  Message message;

 private:
  using View = beast::string_view;
  using Error = beast::error_code;
  bool headDone = false;

  static std::string text(View view) { return {view.data(), view.size()}; }
  void on_request_impl(beast::http::verb, View method, View target, int, Error&) override {
    message.method = text(method);
    message.target = text(target);
  }
  void on_response_impl(int, View, int, Error&) override {}
  void on_field_impl(beast::http::field, View name, View value, Error&) override {
    if (!headDone) message.fields.emplace_back(text(name), text(value));  // not the trailers
  }
  void on_header_impl(Error&) override { headDone = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(View body, Error&) override {
    message.body += text(body);
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, View, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, Error&) override {
    message.body += text(body);
    return body.size();
  }
  void on_finish_impl(Error&) override {}
};

Message readBeasts(std::string_view bytes) {
  Referee referee;
  referee.eager(true);
  referee.header_limit(1 << 20);
  beast::error_code error;
  size_t consumed = 0;
  while (!referee.is_done() && !error) {
    size_t taken =
        referee.put(boost::asio::buffer(bytes.data() + consumed, bytes.size() - consumed), error);
    consumed += taken;
    if (taken == 0) break;
  }
  referee.message.accepted = !error && referee.is_done();
  referee.message.consumed = consumed;
  return referee.message;
}

void checkInvariants(const Message& message) {
  for (auto& [name, value] : message.fields) {
    check(validFieldName(name) && validFieldValue(value), "headers hold no control characters");
  }
  check(message.target.find_first_of(std::string_view(" \r\n\0", 4)) == std::string::npos,
        "targets hold no blanks and no controls");
}

// Beast parses chunk extensions and trailers more narrowly; we skip both.
bool hasExtras(std::string_view bytes, const Message& message) {
  std::string_view tail = bytes.substr(0, message.consumed);
  bool chunked = std::any_of(message.fields.begin(), message.fields.end(), [](auto& field) {
    return sameText(field.first, "transfer-encoding");
  });
  return chunked && (tail.find(';', tail.find("\r\n\r\n")) != tail.npos ||
                     tail.find("\r\n0\r\n\r\n") == tail.npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Message whole = readOurs(bytes, std::max<size_t>(size, 1));
  for (size_t step : {1, 3, 16}) {
    check(readOurs(bytes, step).accepted == whole.accepted, "splitting keeps the verdict");
    if (whole.accepted) check(readOurs(bytes, step) == whole, "splitting keeps the message");
  }
  if (whole.accepted) {
    checkInvariants(whole);
    if (!hasExtras(bytes, whole)) check(readBeasts(bytes) == whole, "Beast reads the same message");
    size_t question = whole.target.find('?');
    auto ignored = kj::runCatchingExceptions([&]() {
      if (question != std::string::npos) Query::parse(whole.target.substr(question + 1));
    });
    if (auto path = percentDecode(whole.target, false)) {
      check(maitred::invalidUtf8(*path) == std::string::npos, "paths are UTF-8");
    }
  }
  auto refused = kj::runCatchingExceptions([&]() {
    auto value = parseJson(whole.accepted ? std::string_view(whole.body) : bytes, 16);
    check(parseJson(value.dump(), 16) == value, "JSON survives a round trip");
  });
  return 0;
}
