#include "event-socket.h"

#include <maitred/async.h>

#include <capnp/serialize.h>
#include <kj/debug.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace maitred::local {

namespace {

constexpr size_t EVENT_MAX = 16 * 1024;
constexpr int EVENTS_A_TURN = 200;   // then others on the loop have their turn

kj::AutoCloseFd bindEvents(int folder) {
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  KJ_REQUIRE(fd >= 0, "cannot make a socket", strerror(errno));
  kj::AutoCloseFd owned(fd);
  unlinkat(folder, "events", 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/events", folder);
  // Only our own account may tell us how tasks end.
  mode_t before = umask(0177);
  int result = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  int error = errno;
  umask(before);
  KJ_REQUIRE(result == 0, "cannot bind the socket `events` in the work folder", strerror(error));
  return owned;
}

}  // namespace

EventSocket::EventSocket(kj::UnixEventPort& port, int folder)
    : fd(bindEvents(folder)),
      observer(port, fd, kj::UnixEventPort::FdObserver::OBSERVE_READ) {}

kj::Promise<void> EventSocket::receive(kj::Function<void(ShimEvent::Reader)> take) {
  return [](EventSocket& self, kj::Function<void(ShimEvent::Reader)> take) -> Async<void> {
    auto words = kj::heapArray<capnp::word>(EVENT_MAX / sizeof(capnp::word));
    for (int count = 0;;) {
      ssize_t n = recv(self.fd, words.begin(), words.asBytes().size(), 0);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        KJ_REQUIRE(errno == EAGAIN, "the socket for events is broken", strerror(errno));
        co_await self.observer.whenBecomesReadable();
        continue;
      }
      KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&]() {
                     capnp::FlatArrayMessageReader reader(
                         words.slice(0, size_t(n) / sizeof(capnp::word)));
                     take(reader.getRoot<ShimEvent>());
                   })) {
        KJ_LOG(WARNING, "an event from a shim could not be understood", *exception);
      }
      if (++count % EVENTS_A_TURN == 0) co_await kj::evalLast([]() {});
    }
  }(*this, kj::mv(take));
}

}  // namespace maitred::local
