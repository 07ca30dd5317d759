#pragma once
// Where shims' datagrams arrive: <work folder>/events, so that those of an earlier life find us
// too.

#include "record.capnp.h"

#include <kj/async-unix.h>
#include <kj/function.h>
#include <kj/io.h>

namespace maitred::local {

class EventSocket {
 public:
  // Binds it, replacing the one of an earlier life. `folder` stays the caller's.
  EventSocket(kj::UnixEventPort& port, int folder);

  // Hands over each event; rejects only if the socket breaks. Call it once.
  kj::Promise<void> receive(kj::Function<void(ShimEvent::Reader)> take);

 private:
  kj::AutoCloseFd fd;
  kj::UnixEventPort::FdObserver observer;
};

}  // namespace maitred::local
