// An incarnation in a process of its own.
#include "host/log/logs.h"
#include "host/runtime/incarnation.h"
#include "host/runtime/spawn.h"

#include <capnp/rpc-twoparty.h>
#include <fcntl.h>
#include <kj/debug.h>
#include <maitred/async.h>
#include <maitred/gathered-stream.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

namespace maitred::host {
namespace {

// A grandchild may keep the pipe of a dead worker open; its lines are not waited for longer than
// this.
constexpr kj::Duration lastLinesWait = 200 * kj::MILLISECONDS;

struct Pair {
  kj::AutoCloseFd ours, theirs;
};

Pair socketPair() {
  int fds[2];
  KJ_SYSCALL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  return {kj::AutoCloseFd(fds[0]), kj::AutoCloseFd(fds[1])};
}

Pair outputPipe() {
  int fds[2];
  KJ_SYSCALL(pipe2(fds, O_CLOEXEC));
  return {kj::AutoCloseFd(fds[0]), kj::AutoCloseFd(fds[1])};
}

class WorkerIncarnation final : public Incarnation {
 public:
  WorkerIncarnation(const Launch& launch, LoopIo io, InstanceLog& log)
      : WorkerIncarnation(launch, io, log, socketPair(), outputPipe()) {}

  plugin::Plugin::Client plugin() override {
    return KJ_REQUIRE_NONNULL(client)->bootstrap().castAs<plugin::Plugin>();
  }

  kj::Promise<std::string> whenGone() override { return gone(); }

  void hangUp() override {
    client = nullptr;
    stream = nullptr;
  }
  void signal(int number) override { child.signal(number); }
  uint32_t pid() const override { return static_cast<uint32_t>(child.pid()); }
  uint64_t memory() const override { return child.residentBytes(); }

 private:
  WorkerIncarnation(const Launch& launch, LoopIo io, InstanceLog& log, Pair rpc, Pair output)
      : log(log),
        timer(io.provider.getTimer()),
        child(workerOptions(launch, rpc.theirs, output.theirs), io.events),
        lines(io.lowLevel.wrapInputFd(kj::mv(output.ours))),
        stream(gathered(io.lowLevel.wrapSocketFd(kj::mv(rpc.ours)))),
        reading(readLines().promise().eagerlyEvaluate(nullptr).fork()) {
    client = kj::heap<capnp::TwoPartyClient>(*stream);
  }

  Async<void> readLines() {
    auto buffer = kj::heapArray<char>(16 * 1024);
    for (;;) {
      size_t size = co_await lines->tryRead(buffer.begin(), 1, buffer.size());
      if (size == 0) break;
      log.feed({buffer.begin(), size});
    }
    log.endOfInput();
  }

  Async<std::string> gone() {
    std::string how = co_await child.whenEnded();
    co_await reading.addBranch()
        .catch_([](kj::Exception&&) {})
        .exclusiveJoin(timer.afterDelay(lastLinesWait));
    co_return how;
  }

  InstanceLog& log;
  kj::Timer& timer;
  ChildProcess child;
  kj::Own<kj::AsyncInputStream> lines;
  kj::Own<kj::AsyncIoStream> stream;
  kj::Maybe<kj::Own<capnp::TwoPartyClient>> client;
  kj::ForkedPromise<void> reading;
};

}  // namespace

ProcessOptions workerOptions(const Launch& launch, int rpc, int output) {
  ProcessOptions options{launch.executable, {}, output, {rpc}};
  options.arguments = {"maitred",       "worker",
                       "--library",     launch.library,
                       "--instance",    launch.instance,
                       "--state",       launch.stateDirectory,
                       "--policy-path", launch.policyPath,
                       "--log-level",   launch.logLevel,
                       "--parent",      std::to_string(getpid()),
                       "--rpc",         "3"};
  for (const auto& [name, fd] : launch.listeners) {
    options.arguments.push_back("--listen");
    options.arguments.push_back(name + "=" + std::to_string(3 + options.descriptors.size()));
    options.descriptors.push_back(fd);
  }
  return options;
}

kj::Own<Incarnation> startWorker(const Launch& launch, LoopIo io, InstanceLog& log) {
  return kj::heap<WorkerIncarnation>(launch, io, log);
}

}  // namespace maitred::host
