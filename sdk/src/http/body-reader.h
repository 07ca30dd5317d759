#pragma once
// What comes in: the buffer of a connection, and the memory of a request's body.

#include <maitred/async.h>
#include <maitred/http/server.h>
#include <maitred/http/wire.h>

#include <kj/array.h>
#include <kj/async-io.h>

#include <optional>
#include <string_view>

namespace maitred::http {

// Bytes read and not yet consumed. Grows by doubling, and shrinks again when it is empty, since
// most of the connections of a busy server are idle.
class InputBuffer {
 public:
  std::string_view view() const { return {bytes.begin() + start, end - start}; }
  bool empty() const { return start == end; }
  void consume(size_t size) { start += size; }
  // Reads some bytes more. False at the end of the stream. The caller bounds how much it lets pile
  // up.
  kj::Promise<bool> fill(kj::AsyncInputStream& stream);

 private:
  void makeRoom();
  kj::Array<char> bytes;
  size_t start = 0, end = 0;
};

// The memory of one body, counted against the server's total as long as it lives.
class BodyMemory {
 public:
  BodyMemory(const Limits& limits, Counters& counters) : limits(limits), counters(counters) {}
  ~BodyMemory() { counters.bodyBytesHeld -= data.size(); }
  KJ_DISALLOW_COPY(BodyMemory);

  // Makes room for `more` bytes behind what is there; `expected` is the final size, or 0 if that is
  // not known. False if the server's total would be exceeded.
  bool reserve(size_t more, size_t expected);
  char* tail() { return data.begin() + size; }
  size_t room() const { return data.size() - size; }
  void added(size_t bytes) { size += bytes; }
  size_t filled() const { return size; }
  bool append(std::string_view piece, size_t expected = 0);
  std::string_view view() const { return {data.begin(), size}; }

 private:
  const Limits& limits;
  Counters& counters;
  kj::Array<char> data;
  size_t size = 0;
};

// Reads the body that `head` announces; nothing on success. No deadline of its own. All must
// outlive it.
Async<std::optional<WireError>> readBody(kj::AsyncInputStream& stream, InputBuffer& input,
                                         const RequestHead& head, size_t maxBody, size_t maxTrailer,
                                         BodyMemory& memory);

}  // namespace maitred::http
