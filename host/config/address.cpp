#include "address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace maitred::host {

namespace {

// Four numbers and dots, which must then be an address.
bool looksNumeric(const std::string& host) {
  return std::all_of(host.begin(), host.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0 || c == '.'; });
}

std::string portFault(const std::string& port) {
  unsigned value = 0;
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (port.empty()) return "has no port";
  if (error != std::errc() || end != port.data() + port.size() || value > 65535) {
    return "has no valid port (0..65535)";
  }
  return "";
}

}  // namespace

std::string addressFault(const std::string& address) {
  if (address.starts_with("unix:")) return address.size() == 5 ? "names no socket" : "";
  if (address.starts_with('[')) {
    size_t close = address.find(']');
    if (close == std::string::npos) return "has an unclosed [";
    in6_addr parsed;
    if (inet_pton(AF_INET6, address.substr(1, close - 1).c_str(), &parsed) != 1)
      return "has no valid IPv6 address";
    if (close + 1 >= address.size() || address[close + 1] != ':') return "has no port";
    return portFault(address.substr(close + 2));
  }
  size_t colon = address.rfind(':');
  if (colon == std::string::npos) return "has no port";
  std::string host = address.substr(0, colon);
  if (host.find(':') != std::string::npos) return "needs brackets around its IPv6 address";
  in_addr parsed;
  if (host != "*" && host != "localhost" && inet_pton(AF_INET, host.c_str(), &parsed) != 1) {
    if (looksNumeric(host)) return "has no valid host";
    return "names a host; names are not looked up here, write one of this machine's addresses, "
           "localhost, or * for all";
  }
  return portFault(address.substr(colon + 1));
}

bool sameAddress(const std::string& a, const std::string& b) {
  if (a.starts_with("unix:") || b.starts_with("unix:")) return a == b;
  size_t colonA = a.rfind(':'), colonB = b.rfind(':');
  if (colonA == std::string::npos || colonB == std::string::npos) return false;
  std::string portA = a.substr(colonA + 1), portB = b.substr(colonB + 1);
  if (portA != portB || portA == "0") return false;
  auto hostOf = [](const std::string& address, size_t colon) {
    std::string host = address.substr(0, colon);
    return host == "localhost" ? "127.0.0.1" : host;
  };
  std::string hostA = hostOf(a, colonA), hostB = hostOf(b, colonB);
  return hostA == hostB || hostA == "*" || hostB == "*";
}

}  // namespace maitred::host
