#pragma once
// Listening sockets: bound by the host before any plugin starts, kept open while workers come and
// go, so that a crash refuses no connection: they wait in the backlog for the next worker.

#include "host/config/config.h"

#include <kj/io.h>

#include <map>
#include <memory>
#include <string>

namespace maitred::host {

// One bound socket. Removes the file of a Unix socket when destroyed.
class ListenSocket {
 public:
  // `address` as in config.h: "127.0.0.1:80", "[::1]:80", "*:80", "unix:/absolute/path". Throws
  // kj::Exception that names the address and the system's reason. A socket file that nobody answers
  // on is replaced.
  explicit ListenSocket(const std::string& address);
  ~ListenSocket();
  KJ_DISALLOW_COPY(ListenSocket);

  int fd() const { return descriptor; }
  // As the system has it: the true port where 0 was asked for.
  const std::string& boundTo() const { return actual; }

 private:
  kj::AutoCloseFd descriptor;
  std::string actual;
  std::string file;
};

// Whether somebody listens on such an address already; never for a Unix socket. Throws if it
// cannot be read.
bool isTaken(const std::string& address);

// By the address, so that a reload which moves an address to another instance takes over the open
// socket; where the port is 0 by instance and name.
using ListenSockets = std::map<std::string, std::shared_ptr<ListenSocket>>;
std::string listenKey(const Instance& instance, const Listener& listener);

// All sockets of a config: those of `former` that fit, the others bound now. What cannot be bound
// is an error at its place in the file; two listeners on one address too.
ListenSockets bindListeners(const LoadedConfig& config, const ListenSockets& former,
                            Diagnostics& diagnostics);

}  // namespace maitred::host
