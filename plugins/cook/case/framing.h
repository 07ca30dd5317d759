#pragma once
// The bytes of a case file: a preamble, then frames, one for each record.
//
//   preamble: 8 bytes "MTRDCASE", the format's version, a checksum of these 12 bytes
//   frame:    the size of the body, a checksum of the body, a checksum of these 8 bytes, the body
//
// Numbers are 32 bits, little-endian; checksums are CRC-32 (as in zlib); a body is a Record of
// case.capnp in Cap'n Proto's packed encoding. So a reader can tell a tail that was torn off, where
// a frame ends too early or there are only zeros, from a byte that was changed.

#include <kj/common.h>

#include <capnp/message.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace maitred::cook {

inline constexpr std::uint32_t CASE_FORMAT = 1;
inline constexpr std::string_view CASE_MAGIC = "MTRDCASE";
inline constexpr std::size_t CASE_PREAMBLE = 16;   // bytes
inline constexpr std::size_t CASE_FRAME_HEAD = 12;  // bytes
inline constexpr std::size_t CASE_BODY_MOST = 64 << 20;

std::string casePreamble();
// Appends the message as one frame.
void appendFrame(std::string& bytes, capnp::MessageBuilder& message);

// Why a file cannot be read on; the text says where.
struct CaseDamage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Cuts a file into bodies. `name` stands in messages; the bytes must outlive it.
class FrameReader {
 public:
  // Throws CaseDamage if it is no case file, or one of a newer format.
  FrameReader(std::string name, std::string_view bytes);

  struct Frame {
    std::uint64_t number;  // in the file, from 1 on
    std::uint64_t offset;  // of its head
    std::string_view body;
  };
  // Nothing: the end, or a torn tail. Throws CaseDamage where bytes were changed.
  std::optional<Frame> next();
  // How many bytes at the end are no whole frame; known at the end.
  std::size_t torn() const { return torn_; }
  // "FILE: record 7 at offset 1234"
  std::string place(const Frame& frame) const;

 private:
  std::string name;
  std::string_view bytes;
  std::size_t at = CASE_PREAMBLE;
  std::uint64_t count = 0;
  std::size_t torn_ = 0;

  std::nullopt_t tornHere();
};

}  // namespace maitred::cook
