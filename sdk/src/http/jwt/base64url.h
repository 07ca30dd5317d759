#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace maitred::http {

// Base64 with the alphabet for URLs and without padding, as tokens and keys have it (RFC 7515).
// Strict: one text, one meaning. Nothing for any other character, an impossible length, or bits set
// beyond the last byte.
std::optional<std::string> decodeBase64Url(std::string_view text);

}  // namespace maitred::http
