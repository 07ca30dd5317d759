#pragma once
// The strict HTTP/1.1 syntax, without I/O: head of a request and framing of its body. The server
// stands on it; a relay may use it for its own data path. Everything that two parsers could read in
// two ways is refused: that is what request smuggling lives from.

#include <maitred/http/limits.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::http {

// Case-insensitive comparison of ASCII text.
bool sameText(std::string_view a, std::string_view b);

struct Field {
  std::string_view name;   // as sent; compare with sameText()
  std::string_view value;  // without surrounding blanks
};

// The header lines of a request, in order. Views into the bytes of the head.
class Fields {
 public:
  // The first line of that name, or nothing.
  std::optional<std::string_view> get(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  bool has(std::string_view name) const { return get(name).has_value(); }
  // Whether a comma-separated header (Connection, …) holds the token, in any of its lines.
  bool hasToken(std::string_view name, std::string_view token) const;

  std::vector<Field>::const_iterator begin() const { return list.begin(); }
  std::vector<Field>::const_iterator end() const { return list.end(); }
  size_t size() const { return list.size(); }
  void add(Field field) { list.push_back(field); }
  void clear() { list.clear(); }

 private:
  std::vector<Field> list;
};

// What is wrong with a message and which status says so.
struct WireError {
  unsigned status = 400;
  std::string message;
};

struct RequestHead {
  std::string_view method;   // a token, at most 32 characters, e.g. "GET"
  std::string_view target;   // origin form ("/a?b"), or "*" for OPTIONS; visible ASCII only
  unsigned minorVersion = 1; // HTTP/1.0 or HTTP/1.1
  Fields fields;
  bool chunked = false;
  std::optional<uint64_t> contentLength;  // absent: no body, unless chunked
  bool keepAlive = true;
  bool expectContinue = false;

  bool hasBody() const { return chunked || contentLength.value_or(0) > 0; }
};

// Finds the end of a head in bytes that arrive piecemeal, and refuses at the earliest byte what can
// never become a head: no byte is looked at twice.
class HeadScanner {
 public:
  explicit HeadScanner(const Limits& limits) : limits(limits) {}
  // `seen` is everything since the start of the request; it only ever grows. Returns the length of
  // the head, the empty line included, or 0 while there is more to come. error() tells after a
  // refusal (returns 0 too).
  size_t scan(std::string_view seen);
  const std::optional<WireError>& error() const { return problem; }

 private:
  size_t refuse(unsigned status, std::string message);
  size_t refuseSize();

  const Limits& limits;
  size_t position = 0;   // bytes looked at
  size_t lineStart = 0;
  size_t lines = 0;      // complete lines
  std::optional<WireError> problem;
};

// Parses a whole head, as found by the scanner. The result's views point into `bytes`.
std::optional<WireError> parseRequestHead(std::string_view bytes, RequestHead& head);

// Decodes a chunked body. Trailers are checked and dropped.
class ChunkedDecoder {
 public:
  ChunkedDecoder(size_t maxBody, size_t maxTrailer) : maxBody(maxBody), maxTrailer(maxTrailer) {}

  // Takes bytes from the front of `input`, shortening it, until it has a piece of the body to hand
  // out, is done, has failed, or wants more input. Returns the piece, a view into what `input` was;
  // it may be empty.
  std::string_view next(std::string_view& input);
  bool done() const { return state == State::done; }
  const std::optional<WireError>& error() const { return problem; }

 private:
  enum class State {
    size, extension, sizeLf, data, dataCr, dataLf, trailer, trailerLf, done, failed
  };
  std::string_view fail(unsigned status, std::string message);
  void takeSizeLine(char c);
  void startChunk();
  void takeTrailer(char c);

  size_t maxBody;
  size_t maxTrailer;
  State state = State::size;
  uint64_t remaining = 0;   // of the current chunk
  uint64_t total = 0;       // of the body so far, the current chunk included
  unsigned digits = 0;
  size_t lineBytes = 0;     // of the extensions of a chunk, or of all trailers
  std::string trailerLine;
  std::optional<WireError> problem;
};

// For what we send ourselves: whether the name is a token, the value free of control characters.
bool validFieldName(std::string_view name);
bool validFieldValue(std::string_view value);

}  // namespace maitred::http
