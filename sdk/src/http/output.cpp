#include "output.h"

#include "within.h"

#include <kj/debug.h>

#include <maitred/http/error.h>
#include <maitred/http/wire.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace maitred::http {

namespace {

constexpr size_t slice = 64 << 10;

size_t sizeOf(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) {
  size_t size = 0;
  for (auto& piece : pieces) size += piece.size();
  return size;
}

void appendNumber(std::string& out, uint64_t value) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  out.append(digits, end);
}

constexpr std::array<std::string_view, 5> reserved = {"connection", "content-length",
                                                      "transfer-encoding", "date", "x-request-id"};

}  // namespace

kj::Promise<void> Output::bounded(kj::Promise<void> work, size_t size) {
  return inTime(timer, deadline, kj::mv(work)).then([this, size](bool done) {
    if (!done) {
      late = true;
      kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "the client did not take the response"));
    }
    total += size;
  });
}

kj::Promise<void> Output::write(const void* buffer, size_t size) {
  if (size <= slice) return bounded(stream.write(buffer, size), size);
  return writeSlices(static_cast<const kj::byte*>(buffer), size);
}

kj::Promise<void> Output::write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) {
  size_t size = sizeOf(pieces);
  if (size <= slice) return bounded(stream.write(pieces), size);
  return writePieces(pieces);
}

Async<void> Output::writeSlices(const kj::byte* data, size_t size) {
  while (size > 0) {
    size_t part = std::min(size, slice);
    co_await bounded(stream.write(data, part), part);
    data += part;
    size -= part;
  }
}

Async<void> Output::writePieces(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) {
  for (auto& piece : pieces) {
    if (piece.size() > 0) co_await write(piece.begin(), piece.size());
  }
}

void BodyOutput::count(size_t size) {
  if (framing == Framing::length) {
    KJ_REQUIRE(size <= remaining, "a streamed response is longer than its length");
    remaining -= size;
  }
  total += size;
}

kj::Promise<void> BodyOutput::write(const void* buffer, size_t size) {
  count(size);
  if (size == 0) return kj::READY_NOW;
  if (framing != Framing::chunked) return output.write(buffer, size);
  auto pieces = kj::heapArray<kj::ArrayPtr<const kj::byte>>(1);
  pieces[0] = kj::arrayPtr(static_cast<const kj::byte*>(buffer), size);
  kj::Promise<void> work = writeChunk(pieces, size);
  return work.attach(kj::mv(pieces));
}

kj::Promise<void> BodyOutput::write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) {
  size_t size = sizeOf(pieces);
  count(size);
  if (size == 0) return kj::READY_NOW;
  if (framing != Framing::chunked) return output.write(pieces);
  return writeChunk(pieces, size);
}

Async<void> BodyOutput::writeChunk(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces,
                                   size_t size) {
  char line[20];
  auto end = std::to_chars(line, line + 16, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  auto framed = kj::heapArrayBuilder<kj::ArrayPtr<const kj::byte>>(pieces.size() + 2);
  framed.add(kj::arrayPtr(line, end).asBytes());
  for (auto& piece : pieces) framed.add(piece);
  framed.add(kj::StringPtr("\r\n").asBytes());
  auto list = framed.finish();
  co_await output.write(list);
}

kj::Promise<void> BodyOutput::finish() {
  if (framing == Framing::length) {
    KJ_REQUIRE(remaining == 0, "a streamed response is shorter than its length", remaining);
  }
  if (framing == Framing::chunked) return output.write("0\r\n\r\n", 5);
  return kj::READY_NOW;
}

bool bodiless(unsigned status) { return status < 200 || status == 204 || status == 304; }

BodyOutput::Framing framingOf(const Response& response, const Envelope& envelope) {
  if (!response.stream || response.stream->length) return BodyOutput::Framing::length;
  return envelope.http10 ? BodyOutput::Framing::untilClose : BodyOutput::Framing::chunked;
}

std::string faultIn(const Response& response) {
  if (response.status < 200 || response.status > 999) {
    return "status " + std::to_string(response.status) + " cannot be sent";
  }
  if (bodiless(response.status) && (response.stream || !response.body.empty())) {
    return "status " + std::to_string(response.status) + " allows no body";
  }
  for (auto& [name, value] : response.headers) {
    if (!validFieldName(name)) return "a response header has an invalid name";
    if (!validFieldValue(value)) return "the response header " + name + " has control characters";
    for (auto word : reserved) {
      if (sameText(name, word)) return "the response header " + name + " belongs to the server";
    }
  }
  return "";
}

std::string headOf(const Response& response, const Envelope& envelope) {
  std::string head;
  head.reserve(384);
  head += "HTTP/1.1 ";
  appendNumber(head, response.status);
  head.append(" ").append(reasonPhrase(response.status));
  head.append("\r\nDate: ").append(envelope.date);
  head.append("\r\nX-Request-Id: ").append(envelope.requestId);
  for (auto& [name, value] : response.headers) {
    head.append("\r\n").append(name).append(": ").append(value);
  }
  auto framing = framingOf(response, envelope);
  if (framing == BodyOutput::Framing::chunked) {
    head += "\r\nTransfer-Encoding: chunked";
  } else if (framing == BodyOutput::Framing::length && !bodiless(response.status)) {
    head += "\r\nContent-Length: ";
    appendNumber(head, response.stream ? *response.stream->length : response.body.size());
  }
  if (!envelope.keepAlive) head += "\r\nConnection: close";
  head += "\r\n\r\n";
  return head;
}

std::string httpDate(int64_t unixSeconds) {
  // Not strftime: its names of days and months follow the locale.
  static const char days[] = "SunMonTueWedThuFriSat";
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  time_t seconds = unixSeconds;
  tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  snprintf(text, sizeof(text), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + utc.tm_wday * 3,
           utc.tm_mday, months + utc.tm_mon * 3, utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
           utc.tm_sec);
  return text;
}

}  // namespace maitred::http
