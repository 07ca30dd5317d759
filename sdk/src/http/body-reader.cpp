#include "body-reader.h"

#include <algorithm>
#include <cstring>

namespace maitred::http {

namespace {

constexpr size_t smallBuffer = 4 << 10;
// What a client merely announces gets no more memory than this in advance.
constexpr size_t firstBody = 64 << 10;

WireError noMemory() {
  return {503, "the server holds too many request bodies at the moment; try again later"};
}

WireError hungUp() { return {400, "the connection ended within the body"}; }

Async<std::optional<WireError>> readSized(kj::AsyncInputStream& stream, InputBuffer& input,
                                          size_t length, BodyMemory& memory) {
  std::string_view ready = input.view().substr(0, length);
  if (!memory.append(ready, length)) co_return noMemory();
  input.consume(ready.size());
  while (memory.filled() < length) {
    if (memory.room() == 0 && !memory.reserve(1, length)) co_return noMemory();
    size_t got = co_await stream.tryRead(memory.tail(), 1, memory.room());
    if (got == 0) co_return hungUp();
    memory.added(got);
  }
  co_return std::nullopt;
}

Async<std::optional<WireError>> readChunked(kj::AsyncInputStream& stream, InputBuffer& input,
                                            size_t maxBody, size_t maxTrailer,
                                            BodyMemory& memory) {
  ChunkedDecoder decoder(maxBody, maxTrailer);
  while (true) {
    std::string_view rest = input.view();
    size_t before = rest.size();
    while (!rest.empty() && !decoder.done() && !decoder.error()) {
      if (!memory.append(decoder.next(rest))) co_return noMemory();
    }
    input.consume(before - rest.size());
    if (decoder.error()) co_return decoder.error();
    if (decoder.done()) co_return std::nullopt;
    if (!co_await input.fill(stream)) co_return hungUp();
  }
}

}  // namespace

void InputBuffer::makeRoom() {
  if (start == end) {
    start = end = 0;
    if (bytes.size() != smallBuffer) bytes = kj::heapArray<char>(smallBuffer);
    return;
  }
  if (end < bytes.size()) return;
  if (start >= bytes.size() / 2) {
    std::memmove(bytes.begin(), bytes.begin() + start, end - start);
  } else {
    auto larger = kj::heapArray<char>(bytes.size() * 2);
    std::memcpy(larger.begin(), bytes.begin() + start, end - start);
    bytes = kj::mv(larger);
  }
  end -= start;
  start = 0;
}

kj::Promise<bool> InputBuffer::fill(kj::AsyncInputStream& stream) {
  makeRoom();
  return stream.tryRead(bytes.begin() + end, 1, bytes.size() - end).then([this](size_t got) {
    end += got;
    return got > 0;
  });
}

bool BodyMemory::reserve(size_t more, size_t expected) {
  if (room() >= more) return true;
  size_t wanted = std::max({size + more, size * 2, std::min(expected, firstBody)});
  if (expected > 0) wanted = std::min(wanted, expected);
  if (counters.bodyBytesHeld + wanted - data.size() > limits.bodies) return false;
  counters.bodyBytesHeld += wanted - data.size();
  auto larger = kj::heapArray<char>(wanted);
  if (size > 0) std::memcpy(larger.begin(), data.begin(), size);
  data = kj::mv(larger);
  return true;
}

bool BodyMemory::append(std::string_view piece, size_t expected) {
  if (piece.empty()) return true;
  if (!reserve(piece.size(), expected)) return false;
  std::memcpy(tail(), piece.data(), piece.size());
  added(piece.size());
  return true;
}

Async<std::optional<WireError>> readBody(kj::AsyncInputStream& stream, InputBuffer& input,
                                         const RequestHead& head, size_t maxBody, size_t maxTrailer,
                                         BodyMemory& memory) {
  if (head.chunked) {
    co_return co_await readChunked(stream, input, maxBody, maxTrailer, memory);
  }
  uint64_t length = head.contentLength.value_or(0);
  if (length == 0) co_return std::nullopt;
  co_return co_await readSized(stream, input, static_cast<size_t>(length), memory);
}

}  // namespace maitred::http
