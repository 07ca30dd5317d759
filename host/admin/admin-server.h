#pragma once
// AdminServer: maitred::admin::Admin on a Unix socket.
//
// The socket file has mode 0600; each peer is asked for its credentials at accept, and anybody but
// the host's own user and root is shown the door. A socket file that nobody answers on is replaced;
// one on which another host answers is an error.

#include "control.h"

#include <kj/async-io.h>
#include <kj/memory.h>

#include <string>

namespace maitred::host {

class Logs;

class AdminServer {
 public:
  // Binds and serves at once; throws kj::Exception with a sentence if the path is too long for a
  // socket (107 bytes), if another host answers there, or if the folder cannot be written.
  // Everything referred to must outlive the server. Removes the socket file when destroyed.
  AdminServer(std::string path, Control& control, Logs& logs, kj::LowLevelAsyncIoProvider& io);
  ~AdminServer() noexcept(false);
  KJ_DISALLOW_COPY(AdminServer);

  // The same capability without a socket, and one connection that is there already, with the limits
  // of the socket's: resolves at its end. For tests.
  static admin::Admin::Client make(Control& control, Logs& logs);
  static kj::Promise<void> serve(kj::Own<kj::AsyncIoStream> connection,
                                 admin::Admin::Client service);

 private:
  struct Impl;
  kj::Own<Impl> impl;
};

}  // namespace maitred::host
