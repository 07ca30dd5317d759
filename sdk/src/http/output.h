#pragma once
// What goes out: the head of a response, and streams that keep the rules for its body.

#include <maitred/async.h>
#include <maitred/http/response.h>

#include <kj/async-io.h>
#include <kj/timer.h>

#include <optional>
#include <string>
#include <string_view>

namespace maitred::http {

// A connection's sending side: the client must take each 64 KiB within the write deadline,
// otherwise the write fails with DISCONNECTED. Counts what was taken.
class Output final : public kj::AsyncOutputStream {
 public:
  Output(kj::AsyncIoStream& stream, kj::Timer& timer, const kj::Duration& deadline)
      : stream(stream), timer(timer), deadline(deadline) {}

  kj::Promise<void> write(const void* buffer, size_t size) override;
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override;
  kj::Promise<void> whenWriteDisconnected() override { return stream.whenWriteDisconnected(); }

  uint64_t written() const { return total; }
  bool timedOut() const { return late; }

 private:
  kj::Promise<void> bounded(kj::Promise<void> work, size_t size);
  Async<void> writeSlices(const kj::byte* data, size_t size);
  Async<void> writePieces(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces);

  kj::AsyncIoStream& stream;
  kj::Timer& timer;
  const kj::Duration& deadline;
  uint64_t total = 0;
  bool late = false;
};

// The body of a streamed response: chunked, or bound to its length.
class BodyOutput final : public kj::AsyncOutputStream {
 public:
  enum class Framing { length, chunked, untilClose };
  BodyOutput(Output& output, Framing framing, uint64_t length)
      : output(output), framing(framing), remaining(length) {}

  kj::Promise<void> write(const void* buffer, size_t size) override;
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override;
  kj::Promise<void> whenWriteDisconnected() override { return output.whenWriteDisconnected(); }

  // The end of the body. Throws if it is shorter than its length.
  kj::Promise<void> finish();
  uint64_t written() const { return total; }

 private:
  void count(size_t size);
  Async<void> writeChunk(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces, size_t size);

  Output& output;
  Framing framing;
  uint64_t remaining;
  uint64_t total = 0;
};

// What the server itself adds to a response.
struct Envelope {
  std::string_view date, requestId;
  bool keepAlive = true;
  bool http10 = false;
};

// Whether the status forbids a body (204, 304, 1xx).
bool bodiless(unsigned status);
BodyOutput::Framing framingOf(const Response& response, const Envelope& envelope);
// Why the response cannot be sent as it is (a fault of the handler); empty if it can.
std::string faultIn(const Response& response);
// Status line and headers, the empty line included.
std::string headOf(const Response& response, const Envelope& envelope);

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string httpDate(int64_t unixSeconds);

}  // namespace maitred::http
