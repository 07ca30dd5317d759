// The chunked transfer coding.
#include <maitred/http/wire.h>

#include <algorithm>

namespace maitred::http {

namespace {

constexpr size_t maxExtension = 256;   // bytes of extensions of one chunk; nobody needs any

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view ChunkedDecoder::fail(unsigned status, std::string message) {
  state = State::failed;
  problem = WireError{status, std::move(message)};
  return {};
}

std::string_view ChunkedDecoder::next(std::string_view& input) {
  while (!input.empty()) {
    if (state == State::done || state == State::failed) return {};
    if (state == State::data) {
      size_t size = static_cast<size_t>(std::min<uint64_t>(remaining, input.size()));
      std::string_view piece = input.substr(0, size);
      input.remove_prefix(size);
      remaining -= size;
      if (remaining == 0) state = State::dataCr;
      return piece;
    }
    char c = input.front();
    input.remove_prefix(1);
    switch (state) {
      case State::size:
      case State::extension:
        takeSizeLine(c);
        break;
      case State::sizeLf:
        if (c == '\n') startChunk();
        else fail(400, "chunk size: expected CR LF at its end");
        break;
      case State::dataCr:
        if (c == '\r') state = State::dataLf;
        else fail(400, "chunk: longer than its size says");
        break;
      case State::dataLf:
        if (c == '\n') state = State::size, digits = 0;
        else fail(400, "chunk: expected CR LF at its end");
        break;
      default:
        takeTrailer(c);
    }
  }
  return {};
}

void ChunkedDecoder::takeSizeLine(char c) {
  if (c == '\r') {
    if (digits == 0) fail(400, "chunk size: expected hexadecimal digits");
    else state = State::sizeLf;
  } else if (state == State::size && hexDigit(c) >= 0) {
    // 15 digits cannot overflow 64 bits.
    if (++digits > 15) fail(413, "chunk size: too large");
    else remaining = (digits == 1 ? 0 : remaining * 16) + static_cast<uint64_t>(hexDigit(c));
  } else if (state == State::size && (c != ';' || digits == 0)) {
    fail(400, "chunk size: expected hexadecimal digits");
  } else if (state == State::size) {
    state = State::extension;
    lineBytes = 0;
  } else if (++lineBytes > maxExtension) {
    fail(400, "chunk extension: longer than 256 bytes");
  } else if (!validFieldValue({&c, 1})) {
    fail(400, "chunk extension: control characters are not allowed");
  }
}

void ChunkedDecoder::startChunk() {
  if (remaining == 0) {
    state = State::trailer;
    lineBytes = 0;
  } else if (remaining > maxBody - total) {
    fail(413, "the body is longer than " + std::to_string(maxBody) + " bytes");
  } else {
    total += remaining;
    state = State::data;
  }
}

// Trailers end with an empty line. Each must look like a header line, since a proxy before us read
// it as one.
void ChunkedDecoder::takeTrailer(char c) {
  if (++lineBytes > maxTrailer) {
    fail(431, "the trailers are longer than " + std::to_string(maxTrailer) + " bytes");
  } else if (state == State::trailerLf) {
    if (c != '\n') {
      fail(400, "trailer: expected CR LF at its end");
    } else if (trailerLine.empty()) {
      state = State::done;
    } else {
      size_t colon = trailerLine.find(':');
      bool good = colon != trailerLine.npos && validFieldName(trailerLine.substr(0, colon)) &&
                  validFieldValue(trailerLine.substr(colon + 1));
      if (!good) {
        fail(400, "trailer: expected 'Name: value'");
        return;
      }
      trailerLine.clear();
      state = State::trailer;
    }
  } else if (c == '\r') {
    state = State::trailerLf;
  } else if (!validFieldValue({&c, 1})) {
    fail(400, "trailer: control characters are not allowed");
  } else {
    trailerLine.push_back(c);
  }
}

}  // namespace maitred::http
