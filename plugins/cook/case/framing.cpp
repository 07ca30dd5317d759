#include "framing.h"

#include <boost/crc.hpp>

#include <capnp/serialize-packed.h>

#include <algorithm>

namespace maitred::cook {
namespace {

std::uint32_t checksum(std::string_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

void append(std::string& bytes, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(number >> shift));
}

std::uint32_t numberAt(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (int i = 3; i >= 0; --i) {
    number = number << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  }
  return number;
}

bool onlyZeros(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

// Packs right behind what is there.
class StringStream final : public kj::OutputStream {
 public:
  explicit StringStream(std::string& bytes) : bytes(bytes) {}
  void write(const void* data, std::size_t size) override {
    bytes.append(static_cast<const char*>(data), size);
  }

 private:
  std::string& bytes;
};

}  // namespace

std::string casePreamble() {
  std::string bytes(CASE_MAGIC);
  append(bytes, CASE_FORMAT);
  append(bytes, checksum(bytes));
  return bytes;
}

void appendFrame(std::string& bytes, capnp::MessageBuilder& message) {
  std::size_t begin = bytes.size();
  bytes.append(CASE_FRAME_HEAD, 0);
  {
    StringStream stream(bytes);
    capnp::writePackedMessage(stream, message);
  }
  std::string_view body = std::string_view(bytes).substr(begin + CASE_FRAME_HEAD);
  if (body.size() > CASE_BODY_MOST) throw std::length_error("a record of the case file is too big");
  std::string head;
  append(head, static_cast<std::uint32_t>(body.size()));
  append(head, checksum(body));
  append(head, checksum(head));
  bytes.replace(begin, CASE_FRAME_HEAD, head);
}

FrameReader::FrameReader(std::string nameIn, std::string_view bytes)
    : name(std::move(nameIn)), bytes(bytes) {
  if (bytes.size() < CASE_PREAMBLE && casePreamble().starts_with(bytes)) {
    torn_ = bytes.size();
    this->bytes = {};
    at = 0;
    return;
  }
  if (bytes.size() < CASE_PREAMBLE || !bytes.starts_with(CASE_MAGIC)) {
    throw CaseDamage(name + ": is no case file: it does not begin with " +
                     std::string(CASE_MAGIC));
  }
  if (numberAt(bytes, 12) != checksum(bytes.substr(0, 12))) {
    throw CaseDamage(name + ": its first bytes are damaged: their checksum is wrong");
  }
  std::uint32_t format = numberAt(bytes, 8);
  if (format == 0 || format > CASE_FORMAT) {
    throw CaseDamage(name + ": has format " + std::to_string(format) +
                     ", this maitred reads formats up to " + std::to_string(CASE_FORMAT) +
                     ": read it with the version that wrote it, or a later one");
  }
}

std::string FrameReader::place(const Frame& frame) const {
  return name + ": record " + std::to_string(frame.number) + " at offset " +
         std::to_string(frame.offset);
}

std::nullopt_t FrameReader::tornHere() {
  torn_ += bytes.size() - at;
  at = bytes.size();
  return std::nullopt;
}

std::optional<FrameReader::Frame> FrameReader::next() {
  std::size_t left = bytes.size() - at;
  if (left < CASE_FRAME_HEAD) return tornHere();
  Frame frame{count + 1, at, {}};
  if (numberAt(bytes, at + 8) != checksum(bytes.substr(at, 8))) {
    if (onlyZeros(bytes.substr(at))) return tornHere();
    throw CaseDamage(place(frame) + " is damaged: the checksum of its head is wrong");
  }
  std::size_t size = numberAt(bytes, at);
  if (size > CASE_BODY_MOST) {
    throw CaseDamage(place(frame) + " is said to have " + std::to_string(size) + " bytes, " +
                     std::to_string(CASE_BODY_MOST) + " are the most");
  }
  if (size > left - CASE_FRAME_HEAD) return tornHere();
  frame.body = bytes.substr(at + CASE_FRAME_HEAD, size);
  if (numberAt(bytes, at + 4) != checksum(frame.body)) {
    // The last one may have been written in part, whatever size the file has.
    if (size == left - CASE_FRAME_HEAD) return tornHere();
    throw CaseDamage(place(frame) + " is damaged: the checksum of its " + std::to_string(size) +
                     " bytes is wrong");
  }
  ++count;
  at += CASE_FRAME_HEAD + size;
  return frame;
}

}  // namespace maitred::cook
