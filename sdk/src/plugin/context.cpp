#include "context-impl.h"

#include <kj/debug.h>

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace maitred {

Context::Context(Surroundings surroundings) : impl(kj::heap<Impl>(kj::mv(surroundings))) {}
Context::~Context() noexcept(false) = default;

kj::StringPtr Context::instance() const {
  return impl->surroundings.instance.c_str();
}
kj::StringPtr Context::stateDirectory() const {
  return impl->surroundings.stateDirectory.c_str();
}
const std::vector<std::string>& Context::policyPath() const {
  return impl->surroundings.policyPath;
}

kj::Timer& Context::timer() {
  return impl->surroundings.io.getTimer();
}
const kj::Clock& Context::clock() {
  return kj::systemPreciseCalendarClock();
}
kj::LowLevelAsyncIoProvider& Context::lowLevelIo() {
  return impl->surroundings.lowLevelIo;
}
kj::AsyncIoProvider& Context::io() {
  return impl->surroundings.io;
}
kj::UnixEventPort& Context::events() {
  return impl->surroundings.events;
}

kj::Maybe<int> Context::listenerFd(kj::StringPtr name) const {
  for (auto& [key, fd] : impl->surroundings.listeners) {
    if (name == key.c_str()) return fd;
  }
  return nullptr;
}

bool Context::hasListener(kj::StringPtr name) const {
  return listenerFd(name) != nullptr;
}

kj::Own<kj::ConnectionReceiver> Context::listener(kj::StringPtr name) {
  KJ_IF_MAYBE (fd, listenerFd(name)) {
    int own;
    KJ_SYSCALL(own = fcntl(*fd, F_DUPFD_CLOEXEC, 3));
    return impl->surroundings.lowLevelIo.wrapListenSocketFd(
        own,
        kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP | kj::LowLevelAsyncIoProvider::ALREADY_CLOEXEC);
  }
  KJ_FAIL_REQUIRE("the config of this instance binds no such listener; add it under `listen:`",
                  name);
}

log::Logger& Context::log() {
  return impl->logger;
}
metrics::Registry& Context::metrics() {
  return impl->registry;
}

plugin::Host::Client Context::host() {
  KJ_IF_MAYBE (host, impl->host) return *host;
  KJ_FAIL_REQUIRE("the host's services are available from start() on");
}

void Context::provideUntyped(uint64_t interfaceId, capnp::Capability::Client client) {
  impl->provided.add(Impl::Provided{interfaceId, kj::mv(client)});
}

}  // namespace maitred
