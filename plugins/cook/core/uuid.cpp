#include "uuid.h"

namespace maitred::cook {
namespace {

constexpr std::string_view DIGITS = "0123456789abcdef";

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool isDash(std::size_t position) {
  return position == 8 || position == 13 || position == 18 || position == 23;
}

}  // namespace

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  int nibbles = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (isDash(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    int value = digit(text[i]);
    if (value < 0) return std::nullopt;
    std::uint64_t& half = nibbles < 16 ? id.high : id.low;
    half = half << 4 | static_cast<std::uint64_t>(value);
    ++nibbles;
  }
  return id;
}

Uuid Uuid::fromRandom(std::uint64_t high, std::uint64_t low) {
  return {(high & ~0xf000ull) | 0x4000ull, (low & 0x3fffffffffffffffull) | 0x8000000000000000ull};
}

std::string Uuid::text() const {
  std::string out(36, '-');
  int nibble = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (isDash(i)) continue;
    std::uint64_t half = nibble < 16 ? high : low;
    out[i] = DIGITS[half >> (60 - 4 * (nibble % 16)) & 0xf];
    ++nibble;
  }
  return out;
}

}  // namespace maitred::cook
