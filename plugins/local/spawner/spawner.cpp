#include "spawner.h"

#include "wire.h"

#include <maitred/async.h>

#include <capnp/serialize.h>
#include <kj/debug.h>

#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace maitred::local {

Spawner::Spawner(kj::LowLevelAsyncIoProvider& io, Observer& observer, int starting)
    : observer(observer) {
  int ends[2];
  KJ_SYSCALL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
  kj::AutoCloseFd ours(ends[0]);
  kj::AutoCloseFd theirs(ends[1]);
  KJ_SYSCALL(pid = fork());
  if (pid == 0) spawnerMain(theirs.get(), starting);
  stream = io.wrapSocketFd(kj::mv(ours), kj::LowLevelAsyncIoProvider::ALREADY_CLOEXEC);
  reading = readReports().eagerlyEvaluate([this](kj::Exception&& exception) {
    this->observer.spawnerLost(kj::mv(exception));
  });
}

Spawner::~Spawner() noexcept(false) {
  // It leaves as soon as it sees the end of the socket. Only this child is reaped, by its pid.
  reading = kj::READY_NOW;
  writing = kj::READY_NOW;
  stream = nullptr;
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {}
}

void Spawner::send(kj::Array<kj::byte> bytes) {
  queue.push_back(kj::mv(bytes));
  if (pumping) return;
  pumping = true;
  // A write that fails means that the spawner is gone; the reading side tells.
  writing = pump().eagerlyEvaluate([](kj::Exception&&) {});
}

kj::Promise<void> Spawner::pump() {
  if (queue.empty()) {
    pumping = false;
    return kj::READY_NOW;
  }
  auto bytes = kj::mv(queue.front());
  queue.pop_front();
  auto written = stream->write(bytes.begin(), bytes.size());
  return written.attach(kj::mv(bytes)).then([this]() { return pump(); });
}

void Spawner::launch(capnp::MessageBuilder& launch) {
  auto words = capnp::messageToFlatArray(launch);
  auto body = words.asBytes();
  SpawnerOrder order{SpawnerOrder::launch, uint32_t(body.size()),
                     launch.getRoot<Launch>().getToken(), 0, 0};
  auto bytes = kj::heapArray<kj::byte>(sizeof(order) + body.size());
  memcpy(bytes.begin(), &order, sizeof(order));
  memcpy(bytes.begin() + sizeof(order), body.begin(), body.size());
  send(kj::mv(bytes));
}

void Spawner::signal(uint64_t token, int number, int value) {
  SpawnerOrder order{SpawnerOrder::signal, 0, token, number, value};
  auto bytes = kj::heapArray<kj::byte>(sizeof(order));
  memcpy(bytes.begin(), &order, sizeof(order));
  send(kj::mv(bytes));
}

kj::Promise<void> Spawner::readReports() {
  return [](Spawner& self) -> Async<void> {
    for (;;) {
      SpawnerReport report;
      co_await self.stream->read(&report, sizeof(report));
      switch (report.kind) {
        case SpawnerReport::spawned: self.observer.shimSpawned(report.token, report.value); break;
        case SpawnerReport::failed: self.observer.shimFailed(report.token, report.value); break;
        case SpawnerReport::gone: self.observer.shimGone(report.token, report.value); break;
      }
    }
  }(*this);
}

}  // namespace maitred::local
