#pragma once
#include <capnp/blob.h>

#include <string>

namespace maitred::http {

// A text of a message as a string of its own.
inline std::string text(capnp::Text::Reader value) {
  return {value.begin(), value.size()};
}

}  // namespace maitred::http
