#include "spawner.h"

#include <maitred/async.h>

#include <capnp/serialize.h>
#include <kj/debug.h>
#include <kj/vector.h>

#include <array>
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
  reading = readReports().eagerlyEvaluate(
      [this](kj::Exception&& exception) { this->observer.spawnerLost(kj::mv(exception)); });
}

Spawner::~Spawner() noexcept(false) {
  // It leaves as soon as it sees the end of the socket. Only this child is reaped, by its pid.
  reading = kj::READY_NOW;
  writing = kj::READY_NOW;
  stream = nullptr;
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
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
  // All that has come together goes in one call.
  constexpr size_t MOST = 256;
  kj::Vector<kj::Array<kj::byte>> bytes;
  kj::Vector<kj::ArrayPtr<const kj::byte>> pieces;
  while (!queue.empty() && bytes.size() < MOST) {
    pieces.add(queue.front());
    bytes.add(kj::mv(queue.front()));
    queue.pop_front();
  }
  auto list = pieces.releaseAsArray();
  auto written = stream->write(list);
  return written.attach(kj::mv(bytes), kj::mv(list)).then([this]() { return pump(); });
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
    std::array<SpawnerReport, 64> reports;
    auto* bytes = reinterpret_cast<kj::byte*>(reports.data());
    for (size_t have = 0;;) {
      // At least the rest of one, and what else is there.
      size_t n = co_await self.stream->tryRead(bytes + have, sizeof(SpawnerReport) - have,
                                               sizeof(reports) - have);
      have += n;
      KJ_REQUIRE(have >= sizeof(SpawnerReport), "it has closed its socket");
      size_t whole = have / sizeof(SpawnerReport);
      for (size_t i = 0; i < whole; ++i) self.tell(reports[i]);
      have -= whole * sizeof(SpawnerReport);
      memmove(bytes, bytes + whole * sizeof(SpawnerReport), have);
    }
  }(*this);
}

void Spawner::tell(const SpawnerReport& report) {
  if (report.kind == SpawnerReport::failed) observer.shimFailed(report.token, report.value);
  if (report.kind == SpawnerReport::gone) observer.shimGone(report.token, report.value);
}

}  // namespace maitred::local
