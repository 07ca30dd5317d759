#pragma once
// Exceptions whose text is made at run time and goes to operators as it is; KJ's macros would put
// the expression in front of it.

#include <kj/exception.h>
#include <kj/string.h>

namespace maitred::host {

template <typename... Params>
kj::Exception failure(kj::Exception::Type type, Params&&... params) {
  return kj::Exception(type, __FILE__, __LINE__, kj::str(kj::fwd<Params>(params)...));
}

template <typename... Params>
[[noreturn]] void fail(Params&&... params) {
  kj::throwFatalException(failure(kj::Exception::Type::FAILED, kj::fwd<Params>(params)...));
}

}  // namespace maitred::host
