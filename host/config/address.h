#pragma once
// Addresses that the host binds: syntax only, nothing is resolved.

#include <string>

namespace maitred::host {

// `127.0.0.1:80`, `[::1]:80`, `localhost:80` (which is 127.0.0.1), `*:80`, `unix:PATH`. Empty if
// well formed, otherwise what is wrong: "has no port". What passes can be bound as far as its form
// goes: other host names do not.
std::string addressFault(const std::string& address);

// A Unix socket's path is limited by the system, terminator included, to 108 bytes.
constexpr size_t longestSocketPath = 107;

// Whether two listeners with these addresses cannot both be bound. Port 0 is a free port each time.
bool sameAddress(const std::string& a, const std::string& b);

}  // namespace maitred::host
