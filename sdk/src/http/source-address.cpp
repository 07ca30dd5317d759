// Where a connection comes from, and sets of such addresses.
#include "source-address.h"

#include <kj/debug.h>
#include <kj/exception.h>

#include <maitred/http/auth.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>

namespace maitred::http {

namespace {

using Bytes = std::array<unsigned char, 16>;

Bytes mapped(const in_addr& v4) {
  Bytes bytes{};
  bytes[10] = bytes[11] = 0xff;
  std::memcpy(bytes.data() + 12, &v4, 4);
  return bytes;
}

// The address, and how many bits its family adds in front (96 for IPv4).
std::optional<std::pair<Bytes, unsigned>> parseIp(const std::string& text) {
  in_addr v4;
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return std::pair(mapped(v4), 96u);
  in6_addr v6;
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return std::nullopt;
  Bytes bytes;
  std::memcpy(bytes.data(), &v6, 16);
  return std::pair(bytes, 0u);
}

bool sameNetwork(const Bytes& a, const Bytes& b, unsigned bits) {
  unsigned whole = bits / 8, rest = bits % 8;
  if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

RemoteAddress fromSocket(const sockaddr_storage& storage) {
  RemoteAddress remote;
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    remote.port = ntohs(v4.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, text, sizeof(text));
    } else {
      inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    }
    remote.port = ntohs(v6.sin6_port);
  } else {
    bool local = storage.ss_family == AF_UNIX;
    remote.kind = local ? RemoteAddress::Kind::unixSocket : RemoteAddress::Kind::unknown;
    remote.host = local ? "unix" : "unknown";
    return remote;
  }
  remote.kind = RemoteAddress::Kind::ip;
  remote.host = text;
  return remote;
}

}  // namespace

RemoteAddress remoteOf(kj::AsyncIoStream& stream) {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNSPEC;
  // Throws for streams that are no sockets, and for sockets whose peer has gone already.
  auto failure = kj::runCatchingExceptions([&]() {
    kj::uint length = sizeof(storage);
    stream.getpeername(reinterpret_cast<sockaddr*>(&storage), &length);
  });
  if (failure != nullptr) storage.ss_family = AF_UNSPEC;
  return fromSocket(storage);
}

AddressSet AddressSet::parse(const std::vector<std::string>& entries) {
  AddressSet set;
  for (auto& entry : entries) {
    if (entry == "unix") {
      set.unixSockets = true;
      continue;
    }
    size_t slash = entry.find('/');
    auto ip = parseIp(entry.substr(0, slash));
    unsigned bits = 128;
    bool good = ip.has_value();
    if (good && slash != entry.npos) {
      std::string digits = entry.substr(slash + 1);
      good = !digits.empty() && digits.size() <= 3 &&
             digits.find_first_not_of("0123456789") == digits.npos;
      if (good) bits = ip->second + static_cast<unsigned>(std::stoul(digits));
    }
    KJ_REQUIRE(good && bits <= 128,
               "expected an address (10.0.0.7), a network (10.0.0.0/8) or unix", entry.c_str());
    set.networks.push_back({ip->first, bits});
  }
  return set;
}

bool AddressSet::contains(const RemoteAddress& address) const {
  if (address.kind == RemoteAddress::Kind::unixSocket) return unixSockets;
  if (address.kind != RemoteAddress::Kind::ip) return false;
  auto ip = parseIp(address.host);
  if (!ip) return false;
  for (auto& network : networks) {
    if (sameNetwork(ip->first, network.bytes, network.bits)) return true;
  }
  return false;
}

}  // namespace maitred::http
