#pragma once
// Well-formed UTF-8, by table 3-7 of the Unicode standard: no overlong forms, no surrogates,
// nothing beyond the last code point.

#include <cstddef>
#include <string_view>

namespace maitred {

// Bytes of the character at the front of `text`, which is not empty; 0 if there is none that is
// whole and well-formed.
inline size_t utf8Length(std::string_view text) {
  auto tail = [&](size_t at, unsigned low = 0x80, unsigned high = 0xbf) {
    unsigned char byte = at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
    return byte >= low && byte <= high;
  };
  unsigned char c = static_cast<unsigned char>(text[0]);
  if (c < 0x80) return 1;
  if (c >= 0xc2 && c <= 0xdf) return tail(1) ? 2 : 0;
  if (c >= 0xe0 && c <= 0xef) {
    unsigned low = c == 0xe0 ? 0xa0 : 0x80, high = c == 0xed ? 0x9f : 0xbf;
    return tail(1, low, high) && tail(2) ? 3 : 0;
  }
  if (c >= 0xf0 && c <= 0xf4) {
    unsigned low = c == 0xf0 ? 0x90 : 0x80, high = c == 0xf4 ? 0x8f : 0xbf;
    return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

// Position of the first byte that does not belong to well-formed UTF-8; npos if there is none.
inline size_t invalidUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    size_t length = utf8Length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

}  // namespace maitred
