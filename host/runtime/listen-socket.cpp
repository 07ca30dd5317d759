#include "host/runtime/listen-socket.h"

#include "host/base/failure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <kj/debug.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace maitred::host {
namespace {

constexpr int backlog = 4096;  // the kernel cuts it to net.core.somaxconn

kj::AutoCloseFd openSocket(int family) {
  int fd;
  KJ_SYSCALL(fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return kj::AutoCloseFd(fd);
}

[[noreturn]] void refuse(const std::string& address, int error) {
  kj::StringPtr advice =
      error == EADDRINUSE ? "; end what listens there, or choose another address"
      : error == EACCES   ? "; ports below 1024 and foreign folders need privileges"
                          : "";
  fail("cannot listen on ", address.c_str(), ": ", strerror(error), advice);
}

struct HostPort {
  std::string host, port;
};

HostPort split(const std::string& address) {
  size_t colon = address.rfind(':');
  KJ_REQUIRE(colon != std::string::npos, "a listen address is ADDRESS:PORT", address);
  std::string host = address.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  return {host, address.substr(colon + 1)};
}

bool hasIpv6() {
  kj::AutoCloseFd probe(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return probe.get() >= 0;
}

struct Bound {
  kj::AutoCloseFd fd;
  int error;  // 0: it is bound
};

Bound bindTcp(const std::string& address) {
  auto [host, port] = split(address);
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
  bool any = host == "*" || host.empty();
  // The IPv6 wildcard takes IPv4 too.
  if (any) host = hasIpv6() ? "::" : "0.0.0.0";
  addrinfo* found = nullptr;
  int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) {
    fail("cannot listen on ", address.c_str(), ": ", gai_strerror(error),
         "; write it with numbers, e.g. 127.0.0.1:8080, or *:8080");
  }
  KJ_DEFER(freeaddrinfo(found));
  auto fd = openSocket(found->ai_family);
  int on = 1, off = 0;
  KJ_SYSCALL(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
  if (any && found->ai_family == AF_INET6) {
    KJ_SYSCALL(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off));
  }
  int failed = bind(fd, found->ai_addr, found->ai_addrlen);
  return {kj::mv(fd), failed == 0 ? 0 : errno};
}

kj::AutoCloseFd listenTcp(const std::string& address) {
  auto bound = bindTcp(address);
  if (bound.error != 0) refuse(address, bound.error);
  if (listen(bound.fd, backlog) != 0) refuse(address, errno);
  return kj::mv(bound.fd);
}

kj::AutoCloseFd listenUnix(const std::string& path) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  KJ_REQUIRE(path.size() < sizeof name.sun_path, "the path of a socket has at most 107 bytes",
             path);
  memcpy(name.sun_path, path.data(), path.size());
  auto* generic = reinterpret_cast<sockaddr*>(&name);
  struct stat info;
  if (lstat(path.c_str(), &info) == 0) {
    KJ_REQUIRE(S_ISSOCK(info.st_mode), "there is a file, and no socket, in place of the socket",
               path);
    auto probe = openSocket(AF_UNIX);
    KJ_REQUIRE(connect(probe, generic, sizeof name) != 0 && errno == ECONNREFUSED,
               "somebody else listens on this socket", path);
    unlink(path.c_str());
  }
  auto fd = openSocket(AF_UNIX);
  bool listens = bind(fd, generic, sizeof name) == 0 && listen(fd, backlog) == 0;
  int error = errno;
  if (!listens) refuse("unix:" + path, error);
  return fd;
}

std::string describe(int fd) {
  sockaddr_storage name = {};
  socklen_t size = sizeof name;
  char host[INET6_ADDRSTRLEN] = "", port[8] = "";
  auto* generic = reinterpret_cast<sockaddr*>(&name);
  KJ_SYSCALL(getsockname(fd, generic, &size));
  KJ_REQUIRE(getnameinfo(generic, size, host, sizeof host, port, sizeof port,
                         NI_NUMERICHOST | NI_NUMERICSERV) == 0);
  bool six = name.ss_family == AF_INET6;
  return (six ? "[" : "") + std::string(host) + (six ? "]:" : ":") + port;
}

bool isUnix(const std::string& address) {
  return address.rfind("unix:", 0) == 0;
}

}  // namespace

ListenSocket::ListenSocket(const std::string& address) {
  if (isUnix(address)) {
    file = address.substr(5);
    descriptor = listenUnix(file);
    actual = address;
  } else {
    descriptor = listenTcp(address);
    actual = describe(descriptor);
  }
}

ListenSocket::~ListenSocket() {
  if (!file.empty() && descriptor.get() >= 0) unlink(file.c_str());
}

bool isTaken(const std::string& address) {
  return !isUnix(address) && bindTcp(address).error == EADDRINUSE;
}

std::string listenKey(const Instance& instance, const Listener& listener) {
  const auto& address = listener.address;
  bool chosenBySystem = address.size() > 2 && address.compare(address.size() - 2, 2, ":0") == 0;
  return chosenBySystem ? address + " " + instance.name + "." + listener.name : address;
}

ListenSockets bindListeners(const LoadedConfig& config, const ListenSockets& former,
                            Diagnostics& diagnostics) {
  ListenSockets sockets;
  for (const auto& instance : config.instances()) {
    for (const auto& listener : instance.listeners) {
      if (listener.address.empty()) continue;
      ConfigPath path{"plugins", std::to_string(instance.index), "listen", listener.name};
      auto place =
          listener.fromDefault ? config.locate(instance) : config.sources().locateKey(path);
      auto key = listenKey(instance, listener);
      if (sockets.count(key)) {
        diagnostics.error("listen-twice", place,
                          "two listeners have the address " + listener.address,
                          "give each an address of its own");
        continue;
      }
      if (auto open = former.find(key); open != former.end()) {
        sockets.insert(*open);
        continue;
      }
      KJ_IF_MAYBE (why, kj::runCatchingExceptions([&]() {
                     sockets[key] = std::make_shared<ListenSocket>(listener.address);
                   })) {
        sockets.erase(key);
        diagnostics.error("listen", place,
                          "listener '" + listener.name + "' of '" + instance.name +
                              "': " + why->getDescription().cStr());
      }
    }
  }
  return sockets;
}

}  // namespace maitred::host
