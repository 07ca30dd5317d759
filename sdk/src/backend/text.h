#pragma once
// Between our strings and Cap'n Proto's.

#include <capnp/blob.h>
#include <kj/string.h>

#include <string>

namespace maitred::backend {

inline kj::StringPtr ptr(const std::string& text) {
  return kj::StringPtr(text.c_str(), text.size());
}
inline std::string str(capnp::Text::Reader text) {
  return std::string(text.cStr(), text.size());
}

}  // namespace maitred::backend
